"""The private endpoint connections of each service, who made them, and which sub-resources they cover.

A fact of a resource that private endpoints can lead to:

    {"connections": [{"id": "...", "endpoint": "/subscriptions/.../privateendpoints/pe", "state": "approved",
                      "group_ids": ["blob"], "subscription": "<guid>", "own_subscription": true, "known": true,
                      "tenant_known": true, "manual": false, "description": "Auto-Approved"}],
     "approved": 1, "pending": 0, "rejected": 0, "disconnected": 0, "foreign": 0,
     "covered": ["blob"], "in_use": ["blob", "dfs"], "missing": ["dfs"], "text": "..."}

`own_subscription`: the endpoint is in the subscription of the resource. `known`: it was read. `tenant_known`: it is in
a subscription that the identity sees. `foreign` counts approved connections of which it is not. `in_use` and `missing`
hold sub-resources; those of the second region have `_secondary` in their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.facts.network.topology import items, key_at, value
from auditor.facts.private_link.endpoint_body import ENDPOINT, STATES, connections_of, state_of
from auditor.facts.private_link.tenancy import SUBSCRIPTION, Tenancy, not_collected
from auditor.facts.private_link.usage import STORAGE_CHILDREN, in_use
from auditor.facts.private_link.zones import Service, services
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.coverage import LISTED_APART
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

# Not in the table of zones, since their names are the owner's choice.
_NAMELESS = (
    Service("Microsoft.Network/privateLinkServices", "private link service", ()),
    Service("Microsoft.Network/applicationGateways", "application gateway", ()),
)
SERVICES = (*services(), *_NAMELESS)
"""Everything that private endpoints can lead to."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each resource that private endpoints can lead to."""
    world = _World(inventory)
    return {r.key: world.fact(r, service) for service in SERVICES for r in inventory.of_type(service.type)}


class _World:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._tenancy = Tenancy.of(inventory)
        self._by_target: dict[str, list[Resource]] = {}
        for endpoint in inventory.of_type(ENDPOINT):
            for connection in connections_of(endpoint):
                self._by_target.setdefault(connection.target, []).append(endpoint)

    def fact(self, resource: Resource, service: Service) -> Json | Unread:
        if gap := resource.unread.get("properties"):
            return Unread(gap)
        found = list(self._connections(resource))
        if not found and (gap := self._inventory.gap(f"{resource.type_key}/privateendpointconnections", resource.key)):
            return Unread(gap)
        counts = {state: sum(c["state"] == state for c in found) for state in STATES}
        # An endpoint of a stranger covers nothing: no network of ours goes through it.
        ours = [c for c in found if c["state"] == "approved" and c["tenant_known"] is not False]
        only = service.sub_resources if len(service.sub_resources) == 1 else ()
        covered = sorted({group for c in ours for group in c["group_ids"] or only}, key=str.lower)
        used = in_use(resource, service, self._inventory)
        used_names = sorted(name for name, used_here in used.items() if used_here is True)
        return {
            "connections": found,
            **counts,
            "foreign": self._foreign(found),
            "covered": covered,
            "in_use": used_names,
            "missing": self._missing(ours, covered, used),
            "decided_by": _decided(resource, found),
            "disconnected_ids": [c["id"] for c in found if c["state"] == "disconnected" and c["id"]],
            "text": _text(counts, covered, used_names),
        }

    def _connections(self, resource: Resource) -> Iterator[dict[str, Json]]:
        """What the resource lists, in its body or as children, and endpoints that lead to it without being listed."""
        bodies = [*items(resource.body, "properties", "privateEndpointConnections")]
        listed = {str(value(body, "id") or "").lower() for body in bodies}
        children = self._inventory.children(resource, "privateEndpointConnections")
        bodies += [child.body for child in children if child.key not in listed]
        seen: set[str] = set()
        for body in bodies:
            endpoint = key_at(body, "properties", "privateEndpoint")
            seen.add(endpoint)
            yield self._connection(resource, body, endpoint)
        for endpoint_body in self._by_target.get(resource.key, ()):
            if endpoint_body.key not in seen:
                yield from self._unlisted(resource, endpoint_body)

    def _connection(self, resource: Resource, body: Json, endpoint: str) -> dict[str, Json]:
        properties = value(body, "properties")
        known = self._inventory.get(endpoint) if endpoint else None
        theirs = next((c for c in connections_of(known) if c.target == resource.key), None) if known else None
        description = str(value(properties, "privateLinkServiceConnectionState", "description") or "")
        return self._described(
            resource,
            identifier=str(value(body, "id") or ""),
            endpoint=endpoint,
            state=state_of(properties),
            groups=_groups(properties) or (theirs.groups if theirs else ()),
            # The service's own words where it approved by itself are "Auto-Approved":
            # https://learn.microsoft.com/azure/private-link/manage-private-endpoint
            manual=theirs.manual if theirs else not description.lower().replace(" ", "-").startswith("auto-approved"),
            description=description,
        )

    def _unlisted(self, resource: Resource, endpoint: Resource) -> Iterator[dict[str, Json]]:
        for theirs in connections_of(endpoint):
            if theirs.target == resource.key:
                yield self._described(
                    resource,
                    identifier="",
                    endpoint=endpoint.key,
                    state=theirs.state,
                    groups=theirs.groups,
                    manual=theirs.manual,
                    description="",
                )

    def _described(
        self,
        resource: Resource,
        *,
        identifier: str,
        endpoint: str,
        state: str,
        groups: Iterable[str],
        manual: bool,
        description: str,
    ) -> dict[str, Json]:
        subscription = ids.subscription_of(endpoint)
        foreign = self._tenancy.foreign(subscription) if subscription else False
        return {
            "id": identifier,
            "endpoint": endpoint,
            "state": state,
            "group_ids": list(groups),
            "subscription": subscription,
            "own_subscription": subscription == resource.subscription_id,
            "known": bool(endpoint) and self._inventory.get(endpoint) is not None,
            "tenant_known": foreign if isinstance(foreign, Unread) else not foreign,
            "manual": manual,
            "description": description,
        }

    def _foreign(self, found: list[dict[str, Json]]) -> Json | Unread:
        ours = [c["tenant_known"] for c in found if c["state"] == "approved"]
        unread = next((answer for answer in ours if isinstance(answer, Unread)), None)
        return unread or sum(answer is False for answer in ours)

    def _missing(
        self, ours: list[dict[str, Json]], covered: list[str], used: Mapping[str, bool | Unread]
    ) -> Json | Unread:
        """Sub-resources in use that no approved connection of ours covers."""
        have = {name.lower() for name in covered}
        open_ones = {name: answer for name, answer in used.items() if name.lower() not in have and answer is not False}
        unread = next((answer for answer in open_ones.values() if isinstance(answer, Unread)), None)
        if unread:
            return unread
        blind = next((c for c in ours if not c["group_ids"]), None)
        if open_ones and blind and len(used) > 1:
            return Unread(self._not_seen(blind["endpoint"]))
        return sorted(open_ones)

    def _not_seen(self, endpoint: str) -> Gap:
        gap = self._inventory.gap(ENDPOINT, endpoint or None)
        words = "the endpoint was not read, so which sub-resource it leads to is not known"
        return gap or not_collected(endpoint or "/", "Microsoft.Network/privateEndpoints", words)


def _decided(resource: Resource, found: list[dict[str, Json]]) -> dict[str, Json]:
    """Where the states stand: by the connection's place in the body, of others by the endpoint."""
    listed = [str(value(one, "id") or "").lower() for one in items(resource.body, "properties", _CONNECTIONS)]
    state = "properties.privateLinkServiceConnectionState.status"

    def place(connection: dict[str, Json]) -> str:
        identifier = connection["id"].lower()
        if identifier and identifier in listed:
            return f"properties.{_CONNECTIONS}[{listed.index(identifier)}].{state}"
        return f"{connection['id']}:{state}" if identifier else f"properties.{_CONNECTIONS}"

    by_state = {one: [place(c) for c in found if c["state"] == one] for one in STATES}
    foreign = [place(c) for c in found if c["state"] == "approved" and c["tenant_known"] is False]
    everything = [place(c) for c in found] or [f"properties.{_CONNECTIONS}"]
    return {**by_state, "approved": everything, "foreign": foreign, "missing": everything}


_CONNECTIONS = "privateEndpointConnections"


def _groups(properties: Json) -> tuple[str, ...]:
    """Sub-resources as services write them: a list, or one as `groupId` (Cosmos DB, AI Search)."""
    listed = items(properties, "groupIds")
    single = value(properties, "groupId")
    return tuple(map(str, listed)) or ((single,) if isinstance(single, str) and single else ())


def _text(counts: Mapping[str, int], covered: list[str], used: list[str]) -> str:
    parts = [f"{counts[state]} {state}" for state in STATES if counts[state]]
    whom = f" ({', '.join(covered)})" if covered else ""
    uses = f"; in use: {', '.join(used)}" if len(used) > 1 else ""
    return f"{', '.join(parts) or 'no connection'}{whom}{uses}"


FAMILY = FactFamily(
    name="private_link",
    types=frozenset(service.type.lower() for service in SERVICES),
    needs=frozenset((ENDPOINT, SUBSCRIPTION)) | STORAGE_CHILDREN | LISTED_APART,
    compute=compute,
    grounds={
        "approved": "Approved",
        "pending": "Approved, or no connection",
        "disconnected": "no connection that is left behind",
        "foreign": "a connection from one of the tenant's own subscriptions",
        "missing": "one Approved for each sub-resource in use",
    },
)
