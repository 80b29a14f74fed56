"""`auditor keys`: every customer-managed key, what it protects, as whom it is opened, and whether the chain holds."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.asked import Asked, asks


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("keys")(keys)


@asks(of_a_part=True)
def keys(
    asked: Asked,
    broken: Annotated[
        bool, typer.Option("--broken", help="Only keys that something cannot be read for want of.")
    ] = False,
    used_by: Annotated[
        str | None,
        typer.Option(
            "--used-by", help="Only the keys that this resource hangs on: its name or id.", metavar="RESOURCE"
        ),
    ] = None,
) -> None:
    """Every customer-managed key: what it protects, as whom it is opened, its health and the days it has left."""
    from auditor.cli.terminal.output import answer_width
    from auditor.facts.registry import FactStore, needs_of
    from auditor.report.keys_answer import Wanted, render

    found = asked.opened(needs_of(["key_chain"]))
    facts = FactStore(found.inventory, found.manifest.finished_at)
    chosen = asked.selected(found)
    part = chosen.within(found.inventory) if chosen else None
    wanted = Wanted(broken=broken, used_by=used_by or "", chosen=part)
    name, columns = found.manifest.source, answer_width(asked.output)
    text = render(found.inventory, facts, asked.output_format.value, wanted, source=name, width=columns)
    asked.write(text, (*found.notices, *facts.notices))
