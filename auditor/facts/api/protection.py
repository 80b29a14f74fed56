"""What checks the callers of each API and operation of API Management.

A fact of an API, and of an operation:

    {"state": "checked", "checks": ["validate-jwt in the policy of the API orders"], "conditional": [],
     "dropped": [], "anonymous": false, "unchecked_operations": [], "anonymous_operations": [], "text": "..."}

`state` is `checked` (nobody gets on who was not let in), `partly` (only some requests are checked), `unchecked` or
`answered` (the gateway answers by itself, no backend is reached); unread where that depends on what was not read.
`conditional` are the checks that only some requests meet. `dropped` are checks of broader policies that do not apply,
since a narrower policy leaves `<base />` out. `anonymous` says that no subscription key is asked for either. How the
gateway signs in to the backend (`authentication-managed-identity` and relatives) is no check.

A key of a product brings the product's policy in, a key for an API or for all APIs does not
(https://learn.microsoft.com/azure/api-management/api-management-subscriptions), so the weakest way in counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.facts.api.checks import Kind
from auditor.facts.api.documents import (
    APIS,
    FRAGMENTS,
    HOLDERS,
    NAMED_VALUES,
    OPERATIONS,
    POLICIES,
    PRODUCTS,
    Documents,
)
from auditor.facts.api.flow import Flow
from auditor.facts.network.bodies import value
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

LINKS = tuple(f"{product}/{kind}" for product in PRODUCTS for kind in ("apilinks", "apis"))
SUBSCRIPTIONS = tuple(f"{holder}/subscriptions" for holder in HOLDERS)
_UNCHECKED = ("unchecked", "partly")
_RANK = ("unchecked", "partly", "checked", "answered")
# The key of the service's owner for all APIs; there is one from the start and it cannot be deleted.
_MASTER = "master"


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to call an API."""

    product: str
    """Key of the product whose key is used; "" for a key of the API or of all, or none."""
    keyless: bool
    """Whether it takes no key."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each API and operation."""
    return _Protection(inventory).facts()


class _Protection:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._documents = Documents(inventory)
        self._products = self._by_api()
        self._operations: dict[str, list[Resource]] = {}
        for kind in OPERATIONS:
            for operation in inventory.of_type(kind):
                self._operations.setdefault(ids.parent_of(operation.key), []).append(operation)

    def facts(self) -> dict[str, Json | Unread]:
        found: dict[str, Json | Unread] = {}
        for kind in APIS:
            for api in self._inventory.of_type(kind):
                found.update(self._of_api(api))
        return found

    def _of_api(self, api: Resource) -> Iterator[tuple[str, Json | Unread]]:
        if gap := api.unread.get("properties"):
            yield api.key, Unread(gap)
            return
        ways, hidden = self._ways(api), self._hidden_product(api)
        own = self._fact((api.key,), ways, hidden)
        below = [(one, self._fact((one.key, api.key), ways, hidden)) for one in self._operations.get(api.key, ())]
        yield from ((one.key, {**fact, "api_state": own["state"]}) for one, fact in below)
        told = _Told(below, self._inventory.gap(f"{api.type_key}/operations", api.key))
        yield (
            api.key,
            {
                **own,
                "unchecked_operations": told.names(lambda fact: fact["state"] in _UNCHECKED),
                "anonymous_operations": told.names(lambda fact: fact["anonymous"] is True)
                or (["every operation"] if own["anonymous"] is True and not below else []),
                "operations": len(below),
            },
        )

    def _fact(self, scopes: tuple[str, ...], ways: Sequence[_Way], hidden: Gap | None) -> dict[str, Json]:
        flows = [(way, self._flow(scopes, way)) for way in ways]
        worst = min(flows, key=lambda pair: _RANK.index(_state(pair[1])))[1]
        unseen = next((c.gap for c in worst.always + worst.sometimes if c.kind is Kind.UNSEEN and c.gap), None)
        own_way = any(check.kind is Kind.OWN for check in worst.always + worst.sometimes)
        state: Json = _state(worst)
        if state in _UNCHECKED and (unseen or own_way or hidden):
            state = Unread(unseen or hidden or _undecided(scopes[0]))
        keyless = [flow for way, flow in flows if way.keyless]
        open_ways = [flow for flow in keyless if _state(flow) in _UNCHECKED]
        anonymous: Json = bool(open_ways)
        if open_ways and isinstance(state, Unread):
            anonymous = state
        checks = [check.text for check in worst.always if check.kind is not Kind.UNSEEN]
        dropped = self._dropped(scopes)
        return {
            "state": state,
            "checks": checks,
            "conditional": [check.text for check in worst.sometimes],
            "dropped": dropped,
            "anonymous": anonymous,
            "text": ", ".join(checks) if state == "checked" else _text(worst, dropped),
        }

    def _flow(self, scopes: tuple[str, ...], way: _Way) -> Flow:
        return self._documents.flow(
            (*scopes, *((way.product,) if way.product else ()), *self._documents.above(scopes[0]))
        )

    def _dropped(self, scopes: tuple[str, ...]) -> list[str]:
        """Checks of broader policies that a policy without <base /> keeps from applying."""
        chain = (*scopes, *self._documents.above(scopes[0]))
        for index, scope in enumerate(chain[:-1]):
            if not self._documents.of(scope).has_base:
                lost = self._documents.flow(chain[index + 1 :])
                return [check.text for check in lost.always if check.strong]
        return []

    # --- by which keys an API can be called

    def _ways(self, api: Resource) -> list[_Way]:
        products = self._products.get(api.key, [])
        open_products = [one for one in products if _is_open(one)]
        takes_no_key = value(api.body, "properties", "subscriptionRequired") is False
        ways = [_Way(one.key, keyless=True) for one in open_products]
        # A call without a key is one of the open product that holds the API, where there is one.
        if takes_no_key and not open_products:
            ways.append(_Way("", keyless=True))
        ways += [_Way(one.key, keyless=False) for one in products if one not in open_products]
        if not products or self._has_wide_key(api):
            ways.append(_Way("", keyless=False))
        return ways

    def _hidden_product(self, api: Resource) -> Gap | None:
        """Why a product whose policy checks may hold the API all the same."""
        if api.key in self._products:
            return None
        holder = ids.parent_of(api.key)
        for kind in PRODUCTS:
            for one in self._inventory.of_type(kind):
                if ids.parent_of(one.key) != holder:
                    continue
                gap = self._inventory.gap(f"{kind}/apilinks", one.key)
                if gap and self._documents.flow((one.key, *self._documents.above(one.key))).guarded:
                    return gap
        return None

    def _has_wide_key(self, api: Resource) -> bool:
        """Whether a key for the API or for all APIs is in use."""
        for kind in SUBSCRIPTIONS:
            for one in self._inventory.of_type(kind):
                scope = str(value(one.body, "properties", "scope") or "").rstrip("/").lower()
                active = str(value(one.body, "properties", "state") or "active").lower() == "active"
                mine = scope in (ids.parent_of(api.key), f"{ids.parent_of(api.key)}/apis", api.key)
                if active and mine and one.name.lower() != _MASTER:
                    return True
        return False

    def _by_api(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for kind in LINKS:
            for link in self._inventory.of_type(kind):
                product = self._inventory.get(ids.parent_of(link.key))
                if product is None:
                    continue
                named = value(link.body, "properties", "apiId")
                holder = ids.parent_of(product.key)
                api = ids.id_key(named) if isinstance(named, str) else f"{holder}/apis/{link.name.lower()}"
                if product not in found.setdefault(api, []):
                    found[api].append(product)
        return found


class _Told:
    """Names of an API's operations by what holds for them; unread where that is not known of one that matters."""

    def __init__(self, below: Sequence[tuple[Resource, Mapping[str, Json]]], gap: Gap | None) -> None:
        self._below = below
        self._gap = gap

    def names(self, holds: object) -> list[str] | Unread:
        found: list[str] = []
        for operation, fact in self._below:
            if callable(holds) and holds(fact):
                found.append(_label(operation))
        if found:
            return found
        states = (fact["state"] for _, fact in self._below)
        unread = next((state for state in states if isinstance(state, Unread)), None)
        return unread or (Unread(self._gap) if self._gap else [])


def _label(operation: Resource) -> str:
    method, url = (value(operation.body, "properties", name) for name in ("method", "urlTemplate"))
    return f"{method} {url}" if isinstance(method, str) and isinstance(url, str) else operation.name


def _is_open(product: Resource) -> bool:
    """Whether a product asks for no key and is published."""
    required = value(product.body, "properties", "subscriptionRequired")
    state = str(value(product.body, "properties", "state") or "notPublished")
    return required is False and state.lower() == "published"


def _state(flow: Flow) -> str:
    if any(check.strong for check in flow.always):
        return "checked"
    if flow.ends:
        return "answered"
    return "partly" if any(check.strong for check in flow.sometimes) else "unchecked"


def _text(flow: Flow, dropped: Sequence[str]) -> str:
    """What there is instead of a check, in words."""
    weak = [check.text for check in flow.always if check.kind in (Kind.TOKEN, Kind.CERTIFICATE) and not check.strong]
    partial = [check.text for check in flow.sometimes if check.strong]
    if weak:
        return f"there is only {', '.join(weak)}"
    if partial:
        return f"only some requests meet {', '.join(partial)}"
    if dropped:
        return f"{', '.join(dropped)} does not apply, since a narrower policy leaves <base /> out"
    return "no policy checks a token or a certificate"


def _undecided(scope: str) -> Gap:
    return Gap(
        scope,
        ids.type_of_id(scope),
        "read the policy",
        None,
        "NotDecidable",
        "a condition of its own decides who gets on",
    )


_ALL = (*HOLDERS, *APIS, *OPERATIONS, *PRODUCTS, *POLICIES, *FRAGMENTS, *NAMED_VALUES, *LINKS, *SUBSCRIPTIONS)

FAMILY = FactFamily(
    name="api_protection",
    types=frozenset((*APIS, *OPERATIONS)),
    # What the products hold is read by their links; the list `products/apis` gives the APIs themselves once more.
    needs=frozenset(kind for kind in _ALL if not kind.endswith("/products/apis")),
    compute=compute,
)
