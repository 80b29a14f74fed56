"""Commands as the whole program has them: each also takes `--debug`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

Command = TypeVar("Command", bound=Callable[..., Any])

_PANEL = "Troubleshooting"
_DEBUG = Annotated[
    bool,
    typer.Option(
        "--debug",
        envvar="AUDITOR_DEBUG",
        help="Write auditor-debug.log: requests, times, traces; no secrets, names as labels.",
        rich_help_panel=_PANEL,
    ),
]
_DEBUG_LOG = Annotated[
    Path | None,
    typer.Option(
        "--debug-log", help="Write the debug log to this file instead.", metavar="FILE", rich_help_panel=_PANEL
    ),
]
_DEBUG_NAMES = Annotated[
    bool,
    typer.Option("--debug-names", help="Keep names and ids readable in the debug log.", rich_help_panel=_PANEL),
]
_OPTIONS = (
    inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_DEBUG),
    inspect.Parameter("debug_log", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_DEBUG_LOG),
    inspect.Parameter("debug_names", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_DEBUG_NAMES),
)


class Application(typer.Typer):
    """A `typer.Typer` whose commands can write a debug log."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Command], Command]:
        """See `typer.Typer.command`."""
        register = super().command(name, **settings)

        def add(function: Command) -> Command:
            register(_with_debug(function))
            return function

        return add


def _with_debug(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the options of the debug log, which it need not know."""
    signature = inspect.signature(function, eval_str=True)
    own = next((name for name, known in signature.parameters.items() if known.annotation is typer.Context), None)

    @functools.wraps(function)
    def run(*, debug: bool, debug_log: Path | None, debug_names: bool, **given: Any) -> Any:
        context = given[own] if own else given.pop("_context")
        if debug or debug_log:
            _begin(context, debug_log, readable=debug_names)
        return function(**given)

    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in signature.parameters.values()]
    parameters += _OPTIONS
    for parameter in parameters:
        _tidy_help(parameter)
    if not own:
        parameters.append(inspect.Parameter("_context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
    # typer reads both; it would follow __wrapped__ to the signature without these options.
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__
    return run


def _tidy_help(parameter: inspect.Parameter) -> None:
    """Leave out of an option's help what is the same for all.

    Environment variables follow one pattern, told once at the top; that a flag is a flag shows without `<bool>`.
    """
    for told in getattr(parameter.annotation, "__metadata__", ()):
        if hasattr(told, "show_envvar"):
            told.show_envvar = False
            if parameter.annotation.__origin__ is bool:
                told.metavar = ""


def _begin(context: typer.Context, path: Path | None, *, readable: bool) -> None:
    from auditor.cli import debug_log
    from auditor.cli.given_options import given

    debug_log.start(path or Path(debug_log.DEFAULT_FILE), readable=readable)
    chosen = given(context)
    debug_log.learn(*chosen.names)
    debug_log.event("command", command=context.command_path.partition(" ")[2], **chosen.shown)
