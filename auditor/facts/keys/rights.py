"""Whether an identity may use a vault's key to wrap and unwrap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from fnmatch import fnmatchcase

from auditor.facts.keys.places import at
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource

_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_UNWRAP = "microsoft.keyvault/vaults/keys/unwrap/action"
# Built-in roles that may wrap and unwrap, for sources without role definitions: Crypto Service Encryption User, Crypto
# User, Crypto Officer, Administrator. https://learn.microsoft.com/azure/key-vault/general/rbac-guide
_BUILT_IN = frozenset(
    {
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",
        "12338af0-0e69-4776-bea7-57ae8d297424",
        "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    }
)


class Right(Enum):
    """What is known of an identity's right to a key."""

    GRANTED = "granted"
    MISSING = "missing"
    UNKNOWN = "unknown"


class KeyRights:
    """Rights to the keys of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._assignments: dict[str, list[Resource]] = {}
        self._above: list[Resource] = []  # which management group a subscription is in is not asked: each may count
        for assignment in inventory.of_type(_ASSIGNMENT):
            scope = ids.id_key(str(at(assignment.body, "properties.scope") or ids.parent_of(assignment.key)))
            if scope in ("", "/") or scope.startswith("/providers/microsoft.management/managementgroups/"):
                self._above.append(assignment)
            else:
                self._assignments.setdefault(scope, []).append(assignment)

    def of(self, principal: str, vault: Resource, key_id: str) -> Right:
        """Whether the service principal with this object id may unwrap with a key, by its key id."""
        if not principal:
            return Right.UNKNOWN
        # A vault of which it is not set goes by access policies:
        # https://learn.microsoft.com/azure/key-vault/general/access-control-default
        rbac = at(vault.body, "properties.enableRbacAuthorization")
        if rbac is True:
            return self._by_role(principal, vault, key_id)
        return _by_policy(principal, at(vault.body, "properties.accessPolicies"))

    def _by_role(self, principal: str, vault: Resource, key_id: str) -> Right:
        unsure = False
        for assignment in self._at_or_above(key_id):
            grants = self._grants(str(at(assignment.body, "properties.roleDefinitionId") or ""))
            if grants is False:
                continue
            if str(at(assignment.body, "properties.principalId") or "").lower() == principal.lower():
                if grants:
                    return Right.GRANTED
                unsure = True
            # Who is a member of a group is not read.
            unsure = unsure or str(at(assignment.body, "properties.principalType") or "").lower() == "group"
        if unsure or self._inventory.gap(_ASSIGNMENT, vault.id):
            return Right.UNKNOWN
        return Right.MISSING

    def _at_or_above(self, key_id: str) -> Iterator[Resource]:
        place = ids.id_key(key_id)
        while place:
            yield from self._assignments.get(place, ())
            place = ids.parent_of(place)
        yield from self._above

    def _grants(self, role: str) -> bool | None:
        """Whether a role may unwrap; None where it is not known."""
        if role.rpartition("/")[2].lower() in _BUILT_IN:
            return True
        definition = self._inventory.get(role)
        if definition is None:
            return None
        permissions = at(definition.body, "properties.permissions")
        return any(
            _matches(block.get("dataActions"), _UNWRAP) and not _matches(block.get("notDataActions"), _UNWRAP)
            for block in permissions or ()
            if isinstance(block, Mapping)
        )


def _matches(patterns: Iterable[Json] | None, action: str) -> bool:
    return any(fnmatchcase(action, str(pattern).lower()) for pattern in patterns or ())


def _by_policy(principal: str, policies: Json) -> Right:
    if not isinstance(policies, list):
        return Right.UNKNOWN
    for policy in policies:
        permissions = {str(word).lower() for word in at(policy, "permissions.keys") or ()}
        if str(at(policy, "objectId") or "").lower() == principal.lower() and permissions & {"unwrapkey", "all"}:
            return Right.GRANTED
    # A group can hold a policy, and who is a member of it is not read.
    return Right.UNKNOWN if policies else Right.MISSING
