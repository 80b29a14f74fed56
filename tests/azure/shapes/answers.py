"""What services answer for each type, after the examples of https://github.com/Azure/azure-rest-api-specs.

`answers.json` is written by `extract_examples.py`: structure, names, published words and numbers are the examples',
texts, names and ids are made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("answers.json")


@dataclass(frozen=True, slots=True)
class Answer:
    """One type's."""

    type: str
    version: str
    source: str
    """Path in azure-rest-api-specs."""
    body: Mapping[str, Any]


@cache
def answers() -> tuple[Answer, ...]:
    """All that there are, by type."""
    return tuple(Answer(name, **entry) for name, entry in json.loads(DATA.read_text("utf-8")).items())
