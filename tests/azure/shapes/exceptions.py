"""Reads that are right though nothing published has them, each with its reason, from `exceptions.yaml`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.azure.shapes.schema import Steps, shown


@dataclass(frozen=True, slots=True)
class Excuse:
    """One entry."""

    path: re.Pattern[str]
    type: re.Pattern[str]
    why: str
    of_many: bool
    """Whether code asks it of several types, so that one of them must be published with it."""

    def covers(self, kind: str, path: Steps) -> bool:
        """Whether it excuses a path of a type."""
        return bool(self.type.fullmatch(kind) and self.path.fullmatch(shown(path)))


@cache
def exceptions() -> tuple[Excuse, ...]:
    """All entries."""
    read = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return tuple(
        Excuse(_pattern(entry["path"]), _pattern(entry.get("type", "*")), entry["why"], group == "many")
        for group, entries in read.items()
        for entry in entries
    )


def _pattern(text: str) -> re.Pattern[str]:
    parts = (".*".join(map(re.escape, part.split("*"))) for part in text.split("[*]"))
    return re.compile(re.escape("[*]").join(parts), re.IGNORECASE)
