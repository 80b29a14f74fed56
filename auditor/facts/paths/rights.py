"""What an identity may do to data stores, hosts, other identities and scopes: by the role arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from auditor.facts.identity.access import Access, Grant, shown
from auditor.facts.identity.escalation.edges import TAKES_IDENTITY
from auditor.facts.identity.escalation.edges import Edge as Way
from auditor.facts.identity.escalation.graph import Escalation
from auditor.facts.identity.escalation.model import Path as Ways
from auditor.facts.identity.hosts import carried
from auditor.facts.identity.powers import Power, power_of
from auditor.facts.identity.scopes import ScopeKind, kind_of
from auditor.facts.network.bodies import items, text
from auditor.facts.paths.entries import store_node
from auditor.facts.paths.hosts import node_of
from auditor.facts.paths.model import Edge, EdgeKind, Node, NodeKind, Proof
from auditor.facts.paths.targets import STORES, past_network
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

_COSMOS = "microsoft.documentdb/databaseaccounts"
_READS = frozenset({"get", "all"})


@dataclass(frozen=True, slots=True)
class _Verdict:
    sure: bool
    gap: Gap | None


class Rights:
    """Steps of identities over one inventory."""

    def __init__(self, inventory: Inventory, access: Access) -> None:
        """Index what can be reached by rights."""
        self._inventory = inventory
        self._access = access
        self._stores = sorted((one for kind in STORES for one in inventory.of_type(kind)), key=attrgetter("key"))
        hosts = (one for kind in TAKES_IDENTITY for one in inventory.of_type(kind) if any(carried(one, inventory)))
        self._hosts = sorted(hosts, key=attrgetter("key"))
        self._policies: dict[str, list[Resource]] = {}
        for vault in inventory.of_type("microsoft.keyvault/vaults"):
            if inventory.get(vault.key) and not _by_roles(vault):
                for policy in items(vault.body, "properties", "accessPolicies"):
                    words = {str(word).lower() for word in items(policy, "permissions", "secrets")}
                    if words & _READS:
                        self._policies.setdefault(text(policy, "objectId"), []).append(vault)
        self._cosmos: dict[str, list[tuple[Resource, Resource]]] = {}
        for kind in (f"{_COSMOS}/sqlroleassignments",):
            for role in inventory.of_type(kind):
                account = inventory.get(role.key.partition("/sqlroleassignments/")[0])
                if account:
                    self._cosmos.setdefault(text(role.body, "properties", "principalId"), []).append((account, role))
        self._to_owner: Mapping[str, Ways] | None = None

    def of(self, identity: Node) -> Iterator[Edge]:
        """Every step of an identity."""
        grants = list(self._access.held_by(identity.id))
        narrow = []
        for grant in grants:
            power = power_of(grant.assignment, self._access)
            wide = grant.assignment.kind.wide and (power is None or power.administers)
            if wide and self._may_do_anything(identity, grant, power):
                yield self._scope(identity, grant, power)
            # What a whole subscription holds is told once, by the subscription.
            if not wide or power is None:
                narrow.append(grant)
        yield from self._stores_of(identity, narrow)
        yield from self._by_policy(identity)
        yield from self._in_cosmos(identity)
        yield from self._hosts_of(identity, narrow)
        yield from self._escalating(identity)

    def _may_do_anything(self, identity: Node, grant: Grant, power: Power | None) -> bool:
        """Whether no deny assignment takes a wide role away."""
        if power is None:
            return True
        action = (
            "Microsoft.Authorization/roleAssignments/write"
            if power in (Power.OWNER, Power.ACCESS)
            else "Microsoft.Compute/virtualMachines/write"
        )
        return self._access.may(identity.id, action, grant.assignment.scope).verdict is not False

    def _scope(self, identity: Node, grant: Grant, power: Power | None) -> Edge:
        owns = power in (Power.OWNER, Power.ACCESS)
        scope = scope_node(grant.assignment.scope, "owner" if owns else "contributor", self._inventory)
        does = "gives access in" if owns else "manages everything in"
        return Edge(
            identity,
            scope,
            EdgeKind.MANAGES,
            f"{does if power else 'may administer'} {shown(grant.assignment.scope)} ({grant.text})",
            (_proof(grant),),
            cut=_taken(grant, identity),
            unread=None if power else self._access.unclear(grant.assignment),
        )

    def _stores_of(self, identity: Node, grants: list[Grant]) -> Iterator[Edge]:
        told: set[str] = set()
        for grant in grants:
            for store, place in self._below(grant.assignment.scope, self._stores):
                for way in STORES[store.type_key].edges:
                    if way.closed and way.closed(store, self._inventory):
                        continue
                    if f"{store.key}|{way.id}" in told or not self._any(grant, way):
                        continue
                    verdict = self._may(identity, way, place)
                    if verdict is None:
                        continue
                    told.add(f"{store.key}|{way.id}")
                    yield Edge(
                        identity,
                        store_node(store),
                        EdgeKind.MAY if way.data else EdgeKind.MANAGES,
                        f"{way.does.format(name=store.name)} ({grant.text})",
                        (_proof(grant),),
                        cut=f"{store.name}: {way.cut}" if way.cut else _taken(grant, identity),
                        unread=verdict.gap,
                        needs_network=not past_network(way),
                    )

    def _hosts_of(self, identity: Node, grants: list[Grant]) -> Iterator[Edge]:
        for grant in grants:
            for host, place in self._below(grant.assignment.scope, self._hosts):
                if identity.id in {one.principal for one in carried(host, self._inventory)}:
                    continue
                for way in TAKES_IDENTITY[host.type_key]:
                    if (way.closed and way.closed(host, self._inventory)) or not self._any(grant, way):
                        continue
                    verdict = self._may(identity, way, place)
                    if verdict is None:
                        continue
                    yield Edge(
                        identity,
                        node_of(host),
                        EdgeKind.MANAGES,
                        f"{way.does.format(name=host.name)} ({grant.text})",
                        (_proof(grant),),
                        cut=_taken(grant, identity),
                        guard=way.guard,
                        unread=verdict.gap,
                    )
                    break

    def _by_policy(self, identity: Node) -> Iterator[Edge]:
        """Vaults whose access policies let it, or a group that it is in, read secrets."""
        for holder in (identity.id, *self._access.principals.groups_of(identity.id)):
            for vault in self._policies.get(holder, ()):
                yield Edge(
                    identity,
                    store_node(vault),
                    EdgeKind.MAY,
                    f"reads the secrets of {vault.name} (access policy)",
                    (Proof(vault.id, "properties.accessPolicies", f"secrets get for {holder}"),),
                    cut=f"take get for secrets of {vault.name} from {identity.name}",
                    needs_network=True,
                )

    def _in_cosmos(self, identity: Node) -> Iterator[Edge]:
        """Accounts whose own roles it has: https://learn.microsoft.com/azure/cosmos-db/how-to-setup-rbac."""
        for account, role in self._cosmos.get(identity.id, ()):
            yield Edge(
                identity,
                store_node(account),
                EdgeKind.MAY,
                f"reads the data of {account.name} (a role of the account's own)",
                (Proof(role.id, "properties.principalId", identity.id),),
                cut=f"take the role assignment {role.name} of {account.name} from {identity.name}",
                needs_network=True,
            )

    def _escalating(self, identity: Node) -> Iterator[Edge]:
        """The first step of its shortest way to Owner, where it is not there already."""
        if self._to_owner is None:
            graph = Escalation.of(self._inventory)
            self._to_owner = {path.start.id: path for path in graph.paths(graph.owner()) if not path.direct}
        path = self._to_owner.get(identity.id)
        if path is None:
            return
        step = path.steps[0]
        if step.edge == "holds":
            return
        target = (
            scope_node("/", "owner", self._inventory)
            if step.target.id.startswith(("goal:", "role:"))
            else Node(step.target.id, NodeKind.IDENTITY, step.target.name)
        )
        gap = Gap("/", "Microsoft.Authorization/roleAssignments", "", None, "NotCollected", step.text)
        yield Edge(
            identity,
            target,
            EdgeKind.ASSUMES,
            f"{step.does}{f' ({step.right})' if step.right else ''}",
            tuple(Proof(proof.resource, proof.path, proof.value) for proof in step.proofs),
            cut=step.cut or (f"take {step.right} from {identity.name}" if step.right else ""),
            guard=step.guard,
            unread=None if step.certain else gap,
        )

    def _any(self, grant: Grant, way: Way) -> bool:
        """Whether one assignment has anything to do with a way, before the whole arithmetic is asked."""
        return any(grant.assignment.grants(action, data=way.data) is not False for action in way.actions)

    def _may(self, identity: Node, way: Way, place: str) -> _Verdict | None:
        """Whether all actions are allowed; None where one certainly is not."""
        gap: Gap | None = None
        for action in way.actions:
            answer = self._access.may(identity.id, action, place, data=way.data)
            if answer.verdict is False:
                return None
            if answer.verdict is None:
                gap = gap or answer.doubt or Gap(place, "Microsoft.Authorization/roleAssignments", "", None, "Unclear")
        return _Verdict(gap is None, gap)

    def _below(self, scope: str, resources: list[Resource]) -> Iterator[tuple[Resource, str]]:
        """Resources that a scope holds, or that hold the scope, and where to ask about them."""
        kind = kind_of(scope)
        if kind in (ScopeKind.RESOURCE, ScopeKind.RESOURCE_GROUP, ScopeKind.SUBSCRIPTION):
            above = self._inventory.nearest(scope) if kind is ScopeKind.RESOURCE else None
            if above is not None and above.key != scope and _has(resources, above):
                yield above, scope
            # "0" follows "/" in the alphabet: the scope itself and every key below it, and no other but those that
            # only begin with its name.
            first, last = (bisect_left(resources, scope + sign, key=attrgetter("key")) for sign in ("", "0"))
            for resource in resources[first:last]:
                if resource.key == scope or resource.key.startswith(scope + "/"):
                    yield resource, resource.id
            return
        for resource in resources:
            if self._access.scopes.contains(scope, resource.id) is not False:
                yield resource, resource.id


def scope_node(scope: str, power: str, inventory: Inventory) -> Node:
    """A scope as a target, apart for each power over it."""
    resource = inventory.get(scope)
    named = resource is not None and kind_of(scope) is ScopeKind.SUBSCRIPTION
    name = f"subscription {resource.display_name}" if resource and named else shown(scope).removeprefix("the ")
    return Node(f"{scope}#{power}", NodeKind.SCOPE, f"{power.title()} of {name}", resource)


def _has(resources: list[Resource], one: Resource) -> bool:
    place = bisect_left(resources, one.key, key=attrgetter("key"))
    return place < len(resources) and resources[place] is one


def _by_roles(vault: Resource) -> bool:
    body = vault.body.get("properties")
    return isinstance(body, Mapping) and body.get("enableRbacAuthorization") is True


def _taken(grant: Grant, identity: Node) -> str:
    return f"take {grant.assignment.role_name} at {shown(grant.assignment.scope)} from {identity.name}"


def _proof(grant: Grant) -> Proof:
    return Proof(grant.assignment.resource.id, "properties.roleDefinitionId", grant.assignment.role_name)
