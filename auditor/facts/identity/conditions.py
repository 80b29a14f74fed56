"""Conditions of role assignments: parsed, and asked whether they let a request through.

The language: `!` or NOT, `AND` or `&&`, `OR` or `||`, parentheses, `ActionMatches{'...'}`, `SubOperationMatches{...}`,
`Exists @...`, and comparisons of `@Request[...]`, `@Resource[...]`, `@Principal[...]` and `@Environment[...]` with a
value, a `{list}` or another attribute
(https://learn.microsoft.com/azure/role-based-access-control/conditions-format). What the request does not say is
unknown, and unknown travels as in Kleene logic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from auditor.facts.identity.patterns import matches

_TOKEN = re.compile(
    r"\s*(?:(?P<sign>&&|\|\||[!(){},\[\]])|'(?P<text>(?:[^'\\]|\\.)*)'|(?P<attribute>@\w+\s*\[[^\]]*\])"
    r"|(?P<word>[^\s(){},'!&|\[\]@]+))"
)
_DEEPEST = 60
"""Nesting that no portal writes; deeper is not understood."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a request."""

    action: str
    """The operation asked for."""
    attributes: Mapping[str, str]
    """By lower-cased source and name, `request:microsoft.authorization/roleassignments:roledefinitionid`; what is not
    here is unknown."""


Truth = bool | None
_Node = Callable[[Request], Truth]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written, understood or not."""

    text: str
    """As the assignment has it."""
    _node: _Node | None

    @property
    def understood(self) -> bool:
        """Whether it could be parsed."""
        return self._node is not None

    def permits(self, request: Request) -> Truth:
        """Whether a request gets through; None where it depends on what is not known."""
        return self._node(request) if self._node else None


@cache
def condition(text: str) -> Condition:
    """Parse a condition; one that is not understood answers nothing."""
    try:
        parser = _Parser(_tokens(text))
        node = parser.either(0)
        parser.end()
    except (_NotUnderstoodError, IndexError):
        return Condition(text, None)
    return Condition(text, node)


class _NotUnderstoodError(Exception):
    """The text is not a condition as documented."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.lastgroup is None:
            raise _NotUnderstoodError
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    """By recursive descent: OR binds least, then AND, then NOT."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def either(self, depth: int) -> _Node:
        parts = [self._both(depth)]
        while self._is_word("||", "or"):
            self._at += 1
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else lambda request: _any(part(request) for part in parts)

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise _NotUnderstoodError

    def _both(self, depth: int) -> _Node:
        parts = [self._one(depth)]
        while self._is_word("&&", "and"):
            self._at += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else lambda request: _all(part(request) for part in parts)

    def _one(self, depth: int) -> _Node:
        if depth > _DEEPEST:
            raise _NotUnderstoodError
        token = self._tokens[self._at]
        if self._is_word("!", "not"):
            self._at += 1
            inner = self._one(depth + 1)
            return lambda request: None if (truth := inner(request)) is None else not truth
        if token == _Token("sign", "("):
            self._at += 1
            inner = self.either(depth + 1)
            self._take(")")
            return inner
        if token.kind == "word":
            return self._function(token.value.lower())
        if token.kind == "attribute":
            return self._comparison()
        raise _NotUnderstoodError

    def _function(self, name: str) -> _Node:
        self._at += 1
        if name == "exists":
            if self._tokens[self._at].kind != "attribute":
                raise _NotUnderstoodError
            attribute = self._attribute()
            return lambda request: True if attribute in request.attributes else None
        patterns = tuple(text.lower() for text in self._list())
        if name == "actionmatches":
            return lambda request: matches(patterns, request.action.lower())
        if name == "suboperationmatches":
            # Operations inside a data action, such as Blob.List; none of the actions that are asked about has them.
            return lambda _: None
        raise _NotUnderstoodError

    def _comparison(self) -> _Node:
        left = self._attribute()
        operator = self._tokens[self._at]
        if operator.kind != "word":
            raise _NotUnderstoodError
        self._at += 1
        compare = _operator(operator.value.lower())
        if self._tokens[self._at].kind == "attribute":
            right = self._attribute()
            return lambda request: _between(request, left, right, compare)
        values = self._list() if self._is_word("{") else [self._value()]

        def judge(request: Request) -> Truth:
            known = request.attributes.get(left)
            return None if known is None else compare(known, values)

        return judge

    def _attribute(self) -> str:
        source, _, name = self._tokens[self._at].value.partition("[")
        self._at += 1
        return f"{source.strip().lower().removeprefix('@')}:{name.rstrip(']').strip().lower()}"

    def _list(self) -> list[str]:
        self._take("{")
        values: list[str] = []
        while not self._is_word("}"):
            values.append(self._value())
            if self._is_word(","):
                self._at += 1
        self._take("}")
        return values

    def _value(self) -> str:
        token = self._tokens[self._at]
        if token.kind not in ("text", "word"):
            raise _NotUnderstoodError
        self._at += 1
        return token.value

    def _is_word(self, *words: str) -> bool:
        if self._at >= len(self._tokens):
            return False
        token = self._tokens[self._at]
        return token.kind in ("sign", "word") and token.value.lower() in words

    def _take(self, sign: str) -> None:
        if self._tokens[self._at] != _Token("sign", sign):
            raise _NotUnderstoodError
        self._at += 1


_Compare = Callable[[str, Sequence[str]], Truth]


def _operator(name: str) -> _Compare:
    """A comparison of one known value with a list.

    `ForAnyOfAnyValues` and `ForAllOfAnyValues` ask for one value of the list, `...AllValues` for all of them.
    """
    scope, _, plain = name.rpartition(":")
    every = scope.endswith("allvalues")
    test = _tests().get(plain)
    if test is None:
        # Numbers, times and addresses are nothing that an assignment of a role has.
        return lambda _left, _right: None
    return lambda left, right: (all if every else any)(test(left, value) for value in right)


@cache
def _tests() -> Mapping[str, Callable[[str, str], bool]]:
    def same(left: str, right: str) -> bool:
        return left == right

    def same_in_any_case(left: str, right: str) -> bool:
        return left.lower() == right.lower()

    def same_id(left: str, right: str) -> bool:
        return bare_guid(left) == bare_guid(right)

    def like(left: str, right: str) -> bool:
        return matches((right,), left)

    def like_in_any_case(left: str, right: str) -> bool:
        return matches((right.lower(),), left.lower())

    tests: dict[str, Callable[[str, str], bool]] = {}
    for name, test in (
        ("stringequals", same),
        ("stringequalsignorecase", same_in_any_case),
        ("stringlike", like),
        ("stringlikeignorecase", like_in_any_case),
        ("guidequals", same_id),
        ("boolequals", same_in_any_case),
    ):
        tests[name] = test
        negated = name.replace("equals", "notequals") if "equals" in name else name.replace("like", "notlike")
        tests[negated] = lambda left, right, test=test: not test(left, right)  # type: ignore[misc]
    return tests


def bare_guid(text: str) -> str:
    """An id as conditions compare it: built-in roles write theirs without hyphens too."""
    return text.strip().lower().replace("-", "")


def _between(request: Request, left: str, right: str, compare: _Compare) -> Truth:
    one, other = request.attributes.get(left), request.attributes.get(right)
    return None if one is None or other is None else compare(one, [other])


def _all(values: Iterable[Truth]) -> Truth:
    unknown = False
    for value in values:
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def _any(values: Iterable[Truth]) -> Truth:
    unknown = False
    for value in values:
        if value:
            return True
        unknown = unknown or value is None
    return None if unknown else False
