"""File names made of ids that others chose: they never lead out of their folder, on no system."""

from __future__ import annotations

import hashlib
import re

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
# Names of devices, with any ending: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 80


def safe_name(text: str) -> str:
    """A file name without an ending that differs for texts that differ, even where capitals are the same as small ones.

    Letters, digits, dots, hyphens and underscores stay; a text that is not the same afterwards, or that a system would
    take for something else, gets eight digits of its SHA-256 behind it.
    """
    made = _UNSAFE.sub("_", text)[:_LONGEST].strip(".")
    kept = made == text and made and not made.startswith("-") and not _DEVICE.fullmatch(made)
    if kept:
        return made
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{made.lstrip('-') or 'x'}-{mark}" if not _DEVICE.fullmatch(made) else f"_{made}-{mark}"


def distinct_names(texts: list[str]) -> dict[str, str]:
    """A file name by text, no two alike on a system that takes capitals for small letters."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for text in texts:
        name = safe_name(text)
        if name.lower() in taken:
            name = f"{name}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        taken.add(name.lower())
        names[text] = name
    return names
