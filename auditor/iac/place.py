"""Where something stands in a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A region in a file of the repository, all numbers 1-based."""

    uri: str
    """Repository-relative, percent-encoded, with forward slashes."""
    start_line: int = 1
    start_column: int = 1
    end_line: int = 1
    end_column: int = 1
    """Column after the last character, as SARIF counts."""
