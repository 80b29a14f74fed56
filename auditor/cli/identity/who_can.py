"""`auditor identity who-can`: who may do an action on a scope, by which role and through which groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.asked import Asked, asks, meant
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.inventory.inventory import Inventory

_ACTION = re.compile(r"[\w.-]+(?:/[\w.-]+)+")


@asks()
def who_can(
    asked: Asked,
    action: Annotated[
        str,
        typer.Argument(help="One operation, as role definitions name it.", metavar="ACTION"),
    ],
    on: Annotated[
        str,
        typer.Option(
            "--on", help="A scope: /, the id of a management group or subscription, or a resource.", metavar="SCOPE"
        ),
    ],
    data: Annotated[bool, typer.Option("--data", help="Ask about data actions.")] = False,
    eligible: Annotated[
        bool, typer.Option("--eligible", help="Count roles that have to be activated first, too.")
    ] = False,
) -> None:
    """Who may do something: members of groups by name, conditions and deny assignments counted."""
    from auditor.facts.identity.access import NEEDS_ELIGIBLE, Access
    from auditor.facts.identity.principals import USERS
    from auditor.facts.readable import readable
    from auditor.pictures.holders import holders_picture
    from auditor.report.identity_answers import holders_as_json, holders_as_text

    if not _ACTION.fullmatch(action):
        raise UsageError(
            f"{action} is no operation",
            remedy="Give one as role definitions name it, without wildcards: Microsoft.Compute/virtualMachines/write.",
        )
    found = asked.opened(NEEDS_ELIGIBLE | {USERS})
    inventory = readable(found.inventory)[0]
    scope = _scope(inventory, on)
    said = Access.of(inventory).holders(action, scope, data=data, eligible=eligible)
    asked.answer(
        found.notices,
        json=lambda: holders_as_json(action, scope, said, data=data),
        picture=lambda: holders_picture(action, scope, said),
        text=lambda width: holders_as_text(action, scope, said, width),
    )


def _scope(inventory: Inventory, text: str) -> str:
    """The scope that is meant: an id as it is, else the resource, subscription or group with that name."""
    from auditor.facts.identity.scopes import ScopeKind, kind_of

    if text.startswith("/") and kind_of(text) is not ScopeKind.UNKNOWN:
        return text
    return meant(inventory, text).id
