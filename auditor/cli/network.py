"""`auditor network`: what the internet reaches, and why some traffic gets through or not."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.application import Application
from auditor.cli.asked import AnswerFormat, Demo, Format, Output, SourcePath, opened
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn
from auditor.errors import SnapshotError

if TYPE_CHECKING:
    from auditor.facts.network.question import Answer


class Protocol(StrEnum):
    """What `--protocol` takes."""

    TCP = "tcp"
    UDP = "udp"


_FAMILIES = ("internet_exposure", "effective_security")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = Application(
        name="network", help="What the internet reaches, and why traffic gets through or not.", no_args_is_help=True
    )
    group.command("exposed")(exposed)
    group.command("explain")(explain)
    app.add_typer(group)


def exposed(
    demo: Demo = False,
    source_path: SourcePath = None,
    assume_complete: options.AssumeComplete = False,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    resource_group: options.ResourceGroups = None,
    tag: options.Tags = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    output_format: Format = AnswerFormat.TABLE,
    output: Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Which ports of which machines the internet reaches, by which path; the worst first."""
    from auditor.cli.live import live_options
    from auditor.cli.options.selected import selected
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.registry import FactStore, needs_of
    from auditor.report.exposed_answer import render

    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(source_path, live, needs_of(_FAMILIES), demo=demo, assume_complete=assume_complete)
    facts = FactStore(found.inventory)
    chosen = selected(found, subscription, management_group, resource_group, tag, live=not (demo or source_path))
    text = render(
        found.inventory,
        facts,
        output_format.value,
        source=found.manifest.source,
        width=answer_width(output),
        chosen=chosen.within(found.inventory) if chosen else None,
    )
    write_answer(text, output)
    for notice in (*found.notices, *facts.notices):
        warn(notice)


def explain(
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
    demo: Demo = False,
    source_path: Annotated[
        Path | None,
        typer.Option("--snapshot", help="A snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
    ] = None,
    assume_complete: options.AssumeComplete = False,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    output_format: Format = AnswerFormat.TABLE,
    output: Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Whether traffic gets through, by which way, and which rule decides at each stage."""
    from auditor.cli.live import live_options
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.network.question import Question, answer
    from auditor.facts.registry import needs_of
    from auditor.inventory.stumbles import Stumble, attempt

    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(
        source_path, live, needs_of(_FAMILIES), demo=demo, assume_complete=assume_complete, option="--snapshot"
    )
    said = attempt(answer, found.inventory, Question(origin, target, protocol.value, port))
    if isinstance(said, Stumble):
        body = next((f"the body of {suspect.id}" for suspect in said.suspects), "a body")
        raise SnapshotError(
            f"cannot be followed: {body} cannot be understood ({said})",
            subject=f"{origin} to {target}",
            remedy="Mend or leave out that resource in the export, or collect it anew.",
        )
    write_answer(_answered(said, output_format, answer_width(output)), output)
    for text in found.notices:
        warn(text)


def _answered(said: Answer, output_format: AnswerFormat, width: int) -> str:
    from auditor.pictures.network_answer import picture
    from auditor.report.mermaid import render_mermaid
    from auditor.report.network_answer import as_json, as_text

    match output_format:
        case AnswerFormat.JSON:
            return as_json(said)
        case AnswerFormat.MERMAID:
            return render_mermaid(picture(said))
        case AnswerFormat.TABLE:
            return as_text(said, width)
