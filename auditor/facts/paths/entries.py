"""How somebody on the internet begins: doors to machines and programs, publishing, anonymous data, wide trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.identity.access import Access
from auditor.facts.identity.federation import OF_APPLICATION, OF_IDENTITY, holder_of, trust
from auditor.facts.identity.subjects import Width
from auditor.facts.network.bodies import text, value
from auditor.facts.network.interfaces import interfaces, owners
from auditor.facts.paths.hosts import external_ingress, node_of, principal_node
from auditor.facts.paths.model import Edge, EdgeKind, Entry, Node, NodeKind, Proof
from auditor.facts.paths.targets import STORES
from auditor.facts.registry import Shared
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

INTERNET = Node("internet", NodeKind.INTERNET, "internet")
PUBLISHING = "basicpublishingcredentialspolicies"
SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")
_SERVING = ("microsoft.app/containerapps", "microsoft.containerinstance/containergroups")
CONTAINERS = "microsoft.storage/storageaccounts/blobservices/containers"
_WEB = frozenset({"web", "web-tls"})
_HARMLESS = frozenset({"udp-reflection", "mail", "industrial"})


def from_internet(inventory: Inventory, access: Access) -> Iterator[Edge]:
    """Every first step."""
    shared = Shared.of(inventory)
    yield from _machines(inventory, shared)
    yield from _sites(inventory, shared)
    yield from _programs(inventory, shared)
    yield from _anonymous(inventory, shared)
    yield from _passwords(inventory, shared)
    yield from _federated(inventory, access)


def _machines(inventory: Inventory, shared: Shared) -> Iterator[Edge]:
    exposed = shared.values("internet_exposure")
    for owner in owners(inventory):
        found = exposed.get(owner.key)
        machines = {interface.machine for interface in interfaces(owner)} - {""}
        hosts = [host for key in sorted(machines) if (host := inventory.get(key))]
        for host in hosts:
            if isinstance(found, Unread):
                yield _dotted(host, "may be reached from the internet", found.gap)
            elif isinstance(found, Mapping):
                yield from _through(owner, host, found["paths"])


def _through(owner: Resource, host: Resource, paths: list[Json]) -> Iterator[Edge]:
    """The easiest way in to a machine; a dotted one where only what was not read could be one."""
    unread = next((path.gap for path in paths if isinstance(path, Unread)), None)
    best: tuple[int, Edge] | None = None
    for path in paths:
        # A port that is opened on request only is shut to strangers.
        if isinstance(path, Unread) or not path["wide"] or path["via"] == "bastion" or path["just_in_time"] is True:
            continue
        kinds = set(path["kinds"])
        if path["protocol"] not in ("tcp", "udp") or (kinds and kinds <= _HARMLESS):
            continue
        served = not kinds or kinds <= _WEB
        guard = "a web application firewall looks at the requests" if path["waf"] else ""
        ports = path["first_port"], path["last_port"]
        shown = str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"
        timed = path["just_in_time"]
        edge = Edge(
            INTERNET,
            node_of(host),
            EdgeKind.REACHES,
            f"reaches {host.name} at {path['protocol']} {shown}",
            (Proof(owner.id, "facts.internet_exposure", path["text"]),),
            cut=f"close {path['protocol']} {shown} of {host.name} to the internet",
            guard=guard,
            entry=Entry.SERVED if served else Entry.EXPOSED,
            assumed="a flaw in what listens there" if served else "a guessed or stolen credential",
            unread=timed.gap if isinstance(timed, Unread) else None,
        )
        rank = (4 if edge.unread else 0) + (2 if served else 0) + (1 if guard else 0)
        if best is None or rank < best[0]:
            best = (rank, edge)
    if best:
        yield best[1]
    elif unread:
        yield _dotted(host, "may be reached from the internet", unread)


def _dotted(host: Resource, does: str, gap: Gap) -> Edge:
    return Edge(INTERNET, node_of(host), EdgeKind.REACHES, f"{does}: {host.name}", entry=Entry.SERVED, unread=gap)


def _sites(inventory: Inventory, shared: Shared) -> Iterator[Edge]:
    for kind in SITES:
        for site in inventory.of_type(kind):
            if text(site.body, "properties", "state") == "stopped":
                continue
            yield from _site(inventory, shared, site)
            yield from _publishing(inventory, shared, site)


def _site(inventory: Inventory, shared: Shared, site: Resource) -> Iterator[Edge]:
    door = shared.values("paas_exposure").get(site.key)
    if isinstance(door, Unread):
        yield _dotted(site, "may be reached from the internet", door.gap)
        return
    if not isinstance(door, Mapping) or not door["wide"]:
        return
    required, gap = _signs_in(inventory, shared, site)
    if required is True:
        return
    mutual = shared.values("client_certificates").get(site.key)
    asks = isinstance(mutual, Mapping) and mutual.get("mode") == "required"
    yield Edge(
        INTERNET,
        node_of(site),
        EdgeKind.REACHES,
        f"reaches the program {site.full_name}",
        (Proof(site.id, "facts.paas_exposure", door["text"]),),
        cut=f"restrict who reaches {site.full_name}, or ask for a sign-in",
        guard="a client certificate is asked for, and only the program's code compares it" if asks else "",
        entry=Entry.SERVED,
        assumed="a flaw in the program",
        unread=gap,
    )


def _signs_in(inventory: Inventory, shared: Shared, site: Resource) -> tuple[bool | None, Gap | None]:
    """Whether strangers are sent away before they reach the code."""
    found = shared.values("app_sign_in")
    for child in inventory.children(site, "config"):
        said = found.get(child.key)
        if isinstance(said, Unread):
            return None, said.gap
        if isinstance(said, Mapping):
            return bool(said["required"] and not said["opened"] and not said["any_tenant"]), None
    gap = inventory.gap(f"{site.type_key}/config", site.id)
    return (None, gap) if gap else (False, None)


def _publishing(inventory: Inventory, shared: Shared, site: Resource) -> Iterator[Edge]:
    """The advanced tools site, where it takes passwords."""
    door = shared.values("scm_exposure").get(site.key)
    if not isinstance(door, Mapping) or not door["wide"]:
        return
    for policy in inventory.children(site, PUBLISHING):
        if policy.key.endswith("/scm") and value(policy.body, "properties", "allow") is True:
            yield Edge(
                INTERNET,
                node_of(site),
                EdgeKind.MANAGES,
                f"publishes code to {site.full_name} with its publishing password",
                (
                    Proof(site.id, "facts.scm_exposure", door["text"]),
                    Proof(policy.id, "properties.allow", "true"),
                ),
                cut=f"switch off basic publishing credentials of {site.full_name}",
                entry=Entry.EXPOSED,
                assumed="a leaked publishing password",
            )


def _programs(inventory: Inventory, shared: Shared) -> Iterator[Edge]:
    doors = shared.values("paas_exposure")
    for kind in _SERVING:
        for program in inventory.of_type(kind):
            above = str(value(program.body, "properties", "managedEnvironmentId") or "")
            door = doors.get(ids.id_key(above)) if above else doors.get(program.key)
            if above and not external_ingress(program):
                continue
            if isinstance(door, Unread):
                yield _dotted(program, "may be reached from the internet", door.gap)
            elif isinstance(door, Mapping) and door["wide"] and _signs(inventory, shared, program) is not True:
                yield Edge(
                    INTERNET,
                    node_of(program),
                    EdgeKind.REACHES,
                    f"reaches the program {program.name}",
                    (Proof(program.id, "facts.paas_exposure", door["text"]),),
                    cut=f"restrict who reaches {program.name}, or ask for a sign-in",
                    entry=Entry.SERVED,
                    assumed="a flaw in the program",
                )


def _signs(inventory: Inventory, shared: Shared, program: Resource) -> bool:
    found = (shared.values("app_sign_in").get(c.key) for c in inventory.children(program, "authConfigs"))
    return any(isinstance(said, Mapping) and said["required"] and not said["any_tenant"] for said in found)


def _anonymous(inventory: Inventory, shared: Shared) -> Iterator[Edge]:
    """Containers of blobs that anybody reads.

    Both the account and the container must let it; an account on which nothing is set lets nobody:
    https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure
    """
    for container in inventory.of_type(CONTAINERS):
        level = str(value(container.body, "properties", "publicAccess") or "")
        if level.lower() not in ("blob", "container"):
            continue
        account = inventory.get(container.key.partition("/blobservices/")[0])
        if account is None or value(account.body, "properties", "allowBlobPublicAccess") is not True:
            continue
        door = shared.values("paas_exposure").get(account.key)
        if not isinstance(door, Unread) and not (isinstance(door, Mapping) and door["wide"]):
            continue
        yield Edge(
            INTERNET,
            store_node(account),
            EdgeKind.OPENS,
            f"reads the container {container.name} of {account.name} without signing in",
            (
                Proof(account.id, "properties.allowBlobPublicAccess", "true"),
                Proof(container.id, "properties.publicAccess", level),
            ),
            cut=f"switch off anonymous access of {account.name} (allowBlobPublicAccess)",
            entry=Entry.OPEN,
            unread=door.gap if isinstance(door, Unread) else None,
        )


def _passwords(inventory: Inventory, shared: Shared) -> Iterator[Edge]:
    """Databases that take passwords and are open to everybody."""
    accepted = shared.values("local_access")
    doors = shared.values("paas_exposure")
    for kind in DATABASES:
        for server in inventory.of_type(kind):
            door, said = doors.get(server.key), accepted.get(server.key)
            if not isinstance(door, Mapping) or not door["wide"]:
                continue
            if isinstance(said, Mapping) and said["accepted"] is True:
                yield Edge(
                    INTERNET,
                    store_node(server),
                    EdgeKind.OPENS,
                    f"signs in to {server.name} with a password",
                    (
                        Proof(server.id, "facts.paas_exposure", door["text"]),
                        Proof(server.id, str(said["decided_by"][0]), str(said["text"])),
                    ),
                    cut=f"shut the public endpoint of {server.name}",
                    entry=Entry.EXPOSED,
                    assumed="a guessed or stolen password",
                )


DATABASES = (
    "microsoft.sql/servers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.dbformysql/flexibleservers",
)


def _federated(inventory: Inventory, access: Access) -> Iterator[Edge]:
    """Identities that trust whoever likes to, or code that nobody has reviewed."""
    for kind in (OF_IDENTITY, OF_APPLICATION):
        for credential in inventory.of_type(kind):
            found = trust(credential)
            _, principal = holder_of(credential, access)
            if found is None or not principal or found.width not in (Width.ANYBODY, Width.PULL_REQUESTS):
                continue
            anybody = found.width is Width.ANYBODY
            target = principal_node(principal, access.principals)
            path = "properties.subject" if "properties" in credential.body else "subject"
            yield Edge(
                INTERNET,
                target,
                EdgeKind.ASSUMES,
                f"signs in as {target.name} from {found.text} ({found.provider})",
                (Proof(credential.id, path, found.text),),
                cut=f"bind the federated credential {credential.name} to one protected branch or environment",
                entry=Entry.OPEN if anybody else Entry.EXPOSED,
                assumed="" if anybody else "somebody who may open a pull request there",
            )


def store_node(resource: Resource) -> Node:
    """A data store as a node."""
    return Node(resource.key, NodeKind.DATA_STORE, resource.full_name, resource)


NEEDS = frozenset({*SITES, *_SERVING, *STORES, CONTAINERS, *(f"{site}/{PUBLISHING}" for site in SITES)})
