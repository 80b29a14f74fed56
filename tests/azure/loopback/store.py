"""The bodies a loopback Azure serves, indexed by the collections they are listed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.azure.loopback import ids

Body = Mapping[str, Any]

_LISTED_WIDELY = frozenset(
    {
        "microsoft.authorization/roleassignments",
        "microsoft.authorization/locks",
        "microsoft.authorization/policyassignments",
        "microsoft.authorization/policyexemptions",
        "microsoft.authorization/denyassignments",
        "microsoft.authorization/roleassignmentscheduleinstances",
        "microsoft.authorization/roleeligibilityscheduleinstances",
        "microsoft.security/assessments",
    }
)
"""Extension types that a subscription's list shows for everything below the subscription."""

_LISTED_ELSEWHERE = {
    # https://learn.microsoft.com/rest/api/defenderforcloud/jit-network-access-policies/list
    "microsoft.security/locations/jitnetworkaccesspolicies": "microsoft.security/jitnetworkaccesspolicies",
    # https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/list-deleted
    "microsoft.keyvault/locations/deletedvaults": "microsoft.keyvault/deletedvaults",
    "microsoft.keyvault/locations/deletedmanagedhsms": "microsoft.keyvault/deletedmanagedhsms",
}
"""Types that a subscription lists below a name of their own."""

_STORAGE_SERVICES = frozenset(("blobservices", "fileservices", "queueservices", "tableservices"))


class Store:
    """Bodies by id, and the lists that show them."""

    def __init__(self, bodies: Iterable[Body], subscriptions: Mapping[str, str]) -> None:
        self.by_id: dict[str, Body] = {}
        self.lists: dict[str, list[Body]] = {}
        self.by_type: dict[str, list[Body]] = {}
        self.top_level: dict[str, list[Body]] = {}
        """Resources of each subscription as the generic list shows them."""
        self.subscriptions: dict[str, str] = {guid.lower(): name for guid, name in subscriptions.items()}
        """GUID to name."""
        self.groups: dict[str, Body] = {}
        self._ancestors: set[str] = set()
        for body in bodies:
            self.add(body)

    def add(self, body: Body) -> None:
        """Take in one body; of two with one id the later one is served."""
        identifier = str(body["id"])
        if "properties" not in body and "/providers/" in identifier.lower():  # every resource has some
            body = {**body, "properties": {}}
        key = identifier.rstrip("/").lower()
        self.by_id[key] = body
        kind = ids.type_of(identifier).lower()
        self.by_type.setdefault(kind, []).append(body)
        subscription = ids.subscription_of(identifier)
        if subscription:
            self.subscriptions.setdefault(subscription, str(body.get("displayName") or f"sub-{subscription[:8]}"))
        if kind == "microsoft.resources/subscriptions":
            self.subscriptions[subscription] = str(body.get("displayName") or subscription)
        elif kind == "microsoft.resources/subscriptions/resourcegroups":
            self.groups[key] = body
        elif kind:
            self._list(key, kind, subscription, body)

    def replace(self, body: Body) -> None:
        """Take in one body in the place of one with the same id."""
        key = str(body["id"]).rstrip("/").lower()
        self._drop(lambda other: other == key)
        self.add(body)

    def remove(self, identifier: str) -> None:
        """Forget an object and what is below it."""
        key = identifier.rstrip("/").lower()
        self._drop(lambda other: other == key or other.startswith(f"{key}/"))

    def _drop(self, gone: Callable[[str], bool]) -> None:
        self.by_id = {key: body for key, body in self.by_id.items() if not gone(key)}
        for index in (self.by_type, self.lists, self.top_level):
            for name, bodies in index.items():
                index[name] = [body for body in bodies if not gone(str(body["id"]).rstrip("/").lower())]

    def _list(self, key: str, kind: str, subscription: str, body: Body) -> None:
        group = ids.group_of(key)
        if group and group not in self.groups:
            parts = str(body["id"]).strip("/").split("/")
            self.groups[group] = {
                "id": "/" + "/".join(parts[:4]),
                "name": parts[3],
                "type": "Microsoft.Resources/resourceGroups",
                "location": body.get("location") or "westeurope",
                "properties": {"provisioningState": "Succeeded"},
            }
        self.lists.setdefault(key.rpartition("/")[0], []).append(body)
        above = key.rpartition("/")[0]
        while above and above not in self._ancestors:
            self._ancestors.add(above)
            above = above.rpartition("/")[0]
        if not subscription:
            return
        is_extension = bool(ids.owner_of(key))
        whole = f"/subscriptions/{subscription}/providers/{kind}"
        if not is_extension and kind.count("/") == 1 and group:
            self.lists.setdefault(whole, []).append(body)
            self.top_level.setdefault(subscription, []).append(body)
        elif elsewhere := _LISTED_ELSEWHERE.get(kind):
            self.lists.setdefault(f"/subscriptions/{subscription}/providers/{elsewhere}", []).append(body)
        elif kind in _LISTED_WIDELY and key.rpartition("/")[0] != whole:
            self.lists.setdefault(whole, []).append(body)

    def exists(self, key: str) -> bool:
        """Whether an id (lower-cased) names something: a resource, a group, a subscription, or what is above."""
        parts = key.strip("/").split("/")
        if not key or key in self.by_id or key in self.groups:
            return True
        if parts[0] == "subscriptions" and len(parts) == 2:
            return parts[1] in self.subscriptions
        # A body below a parent that was not given shows that the parent exists.
        if key in self._ancestors:
            return True
        # A storage account has its services from the start: https://learn.microsoft.com/rest/api/storagerp/blob-services
        owner, _, service = key.removesuffix("/default").rpartition("/")
        return service in _STORAGE_SERVICES and key.endswith("/default") and owner in self.by_id

    def groups_of(self, subscription: str) -> Sequence[Body]:
        """Resource groups of a subscription, given or implied by what is in them."""
        prefix = f"/subscriptions/{subscription}/"
        return [body for key, body in self.groups.items() if key.startswith(prefix)]

    @property
    def types(self) -> frozenset[str]:
        """Types of which there are bodies, lower-cased."""
        return frozenset(self.by_type)
