"""Who may do what: principals, grants and denials, decided as Azure RBAC decides."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.azure.loopback.ids import is_below

TENANT = "99999999-9999-4999-8999-999999999999"


@dataclass(slots=True)
class Principal:
    """An identity that can sign in."""

    object_id: str = "0b1ec700-0000-4000-8000-000000000001"
    application_id: str = "a9911c00-0000-4000-8000-000000000001"
    secret: str = "a-made-up-secret"
    secret_expired: bool = False
    certificate: bytes = b""
    """PEM of the certificate that is registered for it; empty for none."""
    federated: tuple[tuple[str, str], ...] = ()
    """Issuer and subject of its federated credentials."""
    claims: Mapping[str, Any] = field(default_factory=dict)
    """More claims of its tokens: `xms_mirid` of a managed identity, `upn` and `idtyp` of a user."""
    graph_roles: tuple[str, ...] = ("Directory.Read.All", "Policy.Read.All", "Application.Read.All")
    """Application permissions for Microsoft Graph."""

    @property
    def name(self) -> str:
        """What an AuthorizationFailed calls it."""
        return str(self.claims.get("upn") or self.application_id)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an identity may do at a scope and below."""

    scope: str = "/"
    actions: tuple[str, ...] = ("*",)
    not_actions: tuple[str, ...] = ()
    principal: str = ""
    """Object id; "" for every principal."""


READER = ("*/read",)
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/general#reader"""


@dataclass(frozen=True, slots=True)
class Denial:
    """Reads that are refused with 403 although a grant would allow them."""

    scope: str = "/"
    type: str = "*"
    """Type or a pattern of types, without case: `Microsoft.KeyVault/*`."""
    principal: str = ""


@dataclass(slots=True)
class Access:
    """Grants and denials of a whole loopback Azure."""

    grants: Sequence[Grant] = (Grant(),)
    denials: Sequence[Denial] = ()

    def allows(self, principal: str, action: str, scope: str) -> bool:
        """Whether an action is allowed at exactly this scope."""
        if self._denied(principal, action, scope):
            return False
        return any(
            _concerns(grant.principal, principal) and is_below(scope, grant.scope) and _matches(grant, action)
            for grant in self.grants
        )

    def sees(self, principal: str, scope: str) -> bool:
        """Whether the identity has any read at or below a scope: then the scope itself is listed for it."""
        return any(
            _concerns(grant.principal, principal)
            and (is_below(scope, grant.scope) or is_below(grant.scope, scope))
            and any(name.lower().endswith(("*", "/read")) for name in grant.actions)
            for grant in self.grants
        )

    def has_narrower(self, principal: str, action: str, scope: str) -> bool:
        """Whether the action is allowed somewhere below: a list then shows only what may be read."""
        return not self._denied(principal, action, scope) and any(
            _concerns(grant.principal, principal) and is_below(grant.scope, scope) and _matches(grant, action)
            for grant in self.grants
        )

    def permissions(self, principal: str, scope: str) -> list[dict[str, Any]]:
        """What `.../providers/Microsoft.Authorization/permissions` answers: one entry a role assignment.

        https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource-group
        """
        denied = [
            f"{denial.type}/read" if denial.type != "*" else "*"
            for denial in self.denials
            if _concerns(denial.principal, principal) and is_below(scope, denial.scope)
        ]
        return [
            {
                "actions": list(grant.actions),
                "notActions": [*grant.not_actions, *denied],
                "dataActions": [],
                "notDataActions": [],
            }
            for grant in self.grants
            if _concerns(grant.principal, principal) and is_below(scope, grant.scope)
        ]

    def _denied(self, principal: str, action: str, scope: str) -> bool:
        kind = action.rpartition("/")[0] if action.endswith("/read") else action
        return any(
            _concerns(denial.principal, principal) and is_below(scope, denial.scope) and _like(kind, denial.type)
            for denial in self.denials
        )


def _concerns(wanted: str, principal: str) -> bool:
    return not wanted or wanted == principal


def _matches(grant: Grant, action: str) -> bool:
    return any(_like(action, name) for name in grant.actions) and not any(
        _like(action, name) for name in grant.not_actions
    )


def _like(text: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(text.lower(), pattern.lower())
