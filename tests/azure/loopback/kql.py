"""The plain part of Kusto that a collector's queries use: `where`, `project`, `order by`, `limit`, `count`.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = dict[str, Any]
Evaluate = Callable[[Mapping[str, Any]], Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<moment>datetime\([^)]*\))|(?P<text>@?'(?:[^'\\]|\\.)*'|@?\"(?:[^\"\\]|\\.)*\")|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<sign>!in~|\bin~|!in\b|=~|!~|==|!=|<=|>=|[|<>%+\-*/(),.\[\]=]|!\w+)|(?P<name>[A-Za-z_$][\w$]*))"
)


class QueryError(Exception):
    """A query that Resource Graph would refuse, or that this evaluator does not know."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    table: str
    steps: tuple[Callable[[list[Row]], list[Row]], ...]
    limited: bool
    """Whether the query itself limits rows: then Resource Graph gives no skip token."""
    projected: tuple[str, ...]
    """Column names after the last `project`; () where there is none."""

    def run(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that come out."""
        found = list(rows)
        for step in self.steps:
            found = step(found)
        return found


def parse(text: str) -> Query:
    """A query. Raises QueryError."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._limited = False
        self._projected: tuple[str, ...] = ()

    def query(self) -> Query:
        table = self._name().lower() if self._kind() == "name" and self._peek() != "where" else "resources"
        steps = []
        while self._at < len(self._tokens):
            self._expect("|")
            steps.append(self._step())
        return Query(table, tuple(steps), self._limited, self._projected)

    def _step(self) -> Callable[[list[Row]], list[Row]]:
        match self._name().lower():
            case "where":
                test = self._or()
                return lambda rows: [row for row in rows if test(row) is True]
            case "project":
                return self._project()
            case "extend":
                columns = self._columns()
                return lambda rows: [{**row, **{name: value(row) for name, value in columns}} for row in rows]
            case "order" | "sort":
                return self._order()
            case "limit" | "take" | "top":
                count = int(self._take())
                self._limited = True
                return lambda rows: rows[:count]
            case "count":
                self._limited = True
                return lambda rows: [{"Count": len(rows)}]
            case other:
                raise QueryError(f"the operator {other!r} is not known here")

    def _project(self) -> Callable[[list[Row]], list[Row]]:
        columns = self._columns()
        self._projected = tuple(name for name, _ in columns)
        return lambda rows: [{name: value(row) for name, value in columns} for row in rows]

    def _columns(self) -> list[tuple[str, Evaluate]]:
        columns = []
        while True:
            name = self._peek()
            if self._kind() == "name" and self._peek(1) == "=":
                self._at += 2
                columns.append((name, self._or()))
            else:
                start = self._at
                value = self._or()
                columns.append(("_".join(t for k, t in self._tokens[start : self._at] if k == "name"), value))
            if self._peek() != ",":
                return columns
            self._at += 1

    def _order(self) -> Callable[[list[Row]], list[Row]]:
        self._expect("by")
        value = self._or()
        descending = True  # Kusto's default
        if self._peek().lower() in ("asc", "desc"):
            descending = self._take().lower() == "desc"
        return lambda rows: sorted(rows, key=lambda row: str(value(row)).lower(), reverse=descending)

    def _or(self) -> Evaluate:
        left = self._and()
        while self._peek().lower() == "or":
            self._at += 1
            first, second = left, self._and()
            left = lambda row, a=first, b=second: bool(a(row)) or bool(b(row))  # noqa: E731
        return left

    def _and(self) -> Evaluate:
        left = self._comparison()
        while self._peek().lower() == "and":
            self._at += 1
            first, second = left, self._comparison()
            left = lambda row, a=first, b=second: bool(a(row)) and bool(b(row))  # noqa: E731
        return left

    def _comparison(self) -> Evaluate:
        left = self._sum()
        sign = self._peek().lower()
        if sign in _IN:
            self._at += 1
            self._expect("(")
            values = self._arguments()
            fold = sign.endswith("~")
            wanted = not sign.startswith("!")
            return lambda row: (_folded(left(row), fold) in [_folded(v(row), fold) for v in values]) is wanted
        if sign in _COMPARE:
            self._at += 1
            right = self._sum()
            compare = _COMPARE[sign]
            return lambda row: compare(left(row), right(row))
        return left

    def _sum(self) -> Evaluate:
        left = self._primary()
        while self._peek() == "%":
            self._at += 1
            first, second = left, self._primary()
            left = lambda row, a=first, b=second: a(row) % b(row)  # noqa: E731
        return left

    def _primary(self) -> Evaluate:
        kind, text = self._token()
        self._at += 1
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", text.lstrip("@")[1:-1])
            return lambda _row: value
        if kind == "number":
            number = float(text) if "." in text else int(text)
            return lambda _row: number
        if kind == "moment":
            moment = datetime.fromisoformat(text.partition("(")[2].rstrip(")"))
            return lambda _row: moment
        if text == "(":
            inside = self._or()
            self._expect(")")
            return inside
        if kind != "name":
            raise QueryError(f"{text!r} is not expected here")
        if self._peek() == "(":
            self._at += 1
            return _call(text, self._arguments())
        return self._path(text)

    def _path(self, first: str) -> Evaluate:
        lowered = first.lower()
        if lowered in _CONSTANTS:
            constant = _CONSTANTS[lowered]
            return lambda _row: constant
        path = [first]
        while self._peek() in (".", "["):
            if self._take() == ".":
                path.append(self._name())
            else:
                path.append(self._take().strip("'\""))
                self._expect("]")
        return lambda row: _dig(row, path)

    def _arguments(self) -> list[Evaluate]:
        values = []
        while self._peek() != ")":
            values.append(self._or())
            if self._peek() == ",":
                self._at += 1
        self._at += 1
        return values

    def _token(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise QueryError("the query ends too early")
        return self._tokens[self._at]

    def _peek(self, ahead: int = 0) -> str:
        index = self._at + ahead
        return self._tokens[index][1] if index < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        text = self._token()[1]
        self._at += 1
        return text

    def _name(self) -> str:
        kind, text = self._token()
        if kind != "name":
            raise QueryError(f"a name is expected, not {text!r}")
        self._at += 1
        return text

    def _expect(self, text: str) -> None:
        if self._take().lower() != text:
            raise QueryError(f"{text!r} is expected")


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if not match or match.end() == position:
            raise QueryError(f"cannot be read at {stripped[position : position + 20]!r}")
        kind = match.lastgroup or ""
        found.append(("sign" if match.group(kind).lower() in ("in",) else kind, match.group(kind)))
        position = match.end()
    return found


def _folded(value: Any, fold: bool) -> Any:
    return value.lower() if fold and isinstance(value, str) else value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_IN = frozenset({"in", "in~", "!in", "!in~"})
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "=~": lambda a, b: _text(a).lower() == _text(b).lower(),
    "!~": lambda a, b: _text(a).lower() != _text(b).lower(),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "contains": lambda a, b: _text(b).lower() in _text(a).lower(),
    "!contains": lambda a, b: _text(b).lower() not in _text(a).lower(),
    "has": lambda a, b: _text(b).lower() in re.split(r"[^a-z0-9]+", _text(a).lower()),
    "startswith": lambda a, b: _text(a).lower().startswith(_text(b).lower()),
    "!startswith": lambda a, b: not _text(a).lower().startswith(_text(b).lower()),
    "endswith": lambda a, b: _text(a).lower().endswith(_text(b).lower()),
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tolower": lambda value: _text(value).lower(),
    "toupper": lambda value: _text(value).upper(),
    "tostring": _text,
    "todatetime": lambda value: datetime.fromisoformat(_text(value)),
    "hash": lambda value, modulus=None: _hash(value, modulus),
    "isempty": lambda value: value in (None, ""),
    "isnotempty": lambda value: value not in (None, ""),
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "not": lambda value: not value,
    "tobool": lambda value: value if isinstance(value, bool) else _text(value).lower() == "true",
}


def _hash(value: Any, modulus: int | None) -> int:
    """Another hash than Kusto's xxhash64: what counts is that it is the same every time and spreads."""
    number = zlib.crc32(_text(value).encode())
    return number % modulus if modulus else number


def _call(name: str, arguments: list[Evaluate]) -> Evaluate:
    function = _FUNCTIONS.get(name.lower())
    if function is None:
        raise QueryError(f"the function {name!r} is not known here")
    return lambda row: function(*(argument(row) for argument in arguments))


def _dig(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = row
    for name in path:
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
