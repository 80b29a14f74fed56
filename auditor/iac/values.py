"""Texts that an expression can have: none where that is not certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Values = tuple[str, ...]
"""All texts that an expression can have, each once; empty where it is computed."""
_MOST = 50


def joined(parts: Iterable[Sequence[str]]) -> Values:
    """Every way to put one text of each part after the other; empty where a part is not known or it is too many."""
    found = [""]
    for part in parts:
        found = [begin + end for begin in found for end in part]
        if not 0 < len(found) <= _MOST:
            return ()
    return tuple(dict.fromkeys(found))


def several(groups: Iterable[Sequence[str]]) -> Values:
    """All texts of all groups."""
    return tuple(dict.fromkeys(text for group in groups for text in group))[:_MOST]
