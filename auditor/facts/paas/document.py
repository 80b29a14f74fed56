"""The table of services as a document: `python -m auditor.facts.paas.document > docs/network-exposure.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from auditor.facts.paas.model import ANY, Filter, Service, Switch
from auditor.facts.paas.services import SERVICES

_HEAD = """\
# From which networks a service can be reached

Every service with a public endpoint says in its own way who may reach it, and each has its own default for what is left
out. `facts.paas_exposure` brings all of them into one form, which the rules of the topic `private-link` judge:

| `exposure` | meaning |
|---|---|
| `all-networks` | every address reaches the endpoint |
| `selected-networks` | the listed addresses, subnets, trusted services and resource instances do |
| `private-only` | private endpoints do, or the virtual network that the service lies in |

`public_addresses` counts the public IPv4 addresses that get in, each once. `wide` says that these are at least a
sixteenth of all, however many ranges they were written as; rules take that for open. `all_azure` is the rule that lets
in every customer of Azure. Being reachable is not being let in: keys, tokens and passwords come after.

A network security perimeter that is enforced around a service, or that the service leaves the decision to
(`SecuredByPerimeter`), decides instead of the service's own rules; in transition it adds to them
([which rules count](https://learn.microsoft.com/azure/private-link/network-security-perimeter-transition)).
What was not read (a child resource, an environment, a security group) makes the whole answer unknown.

The table is generated from `auditor/facts/paas/services/`. *Left out* says what a missing property means: in *italics*
where Microsoft's documentation does not say, and the endpoint therefore counts as open, as the service leaves it.

| Service | Type | Shut by | Left out | Lets in, while on |
|---|---|---|---|---|
"""

_TAIL = """
Not in the table, since there is nothing in Azure Resource Manager that says who may reach them or nobody can: Backup
vaults of the type `Microsoft.DataProtection/backupVaults` (no such property), NetApp volumes (always inside a delegated
subnet), and services that are retired: Media Services, and PostgreSQL, MySQL and MariaDB single servers.
"""


def render() -> str:
    """The whole document."""
    rows = "\n".join(_row(service) for service in sorted(SERVICES, key=lambda service: service.name.lower()))
    return f"{_HEAD}{rows}\n{_notes()}{_TAIL}"


def _row(service: Service) -> str:
    cells = (
        f"[{service.name}]({service.source})",
        f"`{service.type}`",
        _switches(service),
        _defaults(service),
        _lets_in(service),
    )
    return f"| {' | '.join(cells)} |"


def _switches(service: Service) -> str:
    joiner = " and " if service.either else " or "
    return joiner.join(map(_switch, service.switches)) or "-"


def _switch(switch: Switch) -> str:
    return f"`{switch.path}` " + ("set" if ANY in switch.closed else " or ".join(switch.closed))


def _defaults(service: Service) -> str:
    said = [_default(switch) for switch in service.switches if ANY not in switch.closed]
    if service.action is not None:
        said.append(f"`{service.action.path}` {service.action.default}")
    said = [word if service.documented else f"*{word}*" for word in said]
    if service.bypass is not None:
        said.append(f"`{service.bypass.path}` {service.bypass.default}")
    return "; ".join(said) or "-"


def _default(switch: Switch) -> str:
    with_endpoint = switch.default_with_endpoint
    more = f", {with_endpoint} as soon as a private endpoint is approved" if with_endpoint else ""
    return f"`{switch.path}` {switch.default}{more}"


def _lets_in(service: Service) -> str:
    paths = ", ".join(f"`{path}`" for path in _paths(service))
    if service.special is not None:
        return f"by rules of its own: {paths}"
    words = str(service.filter)
    return words if service.filter is Filter.NONE else f"{words}: {paths}"


def _paths(service: Service) -> Iterator[str]:
    below = f"{service.holder}/default: " if service.holder else ""
    if service.action is not None:
        yield f"{below}{service.action.path}"
    for entry in service.lists:
        yield f"{below}{entry.path}[]" + (f".{entry.key}" if entry.key else "")
    for child in service.children:
        yield f"{child.child}: {child.start}"
    if service.subnet_children:
        yield f"{service.subnet_children}" + (f": {service.subnets}" if service.subnets else "")
    elif service.subnets:
        yield f"{below}{service.subnets}"
    yield from service.instances
    if service.bypass is not None:
        yield f"{below}{service.bypass.path}"
    yield from service.reads


def _notes() -> str:
    noted = [service for service in SERVICES if service.note]
    lines = (f"- **{service.name}**: {service.note}" for service in sorted(noted, key=lambda s: s.name.lower()))
    return "\n" + "\n".join(dict.fromkeys(lines)) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
