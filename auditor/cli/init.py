"""`auditor init`: a commented configuration file, and what is set at present."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.terminal.messages import plain, say
from auditor.cli.terminal.streams import write_stdout
from auditor.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("init")(init)


def init(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("auditor.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Write nothing; show what is set, and where.")] = False,
) -> None:
    """Write a commented auditor.toml with every setting."""
    from auditor.cli.settings.file import find_config
    from auditor.cli.settings.origin import origins
    from auditor.cli.settings.template import template
    from auditor.cli.terminal.output import write_file

    root = context.find_root()
    if show:
        for line in origins(root.command, root.params.get("config") or find_config(), os.environ):
            write_stdout(plain(line) + "\n")
        return
    if path.exists() and not force:
        raise UsageError("exists already", subject=str(path), remedy="Give --force to replace it.")
    write_file(path, template(root.command).encode())
    say(f"wrote {path}: every setting, each commented out")
