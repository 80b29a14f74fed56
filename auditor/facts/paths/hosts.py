"""Hosts as nodes, the identities that they run as, and which of their secrets open what."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.facts.identity.federation import OF_IDENTITY, properties_of
from auditor.facts.identity.hosts import carried
from auditor.facts.identity.principals import Principals
from auditor.facts.network.bodies import items, text, value
from auditor.facts.paths.model import Edge, EdgeKind, Node, NodeKind, Proof
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

MACHINES = frozenset(
    {
        "microsoft.compute/virtualmachines",
        "microsoft.compute/virtualmachinescalesets",
        "microsoft.hybridcompute/machines",
    }
)
CONTAINERS = frozenset(
    {
        "microsoft.app/containerapps",
        "microsoft.app/jobs",
        "microsoft.containerinstance/containergroups",
        "microsoft.containerservice/managedclusters",
    }
)
_APPS = frozenset(
    {"microsoft.web/sites", "microsoft.web/sites/slots", "microsoft.web/staticsites", "microsoft.logic/workflows"}
)


def node_of(resource: Resource) -> Node:
    """A host as a node."""
    if resource.type_key in MACHINES:
        kind = NodeKind.MACHINE
    elif resource.type_key in CONTAINERS:
        kind = NodeKind.CONTAINER
    else:
        kind = NodeKind.APP if resource.type_key in _APPS else NodeKind.SERVICE
    return Node(resource.key, kind, resource.full_name, resource)


def principal_node(identifier: str, principals: Principals, name: str = "") -> Node:
    """An identity as a node, by its object id."""
    known = principals.get(identifier)
    return Node(identifier, NodeKind.IDENTITY, name or known.name, known.resource)


class Identities:
    """Which host runs as whom."""

    def __init__(self, inventory: Inventory, principals: Principals) -> None:
        """Index federated credentials by their issuer."""
        self._inventory = inventory
        self._principals = principals
        self._by_issuer: dict[str, list[Resource]] = {}
        for credential in inventory.of_type(OF_IDENTITY):
            issuer = text(properties_of(credential), "issuer").rstrip("/")
            self._by_issuer.setdefault(issuer, []).append(credential)

    def of(self, host: Resource) -> Iterator[Edge]:
        """Steps from a host to what it runs as."""
        source = node_of(host)
        for one in carried(host, self._inventory):
            if one.principal:
                name = one.name if not one.own else f"identity of {host.name}"
                target = Node(one.principal, NodeKind.IDENTITY, name, one.resource or host)
                where = "identity.principalId" if one.own else f"identity.userAssignedIdentities.{one.name}"
                yield Edge(
                    source,
                    target,
                    EdgeKind.RUNS_AS,
                    f"runs as {name if not one.own else 'its own identity'}",
                    (Proof(host.id, where, one.principal),),
                    cut=f"take {one.name} from {host.name}" if not one.own else "",
                )
        yield from self._of_cluster(host, source)

    def _of_cluster(self, host: Resource, source: Node) -> Iterator[Edge]:
        profiles = value(host.body, "properties", "identityProfile")
        for name, profile in profiles.items() if isinstance(profiles, dict) else ():
            found = value(profile, "objectId")
            if isinstance(found, str) and found:
                target = principal_node(found.lower(), self._principals, name)
                proof = Proof(host.id, f"properties.identityProfile.{name}.objectId", found)
                yield Edge(source, target, EdgeKind.RUNS_AS, f"runs as {target.name} on its nodes", (proof,))
        issuer = text(host.body, "properties", "oidcIssuerProfile", "issuerURL").rstrip("/")
        for credential in self._by_issuer.get(issuer, ()) if issuer else ():
            identity = self._inventory.get(ids.parent_of(credential.id))
            found = value(identity.body, "properties", "principalId") if identity else None
            if identity and isinstance(found, str):
                subject = str(value(properties_of(credential), "subject") or "")
                yield Edge(
                    source,
                    Node(found.lower(), NodeKind.IDENTITY, identity.name, identity),
                    EdgeKind.ASSUMES,
                    f"signs in as {identity.name} from {subject}",
                    (Proof(credential.id, "properties.subject", subject),),
                    cut=f"remove the federated credential {credential.name} of {identity.name}",
                )


def external_ingress(app: Resource) -> bool:
    """Whether a container app is told to listen outside its environment, and lets everybody in.

    https://learn.microsoft.com/azure/container-apps/ingress-overview
    """
    ingress = value(app.body, "properties", "configuration", "ingress")
    if value(ingress, "external") is not True:
        return False
    rules = items(ingress, "ipSecurityRestrictions")
    allowed = [text(rule, "ipAddressRange") for rule in rules if text(rule, "action") == "allow"]
    return not allowed or any(range_ in ("0.0.0.0/0", "::/0") for range_ in allowed)
