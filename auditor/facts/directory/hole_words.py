"""Holes in words, and which of them are none: emergency accounts, and what must be left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.facts.directory.policy_conditions import ALL_TRUSTED, GUEST_TYPES, Policy
from auditor.facts.directory.sign_ins import Hole, Question
from auditor.facts.network.bodies import items
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap

_GROUPS = "microsoft.graph/groups"
# "Two or more emergency access accounts" are to be left out of every policy:
# https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access
_EMERGENCY = 5
# A group with fewer members than this does not hold everybody.
_LARGE = 20
# Directory Synchronization Accounts: the service signs in unattended
# (https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength#user-exclusions).
_SYNCHRONIZATION = "role:d29b2b05-8046-44ba-8758-1e26182fcf32"
# Microsoft says to leave these out of a policy for all applications: Intune Enrollment, the stores by which Windows is
# activated, and signing in to a machine, which has a policy of its own
# (https://learn.microsoft.com/entra/identity/conditional-access/policy-all-users-mfa-strength#application-exclusions).
_LEFT_OUT = frozenset(
    (
        "d4ebce55-015a-49b5-a083-c84d1797ae8c",
        "45a330b1-b1ec-4cc1-9161-9f03992aa49f",
        "372140e0-b3b7-4226-8ef9-d57986796201",
    )
)
_GUESTS = {kind.lower(): kind for kind in GUEST_TYPES}
_ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
}
_HOLDERS = "holders of the role "
_CONTROLS = {
    "mfa": "multifactor authentication",
    "compliantapplication": "an app protection policy",
    "termsofuse": "terms of use",
    "passwordchange": "a change of the password",
    "weakstrength": "a strength that one factor meets",
}


class Words:
    """Names of what holes consist of."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def judged(self, hole: Hole, policies: Sequence[Policy], question: Question) -> str | Gap:
        """The hole in words; "" where it is none; a gap where that is not known."""
        user, app = hole.values.get("user", ""), hole.values.get("app", "")
        if user == _SYNCHRONIZATION or app in _LEFT_OUT:
            return ""
        if gap := self._maybe_in_group(hole, policies, question):
            return gap
        if user.startswith("user:"):
            named = {one for policy in policies for one in policy.users.excluded if one.startswith("user:")}
            return "" if len(named) <= _EMERGENCY else self._with_rest(f"{len(named)} named users", hole)
        if user.startswith("group:"):
            return self._group(user.removeprefix("group:"), hole)
        return self._with_rest("", hole) if hole.values else "everybody"

    def joined(self, told: Iterable[str]) -> list[str]:
        """Guests of several kinds as one hole, and holders of several roles."""
        found = list(dict.fromkeys(told))
        guests = [one.removeprefix("guest ") for one in found if one.startswith("guest ")]
        named = set(_ROLES.values())
        roles = [role for one in found if (role := one.removeprefix(_HOLDERS)) in named and one.startswith(_HOLDERS)]
        rest = [one for one in found if not one.startswith("guest ") and one.removeprefix(_HOLDERS) not in roles]
        if roles:
            rest.append(f"holders of the roles {', '.join(roles)}" if len(roles) > 1 else f"{_HOLDERS}{roles[0]}")
        return [*rest, f"guests and external users ({', '.join(guests)})"] if guests else rest

    def controls(self, policy: Policy) -> str:
        """What a policy asks for."""
        joiner = " and " if policy.every else " or "
        return joiner.join(_CONTROLS.get(control, control) for control in policy.controls)

    def _maybe_in_group(self, hole: Hole, policies: Sequence[Policy], question: Question) -> Gap | None:
        """Why it is not known that the hole is one: a policy for a group guards it, and who is in it was not read."""
        sign_in = question.base.where(**hole.values)
        for policy in policies:
            if not (policy.enabled and policy.asks(question.good)):
                continue
            for group in sorted(one for one in policy.users.included if one.startswith("group:")):
                name = group.removeprefix("group:")
                if not policy.misses(sign_in.where(user=group)) and (gap := self._may_hold_all(name)):
                    return gap
        return None

    def _may_hold_all(self, group: str) -> Gap | None:
        found = self._inventory.get(group)
        if found is None:
            return self._unread(group)
        return _who(group) if len(items(found.body, "members")) >= _LARGE else None

    def _unread(self, group: str) -> Gap | None:
        """Why a group is not here; None where all groups were read, and this one was deleted."""
        return _who(group) if self._inventory.gap(_GROUPS, None) else None

    def _group(self, group: str, hole: Hole) -> str | Gap:
        found = self._inventory.get(group)
        if found is None:
            return self._unread(group) or ""
        if len(items(found.body, "members")) <= _EMERGENCY:
            return ""
        return self._with_rest(f"members of the group {found.display_name}", hole)

    def _with_rest(self, who: str, hole: Hole) -> str:
        parts = [who] if who else []
        for field, one in sorted(hole.values.items(), key=lambda pair: pair[0] != "user"):
            if field == "user" and not who:
                parts.append(self._user(one))
            elif field == "app":
                parts.append(f"in the application {self._name(one)}")
            elif field == "place":
                parts.append("from every trusted place" if one == ALL_TRUSTED else f"from {self._name(one)}")
            elif field == "platform":
                parts.append(f"on {one}")
        return " ".join(parts)

    def _user(self, user: str) -> str:
        kind, _, name = user.partition(":")
        if kind == "guest":
            return f"guest {_GUESTS.get(name, name)}"
        return f"{_HOLDERS}{_ROLES.get(name) or self._name(name)}" if kind == "role" else f"{kind} {name}"

    def _name(self, key: str) -> str:
        found = self._inventory.get(key)
        return found.display_name if found else self._by_application_id(key) or key

    def _by_application_id(self, key: str) -> str:
        for principal in self._inventory.of_type("Microsoft.Graph/servicePrincipals"):
            if str(principal.body.get("appId", "")).lower() == key:
                return principal.display_name
        return ""


def _who(group: str) -> Gap:
    """Stands for the members of a group."""
    message = f"whether the group {group} holds everybody is not known"
    return Gap(group, "Microsoft.Graph/groups", "read the group", None, "NotRead", message)
