"""`auditor.toml`: options that need not be given each time.

Found in the working directory or the closest folder above it. A table a command (`[scan]`, `[rules.list]`), a key an
option without its dashes. Options given on the command line win over environment variables (`AUDITOR_SCAN_FAIL_ON`),
these over the file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, Problem
from auditor.rules.conditions.problems import nearest

FILE_NAME = "auditor.toml"
_HEAD = """\
# Options of auditor that need not be given each time. The closest auditor.toml above the working directory is used.
# Options on the command line win over environment variables (AUDITOR_SCAN_FAIL_ON=critical), these over this file.
# Remove the # before what you want to set.
"""
# Options that say what one run is about; a file that set them would surprise.
_NOT_FOR_FILES = frozenset(("help", "version", "demo", "config", "install_completion", "show_completion"))


def find_config(start: Path) -> Path | None:
    """The closest `auditor.toml` in a folder or above it."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def load_config(path: Path, command: Any) -> dict[str, Any]:
    """Default values by command and parameter name, for click's `default_map`.

    `command` is the click command that the file configures. Raises ConfigError with every unknown table and key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"is not TOML: {error}", subject=str(path)) from error
    problems: list[Problem] = []
    values = _defaults(document, command, str(path), "", problems)
    if problems:
        raise ConfigError("has settings that do not exist", subject=str(path), problems=problems)
    return values


def _defaults(table: Mapping[str, Any], command: Any, file: str, place: str, problems: list[Problem]) -> dict[str, Any]:
    children = getattr(command, "commands", {})
    options = dict(_options(command))
    found: dict[str, Any] = {}
    for key, value in table.items():
        shown = f"{place}.{key}".lstrip(".")
        if key in children and isinstance(value, Mapping):
            found[key] = _defaults(value, children[key], file, shown, problems)
        elif key.replace("_", "-") in options:
            found[options[key.replace("_", "-")]] = value
        else:
            hint = nearest(key, (*children, *options))
            problems.append(Problem(file, 0, 0, f"there is no setting {shown!r}", hint))
    return found


def _options(command: Any) -> Iterator[tuple[str, str]]:
    """Option names without their dashes, with the parameter each sets."""
    for parameter in command.params:
        if parameter.name not in _NOT_FOR_FILES and parameter.param_type_name == "option":
            for option in parameter.opts:
                if option.startswith("--"):
                    yield option.removeprefix("--"), parameter.name


def template(command: Any) -> str:
    """A configuration file with every setting, each commented out, with its help and default."""
    return _HEAD + "".join(_sections(command, ""))


def _sections(command: Any, place: str) -> Iterator[str]:
    for name, child in getattr(command, "commands", {}).items():
        path = f"{place}.{name}".lstrip(".")
        if getattr(child, "commands", None):
            yield from _sections(child, path)
            continue
        lines = list(_lines(child))
        if lines:
            yield f"\n[{path}]\n" + "".join(lines)


def _lines(command: Any) -> Iterator[str]:
    for option, name in _options(command):
        parameter = next(p for p in command.params if p.name == name)
        help_text = " ".join(str(parameter.help or "").split())
        yield f"# {help_text}\n" if help_text else ""
        yield f"# {option} = {_shown(parameter)}\n"


def _shown(parameter: Any) -> str:
    default = parameter.default
    if getattr(parameter, "multiple", False):
        return "[]"
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, int | float):
        return str(default)
    return '"' + str(getattr(default, "value", default) or "").replace("\\", "\\\\").replace('"', '\\"') + '"'
