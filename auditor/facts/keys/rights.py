"""Whether an identity may use a vault's key: by the vault's access policies or by roles, whichever counts there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from auditor.facts.identity.access import NEEDS as ROLES
from auditor.facts.identity.access import Access, Answer
from auditor.facts.identity.principals import PrincipalKind
from auditor.facts.keys.places import at, text_at
from auditor.facts.private_link.tenancy import not_collected
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource

ASSIGNMENT = "microsoft.authorization/roleassignments"
NEEDS = ROLES
_GROUP = "microsoft.graph/groups"

# https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault
_DATA_ACTIONS = {
    "get": "Microsoft.KeyVault/vaults/keys/read",
    "wrapKey": "Microsoft.KeyVault/vaults/keys/wrap/action",
    "unwrapKey": "Microsoft.KeyVault/vaults/keys/unwrap/action",
    "encrypt": "Microsoft.KeyVault/vaults/keys/encrypt/action",
    "decrypt": "Microsoft.KeyVault/vaults/keys/decrypt/action",
}
_WRAPPING = ("get", "wrapKey", "unwrapKey")
_ENCRYPTING = ("encrypt", "decrypt")


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
        self._answers: dict[tuple[str, str, str], Answer] = {}

    @cached_property
    def _access(self) -> Access:
        return Access.of(self._inventory)

    def of(self, principal: str, vault: Resource, key_id: str, *, may_encrypt: bool = False) -> Rights:
        """What the service principal with this object id may not do with a key, by the key's id.

        With `may_encrypt` encrypting and decrypting serve as well as wrapping.
        """
        # A vault of which it is not set goes by access policies:
        # https://learn.microsoft.com/azure/key-vault/general/access-control-default
        if at(vault.body, "properties.enableRbacAuthorization") is True:
            wanted = (*_WRAPPING, *_ENCRYPTING) if may_encrypt else _WRAPPING
            held, gap = self._by_role(principal.lower(), key_id, wanted)
            decided = f"{vault.id}:properties.enableRbacAuthorization"
        else:
            held, gap = self._by_policy(principal.lower(), vault)
            decided = f"{vault.id}:properties.accessPolicies"
        missing = tuple(name for name in _WRAPPING if name not in held)
        if not missing or (may_encrypt and held.issuperset(_ENCRYPTING)):
            return Rights()
        return Rights(gap=gap) if gap else Rights(missing, None, (decided,))

    def _by_role(self, principal: str, key_id: str, wanted: Sequence[str]) -> tuple[set[str], Gap | None]:
        """What roles grant of what is wanted, and why there may be more."""
        answers = {name: self._may(principal, name, key_id) for name in wanted}
        doubts = (
            answer.doubt or not_collected(key_id, ASSIGNMENT, "who may use the key could not be worked out")
            for answer in answers.values()
            if answer.verdict is None
        )
        return {name for name, answer in answers.items() if answer.verdict}, next(doubts, None)

    def _may(self, principal: str, name: str, key_id: str) -> Answer:
        asked = (principal, name, key_id.lower())
        if asked not in self._answers:
            self._answers[asked] = self._access.may(principal, _DATA_ACTIONS[name], key_id, data=True)
        return self._answers[asked]

    def _by_policy(self, principal: str, vault: Resource) -> tuple[set[str], Gap | None]:
        """What access policies grant; only one that grants something can do so through a group."""
        policies = at(vault.body, "properties.accessPolicies")
        selves = {principal, *self._access.principals.groups_of(principal)}
        held: set[str] = set()
        gap: Gap | None = None
        for policy in policies if isinstance(policies, list) else ():
            words = at(policy, "permissions.keys")
            granted = _named({str(word).lower() for word in words} if isinstance(words, list) else ())
            holder = text_at(policy, "objectId")
            if holder in selves:
                held |= granted
            elif granted and self._may_be_unread_group(holder):
                gap = gap or not_collected(holder, _GROUP, f"who is a member of {holder} was not read")
        return held, gap

    def _may_be_unread_group(self, object_id: str) -> bool:
        """Whether an object can be a group whose members are not known: policies do not say what their objects are."""
        principals = self._access.principals
        known = principals.get(object_id).kind
        if known is PrincipalKind.GROUP:
            return principals.unread_members(object_id)
        # Only the groups that hold roles are read, so that an object of which nothing is known may be one.
        return known is PrincipalKind.UNKNOWN and self._inventory.gap("auditor/closedworld", "/") is not None


def _named(words: Collection[str]) -> set[str]:
    return {name for name in _DATA_ACTIONS if name.lower() in words or "all" in words}
