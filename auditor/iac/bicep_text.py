"""Bicep as text: blocks in their braces, what stands at their top level, and where their properties are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SKIPPED = re.compile(r"//[^\n]*|/\*.*?\*/|'''.*?'''|'(?:[^'\\\n]|\\.)*'", re.S)
_KEY = re.compile(r"[ \t]*(?:([A-Za-z_]\w*)|'([^'\n$\\]+)')[ \t]*:(?!:)")
_LOOP = re.compile(r"\[[ \t]*for[ \t]+(?:(\w+)|\([ \t]*(\w+)[ \t]*,[ \t]*\w+[ \t]*\))[ \t]+in[ \t]+", re.S)


@dataclass(frozen=True, slots=True)
class Body:
    """An object that a statement declares."""

    begin: int
    """Offset of its opening brace."""
    text: str
    """Braces included; "" where there is none."""
    loop: tuple[str, str] | None = None
    """Loop variable and the expression it goes over, for `[for x in y: {...}]`."""

    @property
    def end(self) -> int:
        """Offset after its closing brace."""
        return self.begin + len(self.text)


def body_at(text: str, at: int) -> Body:
    """The object that begins at `at`, after an `if (...)`, or inside a loop."""
    loop = _LOOP.match(text, at)
    if loop:
        colon = _find(text, loop.end(), ":")
        over = text[loop.end() : colon].strip()
        return Body(*_braces(text, colon), (loop[1] or loop[2], over)) if colon >= 0 else Body(at, "")
    if text[at : at + 1] == "[":
        return Body(at, "")
    if found := re.compile(r"if[ \t]*\(").match(text, at):
        closing = _find(text, found.end(), ")")
        return Body(*_braces(text, closing)) if closing >= 0 else Body(at, "")
    return Body(*_braces(text, at)) if text[at : at + 1] == "{" else Body(at, "")


def _braces(text: str, at: int) -> tuple[int, str]:
    begin = text.find("{", at)
    if begin < 0:
        return at, ""
    depth = 0
    for piece, position in pieces(text, begin):
        depth += {"{": 1, "}": -1}.get(piece, 0)
        if depth == 0:
            return begin, text[begin : position + 1]
    return begin, ""


def _find(text: str, at: int, wanted: str) -> int:
    """Where `wanted` stands outside brackets; -1 where it does not."""
    depth = 0
    for piece, position in pieces(text, at):
        if depth == 0 and piece == wanted:
            return position
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(piece, 0)
    return -1


def pieces(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Characters with their offsets; a string or comment as one piece."""
    while at < len(text):
        skipped = _SKIPPED.match(text, at)
        piece = skipped[0] if skipped else text[at]
        yield piece, at
        at += len(piece)


def top_level(block: str) -> str:
    """The block's own properties: what lies in deeper brackets is blanked out, and comments are gone."""
    out: list[str] = []
    depth = 0
    for piece, _ in pieces(block, 0):
        depth += {"{": 1, "[": 1}.get(piece, 0)
        comment = piece.startswith(("//", "/*"))
        out.append(piece if depth == 1 and not comment else "\n" * piece.count("\n"))
        depth -= {"}": 1, "]": 1}.get(piece, 0)
    return "".join(out).strip("{}")


def property_offsets(block: str) -> dict[str, int]:
    """Offset of each property's key by lower-cased path; not of what is inside lists, or stands twice."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    stack: list[str | None] = []
    path: str | None = None
    at = 0
    while at < len(block):
        fresh = at == 0 or block[at - 1] in "\n{,"
        key = _KEY.match(block, at) if fresh and stack and stack[-1] is not None else None
        if key:
            name = (key[1] or key[2]).lower()
            path = f"{stack[-1]}.{name}" if stack[-1] else name
            if path in found:
                twice.add(path)
            found[path] = key.start(1) if key[1] else key.start(2)
            at = key.end()
            continue
        skipped = _SKIPPED.match(block, at)
        piece = skipped[0] if skipped else block[at]
        if piece == "{":
            stack.append(path if stack else "")
        elif piece == "[":
            stack.append(None)
        elif piece in "}]" and stack:
            path = stack.pop()
        at += len(piece)
    return {path: offset for path, offset in found.items() if path not in twice}
