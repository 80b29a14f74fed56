"""Steps by rights in Azure: taking the identity of a host, an identity itself, or the goal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from auditor.facts.credentials.places import kept_by
from auditor.facts.identity.access import Access, Grant, Holder
from auditor.facts.identity.assignments import Assignment
from auditor.facts.identity.escalation.edges import (
    ACTIVATION,
    ATTACH,
    CONTENT_OF_FUNCTIONS,
    HOST_WRITES,
    ON_IDENTITY,
    PROFILE_OF_SHELL,
    TAKES_DATA,
    TAKES_IDENTITY,
    Edge,
)
from auditor.facts.identity.escalation.model import Node, Proof, Step
from auditor.facts.identity.federation import OF_APPLICATION, OF_IDENTITY, holder_of, properties_of, trust
from auditor.facts.identity.hosts import carried
from auditor.facts.identity.powers import Power, power_of, rewrites_itself
from auditor.facts.identity.principals import USER_ASSIGNED, PrincipalKind
from auditor.facts.identity.roles import ASSIGN, DEFINE
from auditor.facts.keys.places import at
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource


class AzureSteps:
    """Who can act as a managed identity, and who reaches a goal, over one inventory."""

    def __init__(self, access: Access) -> None:
        """Index which identity is carried by what."""
        self._access = access
        self._hosts: dict[str, list[Resource]] = {}
        self._identities: dict[str, Resource] = {}
        inventory = access.inventory
        for kind in sorted(TAKES_IDENTITY):
            for host in inventory.of_type(kind):
                for principal in {one.principal for one in carried(host, inventory)} | set(_kubelets(host)):
                    if principal:
                        self._hosts.setdefault(principal, []).append(host)
        for identity in inventory.of_type(USER_ASSIGNED):
            for one in carried(identity, inventory):
                self._identities[one.principal] = identity
        self._stores = ContentStores(inventory)
        self._shells = ShellHomes(inventory)
        self._federated: dict[str, list[Resource]] = {}
        for kind in (OF_IDENTITY, OF_APPLICATION):
            for credential in inventory.of_type(kind):
                if principal := holder_of(credential, access)[1]:
                    self._federated.setdefault(principal, []).append(credential)

    def carriers(self, principal: str) -> tuple[Resource, ...]:
        """The hosts that carry an identity."""
        return tuple(self._hosts.get(principal, ()))

    def takers(self, target: Node) -> Iterator[Step]:
        """Steps to a managed identity or an application, by rights in Azure or from outside."""
        for host in self._hosts.get(target.id, ()):
            for edge in TAKES_IDENTITY[host.type_key]:
                yield from self._by_edge(edge, host, target)
            yield from self._by_content(host, target)
        if identity := self._identities.get(target.id):
            for edge in ON_IDENTITY:
                yield from self._by_edge(edge, identity, target)
            yield from self._attaching(identity, target)
        if target.kind == PrincipalKind.USER.value:
            yield from self._by_shell(target)
        for credential in self._federated.get(target.id, ()):
            yield from _outside(credential, target)

    def to_owner(self, goal: Node) -> Iterator[Step]:
        """Everybody whose role gives access in a subscription, a management group or the tenant."""
        for assignment in self._access.assignments:
            if not assignment.kind.wide or self._access.is_gone(assignment.principal):
                continue
            power = power_of(assignment, self._access)
            if power in (Power.OWNER, Power.ACCESS):
                yield self._holding(Node.of(assignment.principal), goal, Grant(assignment))
                yield from self._freeing(assignment, goal)
            elif (
                assignment.role
                and rewrites_itself(assignment.role)
                and self._rewrites(assignment.principal.id, assignment.role.assignable)
            ):
                does = f"rewrites the role {assignment.role.name}, which he holds"
                yield self._step(Node.of(assignment.principal), goal, "rewrite-role", does, Grant(assignment))

    def _freeing(self, assignment: Assignment, goal: Node) -> Iterator[Step]:
        """Who may activate a role, and takes approval and second factor off its activation himself."""
        if assignment.eligible and self._access.may(assignment.principal.id, ACTIVATION, assignment.scope).verdict:
            does = f"takes approval off the activation of {assignment.role_name}, and activates it"
            step = self._step(Node.of(assignment.principal), goal, "activation-policy", does, Grant(assignment))
            yield replace(step, guard="")

    def to_resource(self, resource: Resource, goal: Node) -> Iterator[Step]:
        """Everybody who gives access to a resource, runs code in it or opens its data."""
        for holder in self._access.holders(ASSIGN, resource.id, eligible=True).holders:
            if power_of(holder.grant.assignment, self._access) in (Power.OWNER, Power.ACCESS):
                yield self._holding(Node.of(holder.principal), goal, holder.grant)
        for edge in (*TAKES_IDENTITY.get(resource.type_key, ()), *TAKES_DATA.get(resource.type_key, ())):
            yield from self._by_edge(edge, resource, goal)

    def _by_content(self, host: Resource, target: Node) -> Iterator[Step]:
        """Who may write the storage account from which a function app takes its code."""
        if host.type_key not in _SITES or "functionapp" not in str(host.body.get("kind") or "").lower():
            return
        for store in self._stores.of(host):
            for edge in CONTENT_OF_FUNCTIONS:
                does = edge.does.format(name=host.name, store=store.name)
                yield from self._by_edge(replace(edge, does=does), store, target)

    def _by_shell(self, target: Node) -> Iterator[Step]:
        """Who may write the storage account where a user's Cloud Shell keeps its profile."""
        user = self._access.principals.get(target.id).resource
        for store in self._shells.of(str(user.body.get("userPrincipalName") or "") if user else ""):
            for edge in PROFILE_OF_SHELL:
                does = edge.does.format(name=target.name, store=store.name)
                yield from self._by_edge(replace(edge, does=does), store, target)

    def _rewrites(self, principal: str, scopes: Iterable[str]) -> bool:
        """Whether a principal may write role definitions at all of a role's scopes."""
        places = list(scopes)
        return bool(places) and all(
            self._access.may(principal, DEFINE, place, eligible=True).verdict for place in places
        )

    def _by_edge(self, edge: Edge, resource: Resource, target: Node) -> Iterator[Step]:
        if edge.closed and edge.closed(resource, self._access.inventory):
            return
        for holder in self._holding_all(edge.actions, resource.id, data=edge.data):
            source = Node.of(holder.principal)
            if source.id != target.id:
                does = edge.does.format(name=resource.name)
                yield self._step(source, target, edge.id, does, holder.grant, edge, resource, certain=holder.certain)

    def _holding_all(self, actions: tuple[str, ...], scope: str, *, data: bool) -> Iterator[Holder]:
        """Everybody who may do all of some actions, once; a certain reason before another."""
        first, *others = actions
        rest = [
            {h.principal.id for h in self._access.holders(action, scope, data=data, eligible=True).holders}
            for action in others
        ]
        found: dict[str, Holder] = {}
        for holder in self._access.holders(first, scope, data=data, eligible=True).holders:
            if all(holder.principal.id in those for those in rest):
                known = found.get(holder.principal.id)
                if known is None or _rank(holder) < _rank(known):
                    found[holder.principal.id] = holder
        yield from found.values()

    def _attaching(self, identity: Resource, target: Node) -> Iterator[Step]:
        """Who may attach the identity to a host that he can run code on."""
        attaching = {
            h.principal.id: h for action in ATTACH for h in self._holding_all((action,), identity.id, data=False)
        }
        for holder in attaching.values():
            source = Node.of(holder.principal)
            writes = self._host_write(source.id)
            if writes and source.id != target.id:
                does = f"attaches {identity.name} to a host of his own ({writes})"
                yield self._step(
                    source, target, "attach-identity", does, holder.grant, on=identity, certain=holder.certain
                )

    def _host_write(self, principal: str) -> str:
        """An action by which a principal makes or changes a host somewhere; "" for none."""
        for grant in self._access.held_by(principal, eligible=True):
            for action in HOST_WRITES:
                if grant.assignment.grants(action):
                    return action
        return ""

    def _holding(self, source: Node, goal: Node, grant: Grant) -> Step:
        return self._step(source, goal, "holds", "gives access", grant)

    def _step(
        self,
        source: Node,
        target: Node,
        edge_id: str,
        does: str,
        grant: Grant,
        edge: Edge | None = None,
        on: Resource | None = None,
        *,
        certain: bool = True,
    ) -> Step:
        assignment = grant.assignment
        proofs = [Proof(assignment.resource.id, "properties.roleDefinitionId", assignment.role_name)]
        if on is not None and target.kind == PrincipalKind.IDENTITY.value and on.type_key != USER_ASSIGNED:
            proofs.append(Proof(on.id, "identity", target.name))
        guards = [
            text
            for text in ("has to be activated first" if assignment.eligible else "", edge.guard if edge else "")
            if text
        ]
        return Step(
            source,
            target,
            edge_id,
            does,
            grant.text,
            tuple(proofs),
            "; ".join(guards),
            edge.cut if edge else "",
            certain,
            on,
            assignment.resource,
        )


class ContentStores:
    """The storage accounts from which function apps take their code, as far as their settings tell."""

    def __init__(self, inventory: Inventory) -> None:
        """Index accounts by name."""
        self._inventory = inventory
        self._accounts = {one.name.lower(): one for one in inventory.of_type("microsoft.storage/storageaccounts")}

    def of(self, app: Resource) -> Iterator[Resource]:
        """An app's accounts: of its files, and of its host, where deployments are kept.

        https://learn.microsoft.com/azure/azure-functions/functions-app-settings
        """
        seen = set()
        for settings in self._inventory.children(app, "config"):
            for one in kept_by(settings) if settings.key.endswith("/appsettings") else ():
                account = self._accounts.get(str(one.mark.get("account") or "").lower())
                if one.setting.lower() in _CONTENT_SETTINGS and account is not None and account.key not in seen:
                    seen.add(account.key)
                    yield account


class ShellHomes:
    """The storage accounts where Cloud Shell keeps the homes of users, as far as names of shares tell whose.

    Shares that it makes are called `cs-<user>-<domain>-com-<unique>`, in accounts with the tag
    `ms-resource-usage: azure-cloud-shell`; one that a user brought himself cannot be told:
    https://learn.microsoft.com/azure/cloud-shell/persisting-shell-storage
    """

    def __init__(self, inventory: Inventory) -> None:
        """Index shares by name."""
        self._homes: list[tuple[str, Resource]] = []
        for account in inventory.of_type("microsoft.storage/storageaccounts"):
            tags = account.body.get("tags")
            if isinstance(tags, Mapping) and tags.get("ms-resource-usage") == "azure-cloud-shell":
                shares = inventory.children(account, "fileServices/shares")
                self._homes += [(share.key.rpartition("/")[2], account) for share in shares]

    def of(self, user: str) -> tuple[Resource, ...]:
        """The accounts with the home of a user, given as a user principal name."""
        if not user:
            return ()
        prefix = "cs-" + re.sub("[^a-z0-9]+", "-", user.lower()) + "-"
        return tuple(account for name, account in self._homes if _is_home(name, prefix))


def _is_home(share: str, prefix: str) -> bool:
    """Whether nothing but the unique part follows: `ann@x.com` is not `ann@x.com.example`."""
    return share.startswith(prefix) and share.removeprefix(prefix).isalnum()


_SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")
_CONTENT_SETTINGS = frozenset(
    {"azurewebjobsstorage", "website_contentazurefileconnectionstring", "deployment_storage_connection_string"}
)


def _rank(holder: Holder) -> tuple[bool, bool]:
    return (not holder.certain, holder.grant.assignment.eligible)


def _kubelets(host: Resource) -> Iterator[str]:
    """Identities of a cluster's nodes: every pod there can ask for their tokens."""
    profiles = at(host.body, "properties.identityProfile")
    for profile in profiles.values() if isinstance(profiles, Mapping) else ():
        found = profile.get("objectId") if isinstance(profile, Mapping) else None
        if isinstance(found, str):
            yield found.lower()


def _outside(credential: Resource, target: Node) -> Iterator[Step]:
    """From whoever a federated credential trusts."""
    found = trust(credential)
    if found is None or found.width.value == "nothing":
        return
    issuer = str(properties_of(credential).get("issuer") or "")
    source = Node(f"outside:{issuer}|{found.text}", "outside", f"{found.provider}: {found.text}")
    path = "properties.subject" if "properties" in credential.body else "subject"
    yield Step(
        source,
        target,
        "federated",
        f"signs in as {target.name} by the federated credential {credential.name}",
        proofs=(Proof(credential.id, path, found.text),),
        cut="bind the credential to one protected branch or environment",
        on=credential,
    )
