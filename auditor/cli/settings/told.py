"""A configuration file that was found is named, with what it sets for this run, and with how it loosens the gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

KEY = "auditor.found_config"
"""Where the program's context keeps the path of the file that was found."""
_LOOSENING = frozenset(
    (  # noqa: SIM905 - names are easier to read without quotes
        "baseline exemptions framework ignore min_severity no_builtin overrides policy_exemptions select"
    ).split()
)
_LOOSE_GATES = ("critical", "none")
"""Values of `fail_on` that let more pass than its default."""


def tell(context: typer.Context) -> Iterator[str]:
    """One line that names the file; another where it decides what the gate lets pass."""
    path = context.meta.get(KEY)
    if path is None:
        return
    taken = {name: value for name, value in context.params.items() if _is_from_file(context, name)}
    shown = {name: f"{name.replace('_', '-')} = {_shown(value)}" for name, value in sorted(taken.items())}
    yield f"options from {path}: {', '.join(shown.values()) or 'none for this command'}"
    loose = [shown[name] for name, value in sorted(taken.items()) if _loosens(name, value)]
    if loose and "fail_on" in context.params:
        yield f"warning: that file decides what the gate lets pass: {', '.join(loose)}"


def _is_from_file(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT_MAP"


def _loosens(name: str, value: Any) -> bool:
    if name == "fail_on":
        return getattr(value, "value", value) in _LOOSE_GATES
    return name in _LOOSENING and bool(value)


def _shown(value: Any) -> str:
    plain = value.value if isinstance(value, Enum) else value
    if isinstance(plain, list | tuple):
        return "[" + ", ".join(map(_shown, plain)) + "]"
    return json.dumps(plain, ensure_ascii=False) if isinstance(plain, bool | int | float) else json.dumps(str(plain))
