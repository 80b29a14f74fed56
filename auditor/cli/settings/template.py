"""The file that `auditor init` writes: every setting of every command, each commented out."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from auditor.cli.settings.known import Setting, all_settings, choices, for_all, settings_of, tables

_HEAD = """\
# Options of auditor that need not be given each time. The closest auditor.toml above the working directory is used.
# Options on the command line win over environment variables (AUDITOR_SCAN_FAIL_ON=critical), these over this file.
# Files are looked for beside this one. Remove the # before what you want to set; auditor init --show says what is set.
"""
_SHARED = """
# For every command that has the option, unless its own table below says otherwise:
"""


def template(command: Any) -> str:
    """A configuration file with every setting, each commented out, with its help and default."""
    return "".join((_HEAD, *_shared(command), *_tables(command)))


def _shared(command: Any) -> Iterator[str]:
    """What can be set for all commands, each once."""
    seen: set[str] = set()
    yield _SHARED
    for setting in all_settings(command):
        if for_all(setting) and setting.key not in seen:
            seen.add(setting.key)
            yield from _lines(setting)


def _tables(command: Any) -> Iterator[str]:
    """What belongs to one command."""
    for table, child in tables(command):
        if settings := [setting for setting in settings_of(table, child) if not for_all(setting)]:
            yield f"\n[{table}]\n"
            for setting in settings:
                yield from _lines(setting)


def _lines(setting: Setting) -> Iterator[str]:
    words = " ".join(str(setting.parameter.help or "").split())
    if (names := choices(setting)) and not all(name in words for name in names):
        words = f"{words} One of {', '.join(names)}."
    yield f"# {words}\n" if words else ""
    yield f"# {setting.key} = {_shown(setting)}\n"


def _shown(setting: Setting) -> str:
    """The default as TOML; where there is none, a placeholder."""
    if setting.many:
        return f"[{_quoted(_placeholder(setting))}]"
    default = setting.parameter.default
    if setting.kind is bool:
        return "true" if default else "false"
    if default is None:
        return {int: "120", float: "80.0"}.get(setting.kind) or _quoted(_placeholder(setting))
    if setting.kind in (int, float):
        return str(default)
    return _quoted(str(default.value if isinstance(default, Enum) else default))


def _placeholder(setting: Setting) -> str:
    return (choices(setting) or (str(setting.parameter.metavar or "TEXT"),))[0]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
