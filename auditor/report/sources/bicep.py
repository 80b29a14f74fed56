"""Resource declarations in Bicep: https://learn.microsoft.com/azure/azure-resource-manager/bicep/resource-declaration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.report.sources.declaration import Declaration, line_place

_RESOURCE = re.compile(r"^[ \t]*resource[ \t]+(\w+)[ \t]+'([^'@\n]+)@[^'\n]*'[ \t]*(existing\b)?[ \t]*=[ \t]*", re.M)
_LITERAL = re.compile(r"^[ \t]*(?:param[ \t]+(\w+)[ \t]+string|var[ \t]+(\w+))[ \t]*=[ \t]*'([^'\n]*)'[ \t]*$", re.M)
_NAME = re.compile(r"^[ \t]*name[ \t]*:[ \t]*(.+?)[ \t]*$", re.M)
_PARENT = re.compile(r"^[ \t]*parent[ \t]*:[ \t]*(\w+)[ \t]*$", re.M)
_SERVICE = re.compile(r"'azd-service-name'[ \t]*:[ \t]*'([^'$\n]+)'")
_SKIPPED = re.compile(r"//[^\n]*|/\*.*?\*/|'''.*?'''|'(?:[^'\\\n]|\\.)*'", re.S)


def bicep_declarations(text: str, uri: str) -> Iterator[Declaration]:
    """Resources that the file deploys; those it only refers to (`existing`), and loops, are not among them."""
    literals = {found[1] or found[2]: found[3] for found in _LITERAL.finditer(text) if "${" not in found[3]}
    blocks = {found[1]: (found, _block(text, found.end())) for found in _RESOURCE.finditer(text)}
    for found, block in blocks.values():
        kind = found[2].lower()
        if found[3] or not block or kind.count("/") < 1 or "." not in kind:
            continue
        service = _SERVICE.search(block)
        name = _full_name(found[1], blocks, literals)
        if name.count("/") != kind.count("/") - 1:
            name = ""
        yield Declaration(kind, name, line_place(uri, text, found.start(1)), service[1] if service else "")


def _full_name(symbol: str, blocks: Mapping[str, tuple[re.Match[str], str]], literals: Mapping[str, str]) -> str:
    """The name with its parents' before it; "" where any of them is computed."""
    parts: list[str] = []
    while symbol:
        block = _top_level(blocks[symbol][1]) if symbol in blocks else ""
        name = _text(_NAME.search(block), literals)
        if not name or len(parts) > 5:
            return ""
        parts.insert(0, name)
        parent = _PARENT.search(block)
        symbol = parent[1] if parent else ""
    return "/".join(parts).lower()


def _text(found: re.Match[str] | None, literals: Mapping[str, str]) -> str:
    if not found:
        return ""
    value = found[1]
    if value.startswith("'") and value.endswith("'") and value.count("'") == 2 and "${" not in value:
        return value[1:-1]
    return literals.get(value, "")


def _block(text: str, at: int) -> str:
    """The object that begins at `at` or after an `if (...)`, braces included; "" for a loop."""
    if text[at : at + 1] == "[":
        return ""
    begin = text.find("{", at)
    if begin < 0:
        return ""
    depth = 0
    position = begin
    while position < len(text):
        if skipped := _SKIPPED.match(text, position):
            position = skipped.end()
            continue
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
        if depth == 0:
            return text[begin:position]
    return ""


def _top_level(block: str) -> str:
    """The block's own properties: what lies in deeper brackets is blanked out."""
    out: list[str] = []
    depth = 0
    position = 0
    while position < len(block):
        skipped = _SKIPPED.match(block, position)
        piece = skipped[0] if skipped else block[position]
        depth += {"{": 1, "[": 1}.get(piece, 0)
        comment = piece.startswith(("//", "/*"))
        out.append(piece if depth == 1 and not comment else "\n" * piece.count("\n"))
        depth -= {"}": 1, "]": 1}.get(piece, 0)
        position += len(piece)
    return "".join(out).strip("{}")
