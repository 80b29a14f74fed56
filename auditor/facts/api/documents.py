"""The policies of an inventory, parsed once, by the scope they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from auditor.facts.api.flow import Document, Flow, Library, flow_through
from auditor.facts.api.policy_text import UnreadablePolicyError, parse_policy
from auditor.facts.network.bodies import value
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

SERVICE = "microsoft.apimanagement/service"
WORKSPACE = f"{SERVICE}/workspaces"
HOLDERS = (SERVICE, WORKSPACE)
"""What APIs, products and fragments are below."""
APIS = tuple(f"{holder}/apis" for holder in HOLDERS)
OPERATIONS = tuple(f"{api}/operations" for api in APIS)
PRODUCTS = tuple(f"{holder}/products" for holder in HOLDERS)
FRAGMENTS = tuple(f"{holder}/policyfragments" for holder in HOLDERS)
NAMED_VALUES = tuple(f"{holder}/namedvalues" for holder in HOLDERS)
POLICIES = tuple(f"{scope}/policies" for scope in (*HOLDERS, *APIS, *OPERATIONS, *PRODUCTS))
_WORDS = {"apis": "API", "operations": "operation", "products": "product", "workspaces": "workspace"}


def document_of(policy: Resource) -> Document:
    """A policy or fragment as a document; one that cannot be read has a gap."""
    place = place_of(policy)
    if gap := policy.unread.get("properties"):
        return Document(policy.key, place, gap=gap)
    text = value(policy.body, "properties", "value")
    try:
        if isinstance(text, str):
            return Document(policy.key, place, root=parse_policy(text))
        reason = (
            "its text was taken out, since its secrets could not be told from the rest" if text else "it has no text"
        )
    except UnreadablePolicyError as error:
        reason = str(error)
    return Document(policy.key, place, gap=Gap(policy.id, policy.type, "read the policy", None, "NotReadable", reason))


def place_of(policy: Resource) -> str:
    """Where a policy or fragment is written, in words."""
    if policy.type_key.endswith("/policyfragments"):
        return f"the fragment {policy.name}"
    owner = ids.parent_of(policy.key)
    kind = _WORDS.get(owner.rpartition("/")[0].rpartition("/")[2])
    name = policy.id.rstrip("/").split("/")[-3]
    return f"the policy of the {kind} {name}" if kind else "the policy of the service"


class Documents:
    """All policies of an inventory. Each is parsed when it is first asked for."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._policies = {ids.parent_of(policy.key): policy for kind in POLICIES for policy in inventory.of_type(kind)}
        self._libraries: dict[str, Library] = {}
        self._flows: dict[tuple[str, ...], Flow] = {}
        self._parsed = cache(document_of)
        self._by_holder = cache(self._held)

    def own(self, policy: Resource) -> Document:
        """A policy that is at hand."""
        return self._parsed(policy)

    def of(self, scope: str) -> Document:
        """The policy of a scope, by the scope's key."""
        if policy := self._policies.get(scope):
            return self._parsed(policy)
        kind = f"{ids.type_key(ids.type_of_id(scope))}/policies"
        gap = self._inventory.gap(kind, scope)
        return Document(f"{scope}/policies/policy", f"the policy of {scope.rpartition('/')[2]}", gap=gap)

    def above(self, scope: str) -> tuple[str, ...]:
        """Keys of the broader scopes of an API, operation or product: workspace and service."""
        holder = scope
        while holder and ids.type_key(ids.type_of_id(holder)) not in HOLDERS:
            holder = ids.parent_of(holder)
        service = ids.parent_of(holder) if ids.type_key(ids.type_of_id(holder)) == WORKSPACE else ""
        return (holder, service) if service else (holder,)

    def flow(self, scopes: tuple[str, ...]) -> Flow:
        """What a request meets in the policies of these scopes, the narrowest first."""
        if scopes not in self._flows:
            chain = [self.of(scope) for scope in scopes]
            holder = next((scope for scope in scopes if ids.type_key(ids.type_of_id(scope)) in HOLDERS), "")
            self._flows[scopes] = flow_through(chain, self.library(holder))
        return self._flows[scopes]

    def library(self, holder: str) -> Library:
        """Fragments and named values of a service or workspace, by its key."""
        if holder not in self._libraries:
            kind = ids.type_key(ids.type_of_id(holder))
            found = {name.lower(): doc for name, doc in self._below(holder, f"{kind}/policyfragments").items()}
            gap = self._inventory.gap(f"{kind}/policyfragments", holder) if holder else None
            self._libraries[holder] = Library(found, gap, self._named(holder, kind))
        return self._libraries[holder]

    def _below(self, holder: str, kind: str) -> Mapping[str, Document]:
        return {fragment.name: self._parsed(fragment) for fragment in self._by_holder(kind).get(holder, ())}

    def _held(self, kind: str) -> Mapping[str, Sequence[Resource]]:
        """Resources of a kind by the key of what they are in, which need not have been read itself."""
        found: dict[str, list[Resource]] = {}
        for one in self._inventory.of_type(kind):
            found.setdefault(ids.parent_of(one.key), []).append(one)
        return found

    def _named(self, holder: str, kind: str) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for one in self._by_holder(f"{kind}/namedvalues").get(holder, ()):
            text = value(one.body, "properties", "value")
            if isinstance(text, str):
                found[str(value(one.body, "properties", "displayName") or one.name).lower()] = text
        return found
