"""The typer application, and the one place that turns errors into words on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from auditor import __version__
from auditor.cli import collect, compliance, diff, explain, export, fix, init, keys, merge, network, paths, trend
from auditor.cli.application import Application
from auditor.cli.doctor import command as doctor
from auditor.cli.identity import command as identity
from auditor.cli.query import command as query
from auditor.cli.rules import command as rules
from auditor.cli.scan import command as scan
from auditor.cli.settings.told import KEY as FOUND
from auditor.cli.terminal import streams
from auditor.cli.terminal.messages import note, print_error, say
from auditor.cli.wording import PlainGroup
from auditor.errors import AuditorError, ExitCode

app = Application(
    name="auditor",
    cls=PlainGroup,
    help="Audit the security posture of Azure: collect what exists, relate it, judge it by rules, report it.",
    epilog="Start with: auditor scan --demo. Options can also be set in auditor.toml (auditor init writes one) and in "
    "environment variables named after command and option: AUDITOR_SCAN_FAIL_ON=critical.",
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
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            allow_from_autoenv=False,
            help="Show the version and exit.",
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Configuration file; default: the closest auditor.toml.", metavar="FILE"),
    ] = None,
) -> None:
    del version
    path = config
    if path is None:
        from auditor.cli.settings.file import find_config

        path = find_config()
        context.meta[FOUND] = path
    if path is not None:
        from auditor.cli.settings.file import load_config

        context.default_map = load_config(path, context.command, named=config is not None)


for _command in (
    scan,
    explain,
    collect,
    rules,
    compliance,
    network,
    identity,
    keys,
    paths,
    fix,
    diff,
    trend,
    doctor,
    query,
    merge,
    export,
    init,
):
    _command.register(app)


def run() -> int:
    """Run the command line; gives the exit code of `auditor.errors.ExitCode`."""
    streams.prepare()
    if os.environ.get("AUDITOR_STRICT"):
        from auditor.inventory.stumbles import be_strict

        be_strict(True)
    try:
        app()
        sys.stdout.flush()
    except AuditorError as error:
        print_error(error)
        _end_debug_log(error)
        return int(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has left (`auditor ... | head`); nothing is wrong, and nobody reads more.
        streams.abandon_stdout()
        _end_debug_log(None)
        return ExitCode.OK
    except Exception as error:
        print_error(streams.unwritable(error) if streams.is_of_stdout(error) else _mistake_of_ours(error))
        _end_debug_log(error)
        return ExitCode.USAGE
    except SystemExit as end:
        if end.code == ExitCode.INTERRUPTED:
            say("interrupted")
        _end_debug_log(None)
        raise
    return ExitCode.OK


def _mistake_of_ours(error: Exception) -> AuditorError:
    from auditor.cli.terminal import debug_log

    log = debug_log.current()
    return AuditorError(
        f"this is a mistake in auditor itself: {type(error).__name__} in {_place(error)}",
        remedy=f"Report it with {log.path} attached."
        if log
        else "Run again with --debug and report it with the log that this writes attached.",
    )


def _end_debug_log(error: BaseException | None) -> None:
    from auditor.cli.terminal import debug_log

    if path := debug_log.finish(error):
        note(f"the debug log is in {path}; read it before you share it")


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"
