"""`auditor network`: what the internet reaches, and why some traffic gets through or not."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.application import Application
from auditor.cli.asked import Asked, asks
from auditor.errors import SnapshotError


class Protocol(StrEnum):
    """What `--protocol` takes."""

    TCP = "tcp"
    UDP = "udp"


_FAMILIES = ("internet_exposure", "effective_security")
# `--from` says where the traffic comes from.
_Snapshot = Annotated[
    Path | None,
    typer.Option("--snapshot", help="A snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = Application(
        name="network", help="What the internet reaches, and why traffic gets through or not.", no_args_is_help=True
    )
    group.command("exposed")(exposed)
    group.command("explain")(explain)
    app.add_typer(group)


@asks(of_a_part=True)
def exposed(asked: Asked) -> None:
    """Which ports of which machines the internet reaches, by which path; the worst first."""
    from auditor.cli.terminal.output import answer_width
    from auditor.facts.registry import FactStore, needs_of
    from auditor.report.exposed_answer import render

    found = asked.opened(needs_of(_FAMILIES))
    facts = FactStore(found.inventory)
    chosen = asked.selected(found)
    text = render(
        found.inventory,
        facts,
        asked.output_format.value,
        source=found.manifest.source,
        width=answer_width(asked.output),
        chosen=chosen.within(found.inventory) if chosen else None,
    )
    asked.write(text, (*found.notices, *facts.notices))


@asks(source_path=(_Snapshot, None))
def explain(
    asked: Asked,
    origin: Annotated[
        str,
        typer.Option("--from", help="internet, an address, or a machine: its name or id.", metavar="WHERE"),
    ],
    target: Annotated[
        str,
        typer.Option(
            "--to", help="A network interface, machine or scale set: name, id or private address.", metavar="RESOURCE"
        ),
    ],
    port: Annotated[int, typer.Option("--port", help="Port of the target.", min=0, max=65535)],
    protocol: Annotated[Protocol, typer.Option("--protocol", help="tcp or udp.")] = Protocol.TCP,
) -> None:
    """Whether traffic gets through, by which way, and which rule decides at each stage."""
    from auditor.facts.network.question import Question, answer
    from auditor.facts.registry import needs_of
    from auditor.inventory.stumbles import Stumble, attempt
    from auditor.pictures.network_answer import picture
    from auditor.report.network_answer import as_json, as_text

    found = asked.opened(needs_of(_FAMILIES), option="--snapshot")
    said = attempt(answer, found.inventory, Question(origin, target, protocol.value, port))
    if isinstance(said, Stumble):
        body = next((f"the body of {suspect.id}" for suspect in said.suspects), "a body")
        raise SnapshotError(
            f"cannot be followed: {body} cannot be understood ({said})",
            subject=f"{origin} to {target}",
            remedy="Mend or leave out that resource in the export, or collect it anew.",
        )
    asked.answer(
        found.notices,
        json=lambda: as_json(said),
        picture=lambda: picture(said),
        text=lambda width: as_text(said, width),
    )
