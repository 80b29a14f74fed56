"""Where a policy expression ends: `@(...)` and `@{...}` hold C#, with quotes and angle brackets of its own.

https://learn.microsoft.com/azure/api-management/api-management-policy-expressions
"""

from __future__ import annotations

import re

_OPENING, _CLOSING = "([{", ")]}"
# Everything that can hide a bracket; in the format `xml` quotes are written as &quot;.
_MARK = re.compile(r"//|/\*|@\"|\$@\"|\"|&quot;|'(?:\\.[^']{0,8}|[^'\\])'|[(\[{)\]}]")
_STRING_END = re.compile(r"\\.|\"", re.S)
_ESCAPED_END = re.compile(r"\\.|&quot;", re.S)
_VERBATIM_END = re.compile(r"\"\"|\"")


def is_expression(text: str, at: int = 0) -> bool:
    """Whether an expression begins at this index."""
    return text.startswith(("@(", "@{"), at)


def expression_end(text: str, start: int) -> int:
    """The index after an expression that begins at `start`; -1 where it never ends. Reads each character once."""
    depth = 0
    at = start + 1
    while found := _MARK.search(text, at):
        mark, at = found[0], found.end()
        if mark in _OPENING:
            depth += 1
        elif mark in _CLOSING:
            depth -= 1
            if depth == 0:
                return at
        elif mark[0] != "'" and (at := _after_hidden(text, mark, at)) < 0:
            return -1
    return -1


def _after_hidden(text: str, mark: str, at: int) -> int:
    """The index after a comment or string that has just begun; -1 where it never ends."""
    if mark in ("//", "/*"):
        ending = "\n" if mark == "//" else "*/"
        found = text.find(ending, at)
        return found if found < 0 else found + len(ending)
    if mark.endswith('@"'):
        return _after(_VERBATIM_END, '""', text, at)
    pattern = _ESCAPED_END if mark == "&quot;" else _STRING_END
    while found_end := pattern.search(text, at):
        at = found_end.end()
        if not found_end[0].startswith("\\"):
            return at
    return -1


def _after(pattern: re.Pattern[str], escape: str, text: str, at: int) -> int:
    while found := pattern.search(text, at):
        at = found.end()
        if found[0] != escape:
            return at
    return -1
