"""Which settings are in force, and where each comes from: `auditor init --show`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from auditor.cli.settings.file import Configuration, read_config
from auditor.cli.settings.known import all_settings

_PREFIX = "AUDITOR_"
_OWN = frozenset(("AUDITOR_DEBUG", "AUDITOR_CONFIG", "AUDITOR_STRICT"))


def origins(command: Any, path: Path | None, environment: Mapping[str, str]) -> Iterator[str]:
    """One line a setting that does not have its default, after one that names the file."""
    configuration = read_config(path, command) if path else None
    yield f"file: {path}" if path else "file: none; there is no auditor.toml here or above"
    rows = list(dict.fromkeys(_rows(command, configuration, environment)))
    width = max((len(shown) for shown, _ in rows), default=0)
    yield from (f"  {shown:<{min(width, 60)}}  {origin}" for shown, origin in rows)
    yield "everything else has its default" if rows else "everything has its default"
    yield from _unknown(command, environment)


def _rows(
    command: Any, configuration: Configuration | None, environment: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for setting in all_settings(command):
        place = (setting.table, setting.key)
        name = f"{setting.table}.{setting.key}"
        if environment.get(setting.variable):
            yield f"{name} = {json.dumps(environment[setting.variable])}", f"environment {setting.variable}"
        elif configuration and place in configuration.values:
            shown = json.dumps(configuration.values[place], ensure_ascii=False)
            name = setting.key if place in configuration.for_all else name
            yield f"{name} = {shown}", f"{configuration.path.name}:{configuration.lines[place]}"


def _unknown(command: Any, environment: Mapping[str, str]) -> Iterator[str]:
    """Variables that look like ours and set nothing: mostly typing mistakes."""
    known = {setting.variable for setting in all_settings(command)} | _OWN
    for name in sorted(environment):
        if name.startswith(_PREFIX) and name not in known and environment[name]:
            near = get_close_matches(name, known, 1)
            yield f"{name} sets nothing" + (f"; did you mean {near[0]}?" if near else "")
