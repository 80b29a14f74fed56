"""YAML with places: every key and value knows its line and column, so that a mistake can be pointed at.

Read with libyaml's parser under PyYAML. Scalars follow YAML 1.2's core schema: only `true`, `false`, `null` and numbers
are anything but text, so that `equals: 2024-01-01` and `NO` stay what their author wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from auditor.errors import Problem

Place = tuple[str | int, ...]
Mark = tuple[int, int]
"""Line and column, both 1-based."""

_MOST_NODES = 50_000
_DEEPEST_VALUE = 100
"""Levels of a value; an anchor inside itself has no end of them."""
_LONGEST_NUMBER = 300
"""Digits; Python refuses to read some thousands."""
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_CORE = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document with the places of its parts."""

    file: str
    value: Any
    marks: dict[Place, Mark] = field(default_factory=dict)
    """Where the value at a place begins; for a member of a mapping, where its key stands."""
    problems: tuple[Problem, ...] = ()
    """Mistakes of the YAML itself."""

    def mark(self, place: Place) -> Mark:
        """Where a place is, or the closest one around it that is known."""
        while place and place not in self.marks:
            place = place[:-1]
        return self.marks.get(place, (1, 1))

    def problem(self, place: Place, message: str, remedy: str = "") -> Problem:
        """A mistake at a place of this document."""
        line, column = self.mark(place)
        return Problem(self.file, line, column, message, remedy)


@lru_cache(maxsize=1)
def _loader() -> Any:
    """The parser of libyaml where it is there; the pure one reads the same, slower."""
    import yaml

    return getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_document(text: str, file: str) -> Document:
    """Parse one YAML document; mistakes of the YAML itself come back in `Document.problems`."""
    import yaml

    try:
        if _may_nest_deeply(text) and _nests_deeply(text):
            return Document(file, None, problems=(Problem(file, 1, 1, "the YAML nests too deeply"),))
        root = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Document(file, None, problems=(Problem(file, *place, f"not YAML: {error.problem or error.context}"),))
    except (yaml.YAMLError, RecursionError) as error:
        return Document(file, None, problems=(Problem(file, 1, 1, f"not YAML: {_one_line(error)}"),))
    if root is None:
        return Document(file, None, problems=(Problem(file, 1, 1, "the file is empty"),))
    builder = _Builder(file)
    value = builder.build(root, (), 0)
    return Document(file, value, builder.marks, tuple(builder.problems))


_DEEPEST_TEXT = 500
"""Levels of brackets and columns. Some ten thousand exhaust libyaml's stack, which ends the whole program."""


def _may_nest_deeply(text: str) -> bool:
    """A quick look: a level takes a bracket, or a column of the longest line."""
    return text.count("[") + text.count("{") + 2 * max(map(len, text.splitlines()), default=0) > _DEEPEST_TEXT


def _nests_deeply(text: str) -> bool:
    """Whether the document has more levels than are read; the parser's events, unlike its nodes, need no stack."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST_TEXT:
            return True
    return False


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


class _Builder:
    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[Place, Mark] = {}
        self.problems: list[Problem] = []
        self._count = 0

    def build(self, node: Any, place: Place, depth: int) -> Any:
        import yaml

        self._count += 1
        mark = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.marks.setdefault(place, mark)
        if depth > _DEEPEST_VALUE or self._count > _MOST_NODES:
            if self._count <= _MOST_NODES + 1:
                self.problems.append(Problem(self.file, *mark, "nests too deeply or repeats aliases too often"))
            self._count = max(self._count, _MOST_NODES + 1)
            return None
        if isinstance(node, yaml.MappingNode):
            return dict(self._members(node, place, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, index), depth + 1) for index, item in enumerate(node.value)]
        if not node.style and len(node.value) > _LONGEST_NUMBER and _NUMBER.fullmatch(node.value):
            self.problems.append(Problem(self.file, *mark, "a number has too many digits", "write it in quotes"))
            return None
        return _scalar(node)

    def _members(self, node: Any, place: Place, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            mark = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            key = key_node.value if isinstance(key_node.value, str) else None
            if key is None:
                self.problems.append(Problem(self.file, *mark, "a key must be text"))
                continue
            if key in seen:
                self.problems.append(Problem(self.file, *mark, f"the key {key!r} stands here twice", "keep one"))
            seen.add(key)
            self.marks[(*place, key)] = mark
            yield key, self.build(value_node, (*place, key), depth + 1)


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.style:  # quoted or a block: always text; libyaml says "" for a plain scalar, the pure parser None
        return text
    if text in _CORE:
        return _CORE[text]
    if text in _NULL:
        return None
    if _NUMBER.fullmatch(text):
        return float(text) if any(mark in text for mark in ".eE") else int(text)
    return text
