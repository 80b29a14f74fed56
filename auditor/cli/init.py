"""`auditor init`: a commented configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.messages import say
from auditor.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("init")(init)


def init(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("auditor.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented auditor.toml with every setting."""
    from auditor.cli.config import template
    from auditor.cli.output import write_file

    if path.exists() and not force:
        raise UsageError("exists already", subject=str(path), remedy="Give --force to replace it.")
    write_file(path, template(context.find_root().command).encode())
    say(f"wrote {path}: every setting, each commented out")
