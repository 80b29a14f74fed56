"""Where an application lets codes and tokens be sent, held against what the inventory owns.

A fact of an application:

    {"insecure": ["http://portal.example/cb"], "local": ["http://localhost:3000/cb"], "public": 2,
     "names": [{"name": "gone.azurewebsites.net", "service": "App Service", "found": false}]}

`insecure` are addresses by plain HTTP anywhere but on the user's own machine, and those with a wildcard. The machine is
`localhost` or a loopback address as the whole host: http://127.0.0.1.nip.io is somebody else's. `local` are addresses
on the machine, `public` counts the others. `names` are those of Azure services, as facts `azure_names` have them: a
name that no resource has can be registered by anybody, who then gets the codes.

https://learn.microsoft.com/entra/identity-platform/reply-url
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from auditor.facts.directory.principals import APPLICATION, PRINCIPAL
from auditor.facts.network.azure_names import HOLDERS, Names
from auditor.facts.network.bodies import items
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_LISTS = (("web", "redirectUris"), ("spa", "redirectUris"), ("publicClient", "redirectUris"), ("replyUrls",))


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each application and service principal."""
    names = Names(inventory)
    owners = (one for kind in (APPLICATION, PRINCIPAL) for one in inventory.of_type(kind))
    return {one.key: _fact(one, names) for one in owners}


def _fact(owner: Resource, names: Names) -> Json:
    addresses = list(dict.fromkeys(_addresses(owner)))
    local = [one for one in addresses if is_local(one)]
    hosts = dict.fromkeys(host for one in addresses if (host := _host(one)))
    return {
        "insecure": [one for one in addresses if is_insecure(one)],
        "local": local,
        "public": sum(_scheme(one) in ("http", "https") for one in addresses) - len(local),
        "names": [entry for host in hosts if (entry := names.entry(host))],
    }


def _addresses(owner: Resource) -> Iterator[str]:
    for path in _LISTS:
        yield from (one for one in items(owner.body, *path) if isinstance(one, str))


def is_insecure(address: str) -> bool:
    """Whether others than the application can get what is sent to an address."""
    return "*" in address or (_scheme(address) == "http" and not is_local(address))


def is_local(address: str) -> bool:
    """Whether an address is on the machine that the user sits at."""
    host = _host(address)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _scheme(address: str) -> str:
    return address.partition(":")[0].strip().lower()


def _host(address: str) -> str:
    """The host of a web address; "" of the custom schemes and names that native applications have."""
    if _scheme(address) not in ("http", "https"):
        return ""
    found = _split(address)
    try:
        return (found.hostname or "").rstrip(".") if found else ""
    except ValueError:
        return ""


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address.strip())
    except ValueError:
        return None


FAMILY = FactFamily(
    name="application_redirects",
    types=frozenset((APPLICATION, PRINCIPAL)),
    needs=frozenset((APPLICATION, PRINCIPAL)) | HOLDERS,
    compute=compute,
    needs_by_type={APPLICATION: HOLDERS | {APPLICATION}, PRINCIPAL: HOLDERS | {PRINCIPAL}},
)
