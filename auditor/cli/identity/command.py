"""`auditor identity`: who becomes Owner and how, and who may do something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import typer

from auditor.cli.application import Application
from auditor.cli.identity.credentials import credentials
from auditor.cli.identity.paths import paths
from auditor.cli.identity.who_can import who_can

_COMMANDS: Mapping[str, Callable[..., None]] = {"paths": paths, "who-can": who_can, "credentials": credentials}
"""By name; another command is a module beside this one and a line here."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = Application(
        name="identity", help="Who may do what, and who becomes Owner in how many steps.", no_args_is_help=True
    )
    for name, command in _COMMANDS.items():
        group.command(name)(command)
    app.add_typer(group)
