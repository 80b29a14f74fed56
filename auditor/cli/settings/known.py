"""The options that a configuration file and the environment can set, worked out from the commands themselves."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin

# Options that say what one run is about; a file that set them would surprise.
_NOT_FOR_FILES = frozenset(
    ("help", "version", "demo", "assume_complete", "config", "show", "install_completion", "show_completion")
)
_SHARED_PANELS = frozenset(("Which rules", "What to audit", "Sign-in", "Troubleshooting"))


@dataclass(frozen=True, slots=True)
class Setting:
    """One option of one command."""

    table: str
    """The command as a table of the file: `scan`, `rules.list`."""
    key: str
    """The option without its dashes."""
    parameter: Any
    """The option as the command line library knows it: name, default, help, ..."""
    kind: type
    """What one value is: str, bool, int, float, Path or an Enum."""
    many: bool
    """Whether it takes several values."""
    shared: bool
    """Whether it means the same in every command that has it, so that a file can set it once for all."""
    variable: str
    """Its environment variable."""
    least: float | None = None
    """The least number that it takes."""

    @property
    def name(self) -> str:
        """The parameter that it sets."""
        return str(self.parameter.name)


def tables(command: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with options below a group, as `(table, command)`."""
    for name, child in command.commands.items():
        table = f"{place}.{name}".lstrip(".")
        if hasattr(child, "commands"):
            yield from tables(child, table)
        else:
            yield table, child


def settings_of(table: str, command: Any) -> Iterator[Setting]:
    """The settings of one command, in the order of its help."""
    annotations = {name: known.annotation for name, known in inspect.signature(command.callback).parameters.items()}
    for parameter in command.params:
        if parameter.param_type_name != "option" or parameter.name in _NOT_FOR_FILES:
            continue
        option = next(option for option in parameter.opts if option.startswith("--"))
        kind, many = _kind(annotations[parameter.name])
        variables = parameter.envvar
        yield Setting(
            table=table,
            key=option.removeprefix("--"),
            parameter=parameter,
            kind=kind,
            many=many,
            shared=getattr(parameter, "rich_help_panel", None) in _SHARED_PANELS,
            variable=variables if isinstance(variables, str) else next(iter(variables or ()), ""),
            least=getattr(parameter, "min", None),
        )


def all_settings(command: Any) -> Iterator[Setting]:
    """The settings of every command below a group."""
    for table, child in tables(command):
        yield from settings_of(table, child)


def _kind(annotation: Any) -> tuple[type, bool]:
    """The type of one value, and whether there can be several: `list[Path] | None` gives `(Path, True)`."""
    plain: Any = getattr(annotation, "__origin__", annotation) if hasattr(annotation, "__metadata__") else annotation
    if get_origin(plain) in (Union, types.UnionType):
        plain = next(part for part in get_args(plain) if part is not type(None))
    return (get_args(plain)[0], True) if get_origin(plain) is list else (plain, False)


def for_all(setting: Setting) -> bool:
    """Whether a file can set it above all tables. `rules` it cannot: that is the table of `auditor rules` too."""
    return setting.shared and setting.key != "rules"


def is_file(setting: Setting) -> bool:
    """Whether a value of it names a file or folder."""
    return issubclass(setting.kind, Path)


def choices(setting: Setting) -> tuple[str, ...]:
    """The words that it takes; none where any text will do."""
    return tuple(str(word.value) for word in setting.kind) if issubclass(setting.kind, Enum) else ()
