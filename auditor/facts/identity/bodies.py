"""Reading bodies that may have another shape than the service's documents say."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.inventory.model import Json


def entries(value: Json) -> list[Mapping[str, Json]]:
    """The objects of a list; nothing where it is none."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def texts(value: Json) -> tuple[str, ...]:
    """The texts of a list; nothing where it is none."""
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()
