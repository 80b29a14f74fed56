"""`auditor merge`: snapshots of different scopes as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.terminal.messages import say
from auditor.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("merge", help="Join snapshots of different scopes of one tenant, with what each could read.")(merge)


def merge(
    snapshots: Annotated[list[Path], typer.Argument(help="Two or more finished snapshots.", metavar="FILE...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The snapshot to write.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Replace a snapshot that is there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No notes.")] = False,
) -> None:
    """Join snapshots of different scopes of one tenant, with what each could read."""
    from auditor.cli.terminal.output import resolved
    from auditor.snapshot.merge import merge_snapshots

    if len({resolved(path) for path in snapshots}) < 2:
        raise UsageError("there is nothing to merge", remedy="Name at least two different snapshots.")
    merged = merge_snapshots(snapshots, output, force=force)
    if not quiet:
        say(
            f"wrote {output}: {merged.resources:,} resources of {merged.subscriptions} subscriptions, "
            f"{merged.gaps} reads failed"
        )
