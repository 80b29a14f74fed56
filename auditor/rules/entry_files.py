"""Files that are a list of entries below one key: exemptions, overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.errors import Problem
from auditor.rules.yaml_source import Document, Place, read_document


def entries_of(paths: Sequence[Path], key: str, problems: list[Problem]) -> Iterator[tuple[Document, Place, Any]]:
    """Every entry of YAML files with its document and place; what cannot be read is added to `problems`."""
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}", "check the path"))
            continue
        except UnicodeDecodeError as error:
            problems.append(Problem(str(path), 0, 0, f"is not UTF-8: byte {error.start}", "save it as UTF-8"))
            continue
        document = read_document(text, str(path))
        problems += document.problems
        if not document.problems:
            yield from _entries(document, key, problems)


def _entries(document: Document, key: str, problems: list[Problem]) -> Iterator[tuple[Document, Place, Any]]:
    value = document.value
    named = isinstance(value, Mapping)
    entries = value.get(key) if isinstance(value, Mapping) else value
    if entries is None and isinstance(value, Mapping) and key in value:
        return  # the key with nothing under it yet
    if not isinstance(entries, list):
        problems.append(document.problem((), f"the file has no list of {key}", f"write {key}: and a list"))
        return
    for index, entry in enumerate(entries):
        yield document, (key, index) if named else (index,), entry
