"""Commands as the whole program has them: each also takes `--debug`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from auditor.cli.settings.told import tell
from auditor.cli.terminal.messages import keep_notes, say

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
            place = "_".join(filter(None, (self.info.name if self.info.name != "auditor" else "", name)))
            register(_with_debug(function, f"AUDITOR_{place.upper().replace('-', '_')}"))
            return function

        return add


def _with_debug(function: Callable[..., Any], prefix: str) -> Callable[..., Any]:
    """The command with the options of the debug log, which it need not know.

    Each option also gets its environment variable: `prefix` and its own name.
    """
    signature = inspect.signature(function, eval_str=True)
    own = next((name for name, known in signature.parameters.items() if known.annotation is typer.Context), None)

    @functools.wraps(function)
    def run(*, debug: bool, debug_log: Path | None, debug_names: bool, **given: Any) -> Any:
        keep_notes(not given.get("quiet"))
        context = given[own] if own else given.pop("_context")
        for line in tell(context):
            say(line)
        if debug or debug_log:
            _begin(context, debug_log, readable=debug_names)
        return function(**given)

    parameters = [_prepared(parameter, prefix) for parameter in (*signature.parameters.values(), *_OPTIONS)]
    if not own:
        parameters.append(inspect.Parameter("_context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
    # typer reads both; it would follow __wrapped__ to the signature without these options.
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__
    return run


def _prepared(parameter: inspect.Parameter, prefix: str) -> inspect.Parameter:
    """The parameter with its environment variable, and a help without what is the same for all options.

    Variables follow one pattern, told once at the top; that a flag is a flag shows without `<bool>`.
    """
    annotation = parameter.annotation
    for told in getattr(annotation, "__metadata__", ()):
        if hasattr(told, "show_envvar") and told.param_decls is not None:
            own = copy(told)  # options are declared once for several commands
            option = next(name for name in (told.default, *told.param_decls) if str(name).startswith("--"))
            own.envvar = told.envvar or f"{prefix}_{option.partition('/')[0].strip('-').replace('-', '_').upper()}"
            own.show_envvar = False
            if annotation.__origin__ is bool:
                own.metavar = ""
            annotation = Annotated[annotation.__origin__, own]
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=annotation)


def _begin(context: typer.Context, path: Path | None, *, readable: bool) -> None:
    from auditor.cli.settings.given_options import given
    from auditor.cli.terminal import debug_log

    debug_log.start(path or Path(debug_log.DEFAULT_FILE), readable=readable)
    chosen = given(context)
    debug_log.learn(*chosen.names)
    debug_log.event("command", command=_path(context), **chosen.shown)


def _path(context: Any) -> str:
    """The command without the program's name, which differs with how it was started: `rules list`."""
    parent = context.parent
    return f"{_path(parent)} {context.info_name}".strip() if parent else ""
