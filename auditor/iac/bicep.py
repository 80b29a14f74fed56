"""Resource declarations in Bicep: https://learn.microsoft.com/azure/azure-resource-manager/bicep/resource-declaration.

Names are followed through variables, parameters (their defaults, `.bicepparam` and parameter files, the arguments of
modules), string interpolation and loops over lists that are written out; what is computed otherwise has no name.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auditor.iac.bicep_text import Body, body_at, property_offsets, top_level
from auditor.iac.declaration import Declaration, line_place
from auditor.iac.place import Place
from auditor.iac.values import Values, joined, several

_RESOURCE = re.compile(
    r"^[ \t]*resource[ \t]+(\w+)[ \t]+'([^'@\n]+)(?:@[^'\n]*)?'[ \t]*(existing\b)?[ \t]*=[ \t\n]*", re.M
)
_MODULE = re.compile(r"^[ \t]*module[ \t]+(\w+)[ \t]+'([^'\n]+)'[ \t]*=[ \t\n]*", re.M)
_PARAM = re.compile(r"^[ \t]*param[ \t]+(\w+)[ \t]+[^=\n]+(?:=[ \t]*(.*\S))?", re.M)
_VARIABLE = re.compile(r"^[ \t]*var[ \t]+(\w+)[ \t]*=[ \t]*(\[[^\]]*\]|.*\S)", re.M)
_GIVEN = re.compile(r"^[ \t]*param[ \t]+(\w+)[ \t]*=[ \t]*(.*\S)", re.M)
_USING = re.compile(r"^[ \t]*using[ \t]+'([^'\n]+)'", re.M)
_PROPERTY = r"^[ \t]*{}[ \t]*:[ \t]*(.*\S)"
_NAME, _PARENT = (re.compile(_PROPERTY.format(name), re.M) for name in ("name", "parent"))
_ARGUMENT = re.compile(r"^[ \t]*(\w+)[ \t]*:[ \t]*(.*\S)", re.M)
_TAG = r"'?{}'?[ \t]*:[ \t]*'([^'$\n]+)'"
_SERVICE, _TRACE = (re.compile(_TAG.format(name)) for name in ("azd-service-name", "yor_trace"))
_PART = re.compile(r"\$\{([^{}]*)\}|((?:[^$\\]|\$(?!\{)|\\.)+)")
_STRINGS = re.compile(r"'([^'\n$]*)'")
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Given:
    """What a parameter file or a module call sets."""

    file: str
    """The Bicep file that it is for, relative to the root."""
    values: Mapping[str, Values]


@dataclass(slots=True)
class Block:
    """A `resource` statement."""

    symbol: str
    kind: str
    is_existing: bool
    at: int
    body: Body
    container: Block | None = None


@dataclass(slots=True)
class BicepFile:
    """One file, taken apart."""

    path: str
    """Relative to the root, with forward slashes."""
    uri: str
    text: str
    given: list[Given] = field(default_factory=list)
    """What parameter files and module calls set in it."""

    @property
    def blocks(self) -> list[Block]:
        """Its resource statements, nested ones with what holds them."""
        found: list[Block] = []
        for match in _RESOURCE.finditer(self.text):
            body = body_at(self.text, match.end())
            if not body.text and self.text[match.end() : match.end() + 1] == "{":
                break  # never closed: nothing after it can be trusted
            container = next((b for b in reversed(found) if b.body.begin < match.start() < b.body.end), None)
            found.append(Block(match[1], match[2].lower(), bool(match[3]), match.start(1), body, container))
        return found

    def known(self) -> dict[str, Values]:
        """Parameters and variables with the texts that they can have."""
        set_by_others: dict[str, list[Values]] = {}
        for given in self.given:
            for name, values in given.values.items():
                set_by_others.setdefault(name, []).append(values)
        known: dict[str, Values] = {}
        for found in _PARAM.finditer(self.text):
            default = values_of(found[2] or "", known)
            known[found[1]] = several(set_by_others[found[1]]) if found[1] in set_by_others else default
        for found in _VARIABLE.finditer(self.text):
            known[found[1]] = _list(found[2], known) if found[2].startswith("[") else values_of(found[2], known)
        return known


def bicep_declarations(files: Mapping[str, BicepFile]) -> Iterator[Declaration]:
    """Resources that the files deploy; those they only refer to (`existing`) are not among them."""
    _follow_modules(files)
    for file in files.values():
        known = file.known()
        blocks = file.blocks
        for block in blocks:
            kind = _full_kind(block)
            if not block.is_existing and block.body.text and kind.count("/") >= 1 and "." in kind.partition("/")[0]:
                yield from _declared(file, block, kind, blocks, known)


def parameter_file(path: str, text: str) -> Given | None:
    """What a `.bicepparam` file sets; None where it names no file."""
    using = _USING.search(text)
    if not using:
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), using[1]))
    return Given(target, {found[1]: values_of(found[2], {}) for found in _GIVEN.finditer(text)})


def values_of(expression: str, known: Mapping[str, Values]) -> Values:
    """The texts that an expression can have: a literal, a name, an interpolation, or one of these in lower case."""
    text = expression.strip()
    if text.startswith("'") and text.endswith("'") and len(text) > 1 and "'" not in _without_parts(text[1:-1]):
        return joined(_parts(text[1:-1], known))
    if found := re.fullmatch(r"toLower\((.+)\)", text):
        return tuple(value.lower() for value in values_of(found[1], known))
    return known.get(text, ())


def _without_parts(text: str) -> str:
    return re.sub(r"\$\{[^{}]*\}", "", text)


def _parts(text: str, known: Mapping[str, Values]) -> Iterator[Values]:
    for found in _PART.finditer(text):
        yield values_of(found[1], known) if found[1] is not None else (found[2],)


def _list(expression: str, known: Mapping[str, Values]) -> Values:
    """The texts of a list that is written out or named, or of `range(a, b)`; empty for anything else."""
    text = expression.strip()
    if found := re.fullmatch(r"range\(\s*(\d+)\s*,\s*(\d+)\s*\)", text):
        first, number = int(found[1]), int(found[2])
        return tuple(str(n) for n in range(first, first + min(number, 50)))
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1]
        return tuple(_STRINGS.findall(inner)) if not _STRINGS.sub("", inner).strip(" \t\r\n,") else ()
    return known.get(text, ())


def _follow_modules(files: Mapping[str, BicepFile]) -> None:
    """Hand the arguments of module calls down, callers before what they call, as deep as modules usually nest."""
    calls = [(file, found) for file in files.values() for found in _MODULE.finditer(file.text)]
    for _ in range(min(_DEEPEST, len(files))):
        before = [list(file.given) for file in files.values()]
        handed: dict[str, list[Given]] = {}
        for file, found in calls:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), found[2]))
            if target in files:
                handed.setdefault(target, []).append(_arguments(file, found))
        for target, given in handed.items():
            own = [one for one in files[target].given if one.file != _CALL]
            files[target].given = [*own, *given]
        if before == [list(file.given) for file in files.values()]:
            return


_CALL = "(module)"


def _arguments(file: BicepFile, found: re.Match[str]) -> Given:
    body = body_at(file.text, found.end())
    known = _in_loop(file.known(), body)
    block = re.search(r"^[ \t]*params[ \t]*:[ \t]*", body.text, re.M)
    params = body_at(body.text, block.end()) if block else Body(0, "")
    arguments = _ARGUMENT.finditer(top_level(params.text))
    return Given(_CALL, {argument[1]: values_of(argument[2], known) for argument in arguments})


def _in_loop(known: Mapping[str, Values], body: Body) -> dict[str, Values]:
    return {**known, body.loop[0]: _list(body.loop[1], known)} if body.loop else dict(known)


def _declared(
    file: BicepFile, block: Block, kind: str, blocks: list[Block], known: Mapping[str, Values]
) -> Iterator[Declaration]:
    place = line_place(file.uri, file.text, block.at)
    offsets = property_offsets(block.body.text)
    properties = {path: _line(file, block.body.begin + offset) for path, offset in offsets.items()}
    service, trace = (tag.search(block.body.text) for tag in (_SERVICE, _TRACE))
    names = [name.lower() for name in _names(block, blocks, known, 0) if name.count("/") == kind.count("/") - 1]
    for name in names or [""]:
        yield Declaration(kind, name, place, service[1] if service else "", trace[1] if trace else "", properties)


def _line(file: BicepFile, offset: int) -> Place:
    return line_place(file.uri, file.text, offset)


def _full_kind(block: Block) -> str:
    return f"{_full_kind(block.container)}/{block.kind}" if block.container else block.kind


def _names(block: Block, blocks: list[Block], known: Mapping[str, Values], depth: int) -> Values:
    """Full names, the parent's before the own; empty where any of them is computed."""
    if depth > _DEEPEST:
        return ()
    text = top_level(block.body.text)
    found = _NAME.search(text)
    expression = found[1] if found else ""
    if block.body.loop and not re.search(rf"\b{re.escape(block.body.loop[0])}\b", expression):
        return ()  # several resources cannot have one name: it depends on more than can be seen
    own = values_of(expression, _in_loop(known, block.body))
    parent = _PARENT.search(text)
    above = block.container or (next((b for b in blocks if b.symbol == parent[1]), None) if parent else None)
    if above is None:
        return () if parent else own
    return joined([_names(above, blocks, known, depth + 1), ("/",), own])
