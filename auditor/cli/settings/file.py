"""`auditor.toml`: options that need not be given each time.

Found in the working directory or the closest folder above it. A table a command (`[scan]`, `[rules.list]`), a key an
option without its dashes; which rules, what to audit and how to sign in can also be set above the tables, for all
commands. Options given on the command line win over environment variables (`AUDITOR_SCAN_FAIL_ON`), these over the
file. Files are looked for beside it.

A file that was found is only as trustworthy as the folder that it lies in, which can be a checkout of somebody else's
code. So it names no file outside its folder and no cloud of its own (both could send away tokens or overwrite what is
not its business): these are taken from the command line, the environment, or a file that is named with `--config`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.cli.settings.known import Setting, all_settings, choices, for_all, is_file, tables
from auditor.errors import ConfigError, Problem
from auditor.rules.conditions.problems import nearest

FILE_NAME = "auditor.toml"
CLOUD_NAMES = ("public", "usgov", "china")
"""The clouds whose addresses are known here."""
_PLACE_OF_ERROR = re.compile(r" \(at line (\d+), column (\d+)\)")


def find_config(start: Path | None = None) -> Path | None:
    """The closest `auditor.toml` in a folder or above it; by default from the working directory on."""
    try:
        start = start or Path.cwd()
    except OSError:  # the working directory is gone
        return None
    for folder in (start, *start.parents):
        try:
            if (folder / FILE_NAME).is_file():
                return folder / FILE_NAME
        except OSError:  # a folder that may not be looked into
            continue
    return None


@dataclass(slots=True)
class Configuration:
    """A configuration file that was read."""

    path: Path
    text: str = ""
    values: dict[tuple[str, str], Any] = field(default_factory=dict)
    """By table and key, ready for the command line library."""
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    """Where each of them stands, 1-based."""
    for_all: set[tuple[str, str]] = field(default_factory=set)
    """Which of them are set above the tables."""
    problems: list[Problem] = field(default_factory=list)
    named: bool = True
    """Whether the user named it; otherwise it was found, and is not trusted with everything."""

    def refuse(self, line: int, message: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(str(self.path), line, 1 if line else 0, message, remedy))


def load_config(path: Path, command: Any, *, named: bool = True) -> dict[str, Any]:
    """Default values by command and parameter name, for click's `default_map`.

    `command` is the click command that the file configures. Raises ConfigError with every unknown table and key and
    every value of the wrong kind.
    """
    configuration = read_config(path, command, named=named)
    settings = {(setting.table, setting.key): setting for setting in all_settings(command)}
    nested: dict[str, Any] = {}
    for (table, key), value in configuration.values.items():
        place = nested
        for name in table.split("."):
            place = place.setdefault(name, {})
        place[settings[table, key].name] = value
    return nested


def read_config(path: Path, command: Any, *, named: bool = True) -> Configuration:
    """What a file sets, with its lines. Raises ConfigError, see `load_config`."""
    configuration = Configuration(path, named=named)
    try:
        configuration.text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(configuration.text)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text", subject=str(path), remedy="Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_not_toml(error), subject=_with_place(path, error)) from error
    except RecursionError as error:
        raise ConfigError("nests too deeply", subject=str(path)) from error
    except ValueError as error:  # Python takes no number of thousands of digits
        raise ConfigError("has a number that is too long", subject=str(path)) from error
    _read_shared(configuration, document, command)
    by_table: dict[str, dict[str, Setting]] = {}
    for setting in all_settings(command):
        by_table.setdefault(setting.table, {})[setting.key] = setting
    _read_tables(configuration, document, "", by_table, [name for name, _ in tables(command)])
    if configuration.problems:
        raise ConfigError("has settings that cannot be used", subject=str(path), problems=configuration.problems)
    return configuration


def _not_toml(error: tomllib.TOMLDecodeError) -> str:
    words = str(error).replace(" (at end of document)", " at the end of the file")
    return f"is not TOML: {_PLACE_OF_ERROR.sub('', words)}"


def _with_place(path: Path, error: tomllib.TOMLDecodeError) -> str:
    found = _PLACE_OF_ERROR.search(str(error))
    return f"{path}:{found[1]}:{found[2]}" if found else str(path)


def _read_shared(configuration: Configuration, document: Mapping[str, Any], command: Any) -> None:
    """Keys above the tables: each for every command that has it."""
    shared: dict[str, list[Setting]] = {}
    elsewhere: dict[str, list[str]] = {}
    for setting in all_settings(command):
        if for_all(setting):
            shared.setdefault(setting.key, []).append(setting)
        elsewhere.setdefault(setting.key, []).append(setting.table)
    for written, value in document.items():
        if isinstance(value, Mapping):
            continue
        key, line = written.replace("_", "-"), _line_of(configuration.text, "", written)
        if key in shared:
            for setting in shared[key]:
                _set(configuration, setting, value, line, once=setting is shared[key][0])
                configuration.for_all.add((setting.table, setting.key))
        elif key in elsewhere:
            owners = ", ".join(f"[{table}]" for table in elsewhere[key])
            configuration.refuse(line, f"{written!r} cannot be set for all commands", f"write it below {owners}")
        elif key in (commands := sorted({name.partition(".")[0] for name, _ in tables(command)})):
            configuration.refuse(line, f"{written!r} is a command", f"write its settings below [{key}]")
        else:
            configuration.refuse(line, f"there is no setting {written!r}", nearest(key, (*shared, *commands)))


def _read_tables(
    configuration: Configuration,
    document: Mapping[str, Any],
    place: str,
    by_table: Mapping[str, Mapping[str, Setting]],
    names: Sequence[str],
) -> None:
    for written, value in document.items():
        table = f"{place}.{written}".lstrip(".")
        if not isinstance(value, Mapping):
            if place:  # a group of commands has no settings of its own
                line = _line_of(configuration.text, place, written)
                configuration.refuse(line, f"there is no setting {table!r}", "write it below one of its commands")
        elif table in names:
            _read_table(configuration, table, value, by_table.get(table, {}))
        elif any(name.startswith(f"{table}.") for name in names):
            _read_tables(configuration, value, table, by_table, names)
        else:
            line = _line_of(configuration.text, table, "")
            configuration.refuse(line, f"there is no command {table.replace('.', ' ')!r}", nearest(table, names))


def _read_table(
    configuration: Configuration, table: str, values: Mapping[str, Any], settings: Mapping[str, Setting]
) -> None:
    for written, value in values.items():
        line = _line_of(configuration.text, table, written)
        setting = settings.get(written.replace("_", "-"))
        if setting:
            _set(configuration, setting, value, line)
            configuration.for_all.discard((table, setting.key))
        else:
            configuration.refuse(line, f"there is no setting '{table}.{written}'", nearest(written, tuple(settings)))


def _set(configuration: Configuration, setting: Setting, value: Any, line: int, *, once: bool = True) -> None:
    """Keep a value that is of the right kind; `once` says whether to tell of one that is not."""
    values = value if setting.many and isinstance(value, list) else [value]
    wrong = next((words for one in values if (words := _wrong(setting, one))), "")
    remedy = ""
    if not wrong:
        folder = configuration.path.resolve().parent
        placed = [_placed(setting, one, folder) for one in values]
        configuration.values[setting.table, setting.key] = placed if setting.many else placed[0]
        configuration.lines[setting.table, setting.key] = line
        if not configuration.named and (distrusted := _distrusted(setting, values, folder)):
            wrong, remedy = distrusted, f"give --{setting.key} on the command line, or name this file with --config"
    if wrong and once:
        configuration.refuse(line, f"{setting.key} {wrong}", remedy)


def _wrong(setting: Setting, value: Any) -> str:
    """What is wrong with the kind of a value, "" where nothing is."""
    if setting.kind is bool:
        return "" if isinstance(value, bool) else f"takes true or false, not {value!r}"
    if setting.kind in (int, float):
        if not isinstance(value, int | setting.kind) or isinstance(value, bool):
            return f"takes a number, not {value!r}"
        return f"is {value}, which is below {setting.least}" if value < (setting.least or 0) else ""
    if not isinstance(value, str):
        return f"takes text, not {value!r}: write it in quotes" if not setting.many else f"takes texts, not {value!r}"
    words = choices(setting)
    if words and value not in words:
        hint = nearest(value, words)
        return f"is {value!r}, which is none of {', '.join(words)}{f' ({hint})' if hint else ''}"
    return ""


def _distrusted(setting: Setting, values: Sequence[Any], folder: Path) -> str:
    """Why a setting is not taken from a file that was only found; "" where it is."""
    for value in values:
        if setting.key == "cloud" and value.lower() not in CLOUD_NAMES:
            known = ", ".join(CLOUD_NAMES)
            return f"is {value!r}: a cloud that is none of {known} is not taken from a file that was found"
        placed = _placed(setting, value, folder)
        file = placed if is_file(setting) else placed.partition("=")[2] if setting.key == "report" else ""
        if file and not _is_below(Path(file), folder):
            return f"leads to {file}, outside the folder of a file that was found"
    return ""


def _is_below(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, also where symbolic links lead."""
    try:
        return file.resolve().is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL in the name
        return False


def _placed(setting: Setting, value: Any, folder: Path) -> Any:
    """A value with the files in it looked for beside the configuration file."""
    if not isinstance(value, str):
        return value
    if is_file(setting):
        return _beside(value, folder)
    if setting.key == "report" and "=" in value:
        name, _, file = value.partition("=")
        return f"{name}={_beside(file, folder)}"
    if setting.key == "cloud" and (folder / value).is_file():
        return _beside(value, folder)
    return value


def _beside(file: str, folder: Path) -> str:
    try:
        return str(folder / Path(file).expanduser())
    except RuntimeError:  # ~somebody who is not known here
        return str(folder / file)


def _line_of(text: str, table: str, key: str) -> int:
    """The line on which a key of a table stands, or the table where `key` is ""; 0 where it cannot be told."""
    wanted = f"{table}.{key}".strip(".")
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            inside = _dotted(header[1])
            if inside == wanted or (not key and inside.startswith(f"{table}.")):
                return number
        elif found := re.match(r"\s*([\w\"'.\s-]+?)\s*=", line):
            place = f"{inside}.{_dotted(found[1])}".strip(".")
            if place == wanted or (not key and place.startswith(f"{table}.")):
                return number
    return 0


def _dotted(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
