"""The inventory of tomorrow: today's with a change laid over it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from auditor.iac.back_references import refer_back
from auditor.iac.change import Change, Effect
from auditor.iac.foretold import with_members
from auditor.inventory import ids
from auditor.inventory.coverage import Coverage, embedding_parent
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from auditor.inventory.standing import STANDING, StandingChildren

_READ_ONLY = frozenset(
    {
        "privateendpointconnections",
        "provisioningstate",
        "resourceguid",
        "defaultsecurityrules",
        "virtualmachine",
        "macaddress",
        "uniqueid",
        "vmid",
        "primaryendpoints",
        "creationtime",
    }
)
"""Properties that only the service writes, by lower-cased name: what code leaves out of them stays."""
_READ_ONLY_OF = {
    "microsoft.network/networksecuritygroups": frozenset({"networkinterfaces", "subnets"}),
    "microsoft.network/routetables": frozenset({"subnets"}),
    "microsoft.network/natgateways": frozenset({"subnets", "publicipaddresses"}),
    "microsoft.network/publicipaddresses": frozenset({"ipconfiguration", "ipaddress"}),
}
_ONLY = frozenset(kind for kind, standing in STANDING.items() if len(standing.names) == 1)
"""Children of which each parent has exactly one: where it is here, there are no others."""
_ENDPOINT = "microsoft.network/privateendpoints"


def overlaid(base: Inventory | None, changes: Iterable[Change], source: str) -> Inventory:
    """Today's inventory with the changes laid over it; without one, a world of what the files say.

    In such a world, and below what is created, only what the files hold is known to exist: the rest is not read.
    """
    by_key = {resource.key: resource for resource in base if not base.is_embedded(resource)} if base else {}
    created: set[str] = set()
    touched: set[str] = set()
    deleted: set[str] = set()
    unread: dict[str, Gap] = {}
    for told in changes:
        key = ids.id_key(told.id)
        earlier = by_key.get(key) or (base.get(key) if base else None)
        change = told if earlier else told.otherwise or told
        if change.effect is Effect.UNREAD:
            unread |= {ids.type_key(change.partial.type): change.partial} if change.partial else {}
        elif change.effect is Effect.DELETE:
            deleted.add(key)
        elif change.effect is Effect.KEEP:
            by_key.setdefault(key, _resource(change, change.body))
        elif earlier or change.effect is not Effect.PATCH:  # a patch says nothing of the rest of what is not here
            deleted.discard(key)
            touched.add(key)
            created |= set() if earlier else {key}
            is_told = not (change.unread and earlier)
            was = earlier.body if earlier else {}
            by_key[key] = _resource(change, _merged(change, was) if is_told else was)
    gone = {key for key in by_key if key in deleted or _is_below(key, deleted)} if deleted else set()
    left = {key: resource for key, resource in by_key.items() if key not in gone}
    _into_parents(left, touched | deleted)
    refer_back(left, touched)
    _disconnect(left, {key for key in deleted if ids.type_of_id(key) == _ENDPOINT})
    for key in sorted(touched & set(left)):
        if left[key].type_key == _ENDPOINT:
            _connect(left, left[key])
    if base is None:
        for key in created:
            _leave_connections_open(left, key, source)
    resources = [*left.values(), *(base.change_records if base else ())]
    coverage = _Foreseen(base.coverage if base else None, resources, created, source, unread)
    gaps = base.gaps if base else ()
    return Inventory(resources, coverage, gaps, base.management_groups if base else None)


def _is_below(key: str, deleted: Collection[str]) -> bool:
    above = ids.parent_of(key)
    while above:
        if above in deleted:
            return True
        above = ids.parent_of(above)
    return False


def _resource(change: Change, body: Mapping[str, Any]) -> Resource:
    return Resource.from_body(
        body,
        resource_type=ids.type_of_id(change.id),
        resource_id=change.id,
        unread=change.unread,
        partial=change.partial,
    )


def _merged(change: Change, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The body after the change: what the change leaves out goes, but for what only the service writes."""
    if change.effect is Effect.PATCH:
        return _patched(earlier, change.body, adds=change.adds)
    if change.effect is Effect.STATE:
        found = _kept_beside(earlier, change.before, change.body)
        return found if isinstance(found, dict) else dict(change.body)
    body = with_members(change.body, {})
    own, old = body.get("properties"), earlier.get("properties")
    kind = ids.type_of_id(change.id).lower()
    names = _READ_ONLY | _READ_ONLY_OF.get(kind, frozenset()) | change.keeps
    if isinstance(own, Mapping) and isinstance(old, Mapping):
        there = {name.lower() for name, value in own.items() if value is not None}
        kept = {name: value for name, value in old.items() if name.lower() in names - there}
        body["properties"] = with_members(own, kept)
    return body


def _patched(earlier: Mapping[str, Any], body: Mapping[str, Any], *, adds: bool = False) -> dict[str, Any]:
    """The earlier body with what a patch sets, object by object; lists are set as a whole, or added to."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        own = next((key for key in earlier if key.lower() == name.lower()), name)
        old = next((inner for key, inner in earlier.items() if key == own), None)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            found[own] = _patched(old, value, adds=adds)
        elif adds and isinstance(value, list) and isinstance(old, list):
            found[own] = _added(old, value)
        else:
            found[own] = value
    return with_members(earlier, found)


def _added(old: list[Any], more: list[Any]) -> list[Any]:
    """The elements of both; those of one name are one, and the name `*` means all that are there."""
    found = list(old)
    for one in more:
        name = one.get("name") if isinstance(one, Mapping) else None
        same = [i for i, there in enumerate(found) if isinstance(there, Mapping) and name in ("*", there.get("name"))]
        if name is None or (not same and name != "*"):
            found += [] if one in found else [one]
        else:
            for place in same:
                found[place] = _patched(found[place], {k: v for k, v in one.items() if k != "name"}, adds=True)
    return found


def _kept_beside(today: Any, before: Any, after: Any) -> Any:
    """The state after: what today's body has and the foretelling leaves out on both sides stays."""
    if not isinstance(after, Mapping) or not isinstance(today, Mapping):
        return after
    earlier = {name.lower(): value for name, value in before.items()} if isinstance(before, Mapping) else {}
    foretold = {name.lower(): value for name, value in after.items()}
    found: dict[str, Any] = {}
    for name, value in today.items():
        if name.lower() in foretold:
            found[name] = _kept_beside(value, earlier.get(name.lower()), foretold[name.lower()])
        elif name.lower() not in earlier:
            found[name] = value
    there = {name.lower() for name in today}
    return {**found, **{name: value for name, value in after.items() if name.lower() not in there}}


def _into_parents(by_key: dict[str, Resource], changed: Collection[str]) -> None:
    """Bodies hold some of their children: put in what stands apart in code, take out what is deleted."""
    for key in sorted(changed):
        parent = by_key.get(ids.parent_of(key))
        kind = ids.type_of_id(by_key[key].id if key in by_key else key).lower()
        if parent is None or embedding_parent(kind) != parent.type_key:
            continue
        properties = parent.body.get("properties")
        if not isinstance(properties, Mapping):
            continue
        wanted = kind.rpartition("/")[2]
        name = next((own for own in properties if own.lower() == wanted), wanted)
        old = properties.get(name)
        elements = old if isinstance(old, list) else []
        kept = [one for one in elements if not (isinstance(one, Mapping) and ids.id_key(str(one.get("id", ""))) == key)]
        if key in by_key:
            kept.append(by_key[key].body)
        if kept != elements:
            by_key[parent.key] = _with_properties(parent, with_members(properties, {name: kept}))


def _with_properties(resource: Resource, properties: Mapping[str, Any]) -> Resource:
    return Resource.from_body(
        with_members(resource.body, {"properties": properties}),
        resource_type=resource.type,
        unread=resource.unread,
        partial=resource.partial,
    )


def _connect(by_key: dict[str, Resource], endpoint: Resource) -> None:
    """Give services the connections that a private endpoint brings.

    Approved at once where the endpoint asks for no approval, pending otherwise:
    https://learn.microsoft.com/azure/private-link/private-endpoint-overview, "Access to a private-link resource".
    """
    properties = endpoint.body.get("properties")
    for name, status in (
        ("privateLinkServiceConnections", "Approved"),
        ("manualPrivateLinkServiceConnections", "Pending"),
    ):
        connections = properties.get(name) if isinstance(properties, Mapping) else None
        for connection in connections if isinstance(connections, list) else ():
            _connect_one(by_key, endpoint, connection, status)


def _disconnect(by_key: dict[str, Resource], endpoints: Collection[str]) -> None:
    """Take away the connections of endpoints that are deleted."""
    for key, resource in list(by_key.items()) if endpoints else ():
        properties = resource.body.get("properties")
        found = properties.get("privateEndpointConnections") if isinstance(properties, Mapping) else None
        if isinstance(properties, Mapping) and isinstance(found, list):
            kept = [one for one in found if not any(endpoint in str(one).lower() for endpoint in endpoints)]
            if len(kept) < len(found):
                by_key[key] = _with_properties(resource, {**properties, "privateEndpointConnections": kept})


def _leave_connections_open(by_key: dict[str, Resource], key: str, source: str) -> None:
    """Without a base, other code may connect private endpoints to what this code creates."""
    resource = by_key.get(key)
    properties = resource.body.get("properties") if resource else None
    if resource is None or not isinstance(properties, Mapping) or resource.type_key.count("/") > 1:
        return
    if resource.type_key.startswith(("microsoft.network/", "microsoft.authorization/")):
        return
    old = properties.get("privateEndpointConnections")
    gap = Gap(
        resource.id,
        resource.type,
        f"read {source}",
        None,
        "NotInFiles",
        f"private endpoints that {source} does not hold may be connected to it",
    )
    found = [*(old if isinstance(old, list) else []), Unread(gap)]
    by_key[key] = _with_properties(resource, with_members(properties, {"privateEndpointConnections": found}))


def _connect_one(by_key: dict[str, Resource], endpoint: Resource, connection: Any, status: str) -> None:
    asked = connection.get("properties") if isinstance(connection, Mapping) else None
    target_id = asked.get("privateLinkServiceId") if isinstance(asked, Mapping) else None
    target = by_key.get(ids.id_key(target_id)) if isinstance(target_id, str) else None
    properties = target.body.get("properties") if target else None
    if target is None or not isinstance(properties, Mapping):
        return
    there = old if isinstance(old := properties.get("privateEndpointConnections"), list) else []
    if any(endpoint.key in str(one).lower() for one in there):
        return
    made = {
        "id": f"{target.id}/privateEndpointConnections/{endpoint.name}",
        "name": endpoint.name,
        "properties": {
            "privateEndpoint": {"id": endpoint.id},
            "groupIds": asked.get("groupIds") or [] if isinstance(asked, Mapping) else [],
            "privateLinkServiceConnectionState": {"status": status},
            "provisioningState": "Succeeded",
        },
    }
    by_key[target.key] = _with_properties(
        target, with_members(properties, {"privateEndpointConnections": [*there, made]})
    )


class _Foreseen:
    """What is known to exist of a world that is not there yet."""

    def __init__(
        self,
        base: Coverage | None,
        resources: Iterable[Resource],
        created: Collection[str],
        source: str,
        unread: Mapping[str, Gap],
    ) -> None:
        self._base, self._source = base, source
        there = list(resources)
        self._standing = StandingChildren(there)
        self._keys = {resource.key for resource in there}
        self._created = frozenset(created)
        self._unread = unread

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        """See `Coverage.gap`."""
        if type_key in self._unread:
            return self._unread[type_key]
        own = ids.id_key(scope) if scope is not None else ""
        is_connection = type_key.endswith("/privateendpointconnections")
        if own in self._created and embedding_parent(type_key) and (self._base is not None or not is_connection):
            return None  # its body, which the code writes, holds all of them
        if own in self._created and self._standing.lack(type_key, own):
            return self._open(type_key, scope, f"{self._source} does not set {type_key}, which always exists")
        if self._base is not None:
            return self._base.gap(type_key, scope)
        if own in self._keys and type_key in _ONLY:
            if not self._standing.lack(type_key, own):
                return None
            return self._open(type_key, scope, f"{self._source} does not set {type_key}, which always exists")
        return self._open(type_key, scope, f"only what {self._source} deploys is known, not which {type_key} exist")

    def _open(self, type_key: str, scope: str | None, message: str) -> Gap:
        return Gap(scope or "/", type_key, f"read {self._source}", None, "NotInFiles", message)
