"""Whether an identity may use a vault's key: by the vault's access policies or by roles, whichever counts there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from auditor.facts.keys.places import at, text_at
from auditor.facts.private_link.tenancy import not_collected
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource

ASSIGNMENT = "microsoft.authorization/roleassignments"
DEFINITION = "microsoft.authorization/roledefinitions"
GROUP = "microsoft.graph/groups"
NEEDS = frozenset({ASSIGNMENT, DEFINITION, GROUP})

# https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault
_DATA_ACTIONS: Mapping[str, str] = {
    "get": "microsoft.keyvault/vaults/keys/read",
    "wrapKey": "microsoft.keyvault/vaults/keys/wrap/action",
    "unwrapKey": "microsoft.keyvault/vaults/keys/unwrap/action",
    "encrypt": "microsoft.keyvault/vaults/keys/encrypt/action",
    "decrypt": "microsoft.keyvault/vaults/keys/decrypt/action",
}
WRAPPING = ("get", "wrapKey", "unwrapKey")
_ENCRYPTING = ("encrypt", "decrypt")
# For sources without role definitions; https://learn.microsoft.com/azure/key-vault/general/rbac-guide
_BUILT_IN: Mapping[str, frozenset[str]] = {
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": frozenset(WRAPPING),  # Crypto Service Encryption User
    "12338af0-0e69-4776-bea7-57ae8d297424": frozenset(_DATA_ACTIONS),  # Crypto User
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": frozenset(_DATA_ACTIONS),  # Crypto Officer
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": frozenset(_DATA_ACTIONS),  # Administrator
    "21090545-7ca7-4776-b22c-e363652d74d2": frozenset({"get"}),  # Reader
    "4633458b-17de-408a-b874-0445c86b69e6": frozenset(),  # Secrets User
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": frozenset(),  # Secrets Officer
    "a4417e6f-fecd-4de8-b567-7b0420556985": frozenset(),  # Certificates Officer
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": frozenset(),  # Certificate User
    "f25e0fa2-a7c8-4377-a976-54943a77a395": frozenset(),  # Key Vault Contributor
    "b24988ac-6180-42a0-ab88-20f7382dd24c": frozenset(),  # Contributor
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": frozenset(),  # Owner
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": frozenset(),  # Reader of Azure
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What is known of an identity's rights to a key."""

    missing: tuple[str, ...] = ()
    """What it may not do, as access policies name it; empty where it may do all, or where `gap` is given."""
    gap: Gap | None = None
    decided_by: tuple[str, ...] = ()


class KeyRights:
    """Rights to the keys of one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._assignments: dict[str, list[Resource]] = {}
        self._above: list[Resource] = []  # which management group a subscription is in is not asked: each may count
        for assignment in inventory.of_type(ASSIGNMENT):
            scope = ids.id_key(str(at(assignment.body, "properties.scope") or ids.parent_of(assignment.key)))
            if scope in ("", "/") or scope.startswith("/providers/microsoft.management/managementgroups/"):
                self._above.append(assignment)
            else:
                self._assignments.setdefault(scope, []).append(assignment)
        self._closed = inventory.gap("auditor/closedworld", "/") is None

    def of(self, principal: str, vault: Resource, key_id: str, *, may_encrypt: bool = False) -> Rights:
        """What the service principal with this object id may not do with a key, by the key's id.

        With `may_encrypt` encrypting and decrypting serve as well as wrapping.
        """
        # A vault of which it is not set goes by access policies:
        # https://learn.microsoft.com/azure/key-vault/general/access-control-default
        if at(vault.body, "properties.enableRbacAuthorization") is True:
            held, gap = self._by_role(principal.lower(), key_id)
            gap = gap or self._inventory.gap(ASSIGNMENT, vault.id)
            decided = f"{vault.id}:properties.enableRbacAuthorization"
        else:
            held, gap = self._by_policy(principal.lower(), vault)
            decided = f"{vault.id}:properties.accessPolicies"
        missing = tuple(name for name in WRAPPING if name not in held)
        if not missing or (may_encrypt and held.issuperset(_ENCRYPTING)):
            return Rights()
        return Rights(gap=gap) if gap else Rights(missing, None, (decided,))

    def _by_role(self, principal: str, key_id: str) -> tuple[set[str], Gap | None]:
        """What roles grant, and why there may be more."""
        held: set[str] = set()
        gap: Gap | None = None
        for assignment in self._at_or_above(key_id):
            member = self._is_member(principal, assignment)
            if member is False:
                continue
            role = str(at(assignment.body, "properties.roleDefinitionId") or "")
            granted = self._grants(role)
            if granted is None:
                gap = (
                    gap or self._inventory.gap(DEFINITION, None) or _unsure(role, "the role's definition was not read")
                )
            elif at(assignment.body, "properties.condition") and granted:
                gap = gap or _unsure(assignment.id, "the assignment has a condition")
            elif isinstance(member, Gap):
                gap = gap or (member if granted else None)
            else:
                held |= granted
        return held, gap

    def _is_member(self, principal: str, assignment: Resource) -> bool | Gap:
        """Whether an assignment is the principal's, itself or by a group."""
        holder = text_at(assignment.body, "properties.principalId")
        if holder == principal:
            return True
        if text_at(assignment.body, "properties.principalType") != "group":
            return False
        return self._in_group(principal, holder)

    def _in_group(self, principal: str, group_id: str) -> bool | Gap:
        group = self._inventory.get(group_id)
        members = at(group.body, "members") if group else None
        if isinstance(members, list):
            return any(text_at(member, "id") == principal for member in members)
        return self._inventory.gap(GROUP, None) or _unsure(group_id, "who is a member of the group was not read")

    def _by_policy(self, principal: str, vault: Resource) -> tuple[set[str], Gap | None]:
        """What access policies grant; only one that grants something can do so through a group."""
        policies = at(vault.body, "properties.accessPolicies")
        held: set[str] = set()
        gap: Gap | None = None
        for policy in policies if isinstance(policies, list) else ():
            words = at(policy, "permissions.keys")
            granted = _named({str(word).lower() for word in words} if isinstance(words, list) else ())
            holder = text_at(policy, "objectId")
            if holder == principal:
                held |= granted
            elif granted and self._may_be_group(holder):
                member = self._in_group(principal, holder)
                if isinstance(member, Gap):
                    gap = gap or member
                elif member:
                    held |= granted
        return held, gap

    def _may_be_group(self, object_id: str) -> bool:
        """Whether an object can be a group; one that is known as something else cannot."""
        found = self._inventory.get(object_id)
        if found is not None:
            return found.type_key == GROUP
        return not self._closed and object_id not in self._principals()

    def _principals(self) -> frozenset[str]:
        identities = self._inventory.of_type("Microsoft.ManagedIdentity/userAssignedIdentities")
        return frozenset(text_at(one.body, "properties.principalId") for one in identities)

    def _at_or_above(self, key_id: str) -> Iterator[Resource]:
        place = ids.id_key(key_id)
        while place:
            yield from self._assignments.get(place, ())
            place = ids.parent_of(place)
        yield from self._above

    def _grants(self, role: str) -> frozenset[str] | None:
        """What a role may do with keys; None where it is not known."""
        definition = self._inventory.get(role)
        if definition is None:
            return _BUILT_IN.get(role.rpartition("/")[2].lower())
        blocks = at(definition.body, "properties.permissions")
        return frozenset(
            name
            for name, action in _DATA_ACTIONS.items()
            if any(
                _matches(block.get("dataActions"), action) and not _matches(block.get("notDataActions"), action)
                for block in (blocks if isinstance(blocks, list) else ())
                if isinstance(block, Mapping)
            )
        )


def _named(words: Collection[str]) -> set[str]:
    return {name for name in _DATA_ACTIONS if name.lower() in words or "all" in words}


def _matches(patterns: Iterable[Json] | None, action: str) -> bool:
    return any(fnmatchcase(action, str(pattern).lower()) for pattern in patterns or ())


def _unsure(scope: str, words: str) -> Gap:
    return not_collected(scope, ASSIGNMENT, words)
