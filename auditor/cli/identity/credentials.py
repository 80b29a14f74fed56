"""`auditor identity credentials`: what each consumer keeps, what it opens, and the better step that exists for it."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.asked import Asked, asks, meant


@asks()
def credentials(
    asked: Asked,
    of: Annotated[
        str | None,
        typer.Option("--of", help="Only what this resource keeps, or what opens it.", metavar="RESOURCE"),
    ] = None,
) -> None:
    """Keys, passwords and signatures in settings, one entry a secret: the better step, and the exact role for it."""
    from auditor.facts.credentials.kept import kept
    from auditor.facts.registry import FactStore, needs_of
    from auditor.pictures.credentials import credentials_picture
    from auditor.report.credentials_answer import as_json, as_text

    found = asked.opened(needs_of(["credentials"]))
    facts = FactStore(found.inventory)
    wanted = meant(found.inventory, of).key if of else ""
    told = kept(found.inventory, facts, wanted)
    unread = sorted({gap.type for gap in found.inventory.gaps if "/config" in gap.type.lower()})
    asked.answer(
        (*found.notices, *facts.notices, *(f"{kind} was not read everywhere" for kind in unread)),
        json=lambda: as_json(told),
        picture=lambda: credentials_picture(told),
        text=lambda width: as_text(told, width),
    )
