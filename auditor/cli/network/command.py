"""`auditor network`: what the internet reaches, and why some traffic gets through or not."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.application import Application
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn
from auditor.errors import SnapshotError

if TYPE_CHECKING:
    from auditor.facts.network.question import Answer
    from auditor.snapshot.source import Source


class NetworkFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"


class Protocol(StrEnum):
    """What `--protocol` takes."""

    TCP = "tcp"
    UDP = "udp"


_Demo = Annotated[bool, typer.Option("--demo", help="Ask about the built-in demo tenant; needs no Azure.")]
_Format = Annotated[NetworkFormat, typer.Option("--format", "-f", help="table, json or mermaid.")]
_Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.", metavar="FILE")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = Application(
        name="network", help="What the internet reaches, and why traffic gets through or not.", no_args_is_help=True
    )
    group.command("exposed")(exposed)
    group.command("explain")(explain)
    app.add_typer(group)


def exposed(
    demo: _Demo = False,
    source_path: Annotated[
        Path | None,
        typer.Option(
            "--from", "--snapshot", help="A snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"
        ),
    ] = None,
    assume_complete: options.AssumeComplete = False,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    resource_group: options.ResourceGroups = None,
    tag: options.Tags = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    output_format: _Format = NetworkFormat.TABLE,
    output: _Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Which ports of which machines the internet reaches, by which path; the worst first."""
    from auditor.cli.network.exposed import render
    from auditor.cli.options.selected import selected
    from auditor.facts.registry import FactStore

    live = _Live(tenant, subscription, management_group, source, cloud, credential, quiet=quiet)
    found = _opened(source_path, live, demo=demo, assume_complete=assume_complete)
    facts = FactStore(found.inventory)
    chosen = selected(found, subscription, management_group, resource_group, tag, live=not (demo or source_path))
    write(render(found, facts, output_format.value, width=width_of(output), selection=chosen), output)
    for text in (*found.notices, *facts.notices):
        warn(text)


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
    demo: _Demo = False,
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
    output_format: _Format = NetworkFormat.TABLE,
    output: _Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Whether traffic gets through, by which way, and which rule decides at each stage."""
    from auditor.facts.network.question import Question, answer
    from auditor.inventory.stumbles import Stumble, attempt

    live = _Live(tenant, subscription, management_group, source, cloud, credential, quiet=quiet)
    found = _opened(source_path, live, demo=demo, assume_complete=assume_complete, option="--snapshot")
    said = attempt(answer, found.inventory, Question(origin, target, protocol.value, port))
    if isinstance(said, Stumble):
        body = next((f"the body of {suspect.id}" for suspect in said.suspects), "a body")
        raise SnapshotError(
            f"cannot be followed: {body} cannot be understood ({said})",
            subject=f"{origin} to {target}",
            remedy="Mend or leave out that resource in the export, or collect it anew.",
        )
    write(_answered(said, output_format, width_of(output)), output)
    for text in found.notices:
        warn(text)


def _answered(said: Answer, output_format: NetworkFormat, width: int) -> str:
    from auditor.pictures.network_answer import picture
    from auditor.report.mermaid import render_mermaid
    from auditor.report.network_answer import as_json, as_text

    match output_format:
        case NetworkFormat.JSON:
            return as_json(said)
        case NetworkFormat.MERMAID:
            return render_mermaid(picture(said))
        case NetworkFormat.TABLE:
            return as_text(said, width)


class _Live:
    """What the options say of a live collection."""

    def __init__(
        self,
        tenant: str | None,
        subscription: list[str] | None,
        management_group: str | None,
        source: options.SourceChoice,
        cloud: str,
        credential: str | None,
        *,
        quiet: bool,
    ) -> None:
        from auditor.cli.live import live_options

        self.options = live_options(
            cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet
        )


def _opened(path: Path | None, live: _Live, *, demo: bool, assume_complete: bool, option: str = "--from") -> Source:
    from auditor.cli.saved import check_source, saved_source

    check_source(path, demo=demo, assume_complete=assume_complete, option=option)
    if found := saved_source(path, demo=demo, assume_complete=assume_complete):
        return found
    from auditor.cli.live import collect_live
    from auditor.facts.registry import needs_of

    return collect_live(live.options, needs_of(["internet_exposure", "effective_security"]))


def width_of(output: Path | None) -> int:
    """Columns of the terminal, or of a file."""
    import shutil

    return 120 if output else max(40, shutil.get_terminal_size((120, 24)).columns)


def write(text: str, output: Path | None) -> None:
    """Write to stdout, or to a file."""
    from auditor.cli.terminal.output import write_file
    from auditor.cli.terminal.streams import write_stdout

    data = text.encode("utf-8", "replace")
    if output is None:
        write_stdout(data)
    else:
        write_file(output, data)
