"""The typer application, and the one place that turns errors into words on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from auditor import __version__
from auditor.cli import collect, compliance, diff, doctor, init, merge, query, rules, scan
from auditor.cli.messages import print_error
from auditor.errors import AuditorError, ExitCode

app = typer.Typer(
    name="auditor",
    help="Audit the security posture of Azure: collect what exists, relate it, judge it by rules, report it.",
    epilog="Start with: auditor scan --demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 110,
        "auto_envvar_prefix": "AUDITOR",
    },
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"auditor {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Configuration file; default: the closest auditor.toml.", metavar="FILE"),
    ] = None,
) -> None:
    del version
    path = config
    if path is None:
        from auditor.cli.config import find_config

        path = find_config(Path.cwd())
    if path is not None:
        from auditor.cli.config import load_config

        context.default_map = load_config(path, context.command)


for _command in (scan, collect, rules, compliance, diff, doctor, query, merge, init):
    _command.register(app)


def run() -> int:
    """Run the command line; gives the exit code of `auditor.errors.ExitCode`."""
    try:
        app()
    except AuditorError as error:
        print_error(error)
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has left (`auditor ... | head`); nothing is wrong, and nobody reads more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:
        if os.environ.get("AUDITOR_DEBUG"):
            traceback.print_exc()
        print_error(
            AuditorError(
                f"this is a mistake in auditor itself: {type(error).__name__} in {_place(error)}",
                remedy="Run again with AUDITOR_DEBUG=1 and report the trace; check it for private names first.",
            )
        )
        return ExitCode.USAGE
    return ExitCode.OK


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
