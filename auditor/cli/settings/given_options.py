"""The options of a run, as far as they can be told to strangers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli.settings.known_words import is_ours

if TYPE_CHECKING:
    import typer

_FROM = {"COMMANDLINE": "", "ENVIRONMENT": " (environment)", "DEFAULT_MAP": " (auditor.toml)", "PROMPT": ""}


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """What was given on the command line, in the environment and in the configuration file."""

    shown: Mapping[str, str]
    """By parameter: the value where it is one of ours, else only that there was one; with where it came from."""
    names: tuple[str, ...]
    """The values that are not told."""


def given(context: typer.Context) -> GivenOptions:
    """The options of a command that do not have their default."""
    shown: dict[str, str] = {}
    names: list[str] = []
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if source is None or source.name not in _FROM:
            continue
        told = _told(name, value)
        shown[name] = told + _FROM[source.name]
        if told.startswith("("):
            names.extend(_texts(value))
    return GivenOptions(shown, tuple(names))


def _told(name: str, value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    words = value if isinstance(value, list | tuple) else (value,)
    if name in ("credential", "framework", "output_format", "cloud") and all(is_ours(str(word)) for word in words):
        return ", ".join(map(str, words))
    return f"({len(value)} values)" if isinstance(value, list | tuple) else "(given)"


def _texts(value: Any) -> Iterator[str]:
    """What a value is made of, files by their names."""
    for part in value if isinstance(value, list | tuple) else (value,):
        yield from Path(part).parts if isinstance(part, Path) else (str(part),)
