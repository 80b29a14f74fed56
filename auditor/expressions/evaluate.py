"""Expressions worked out as far as they can be known before deployment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Protocol

from auditor.expressions.functions import FUNCTIONS, to_bool
from auditor.expressions.partial import MOST, Choice, Open, Shape, Unknown, alternatives, unknowns
from auditor.expressions.shapes import HASHED, shaped, stand_in
from auditor.expressions.tree import Array, Call, Expression, Lambda, Literal, Loop, Member, Name, Object, Opaque
from auditor.expressions.values import MISSING, Undecidable, as_text, is_null, member

NOT_MINE: Final = object()
"""What a scope answers for a function that it does not have."""


class Scope(Protocol):
    """What the names and the functions of one file mean."""

    def name(self, name: str) -> Any:
        """The value of a bare name."""

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """The value of a function that needs more than its arguments, by lower-cased name; NOT_MINE for any other."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A scope inside another: a loop's or a lambda's."""

    outer: Scope
    names: Mapping[str, Any]

    def name(self, name: str) -> Any:
        """See `Scope.name`."""
        return self.names[name] if name in self.names else self.outer.name(name)

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """See `Scope.call`."""
        if name == "lambdavariables" and arguments and arguments[0] in self.names:
            return self.names[arguments[0]]
        return self.outer.call(name, arguments)


def evaluate(tree: Expression, scope: Scope) -> Any:
    """A JSON value, or one that is known in part."""
    match tree:
        case Literal(value):
            return value
        case Name(name):
            return scope.name(name)
        case Opaque(reason):
            return Unknown(reason)
        case Array(items):
            return [evaluate(item, scope) for item in items]
        case Object(members):
            return _object(members, scope)
        case Member(value, key, is_safe):
            return get(evaluate(value, scope), evaluate(key, scope), is_safe=is_safe)
        case Loop(over, each):
            return _each(evaluate(over, scope), each, scope)
        case Lambda():
            return Unknown("a function is no value")
        case Call(name, arguments):
            return _call(name, arguments, scope)


def _object(members: tuple[tuple[Expression, Expression], ...], scope: Scope) -> Any:
    found: dict[str, Any] = {}
    for key, value in members:
        name = evaluate(key, scope)
        if isinstance(name, str | int | float):
            found[as_text(name)] = evaluate(value, scope)
        else:
            found = _open(found, Unknown.of(list(unknowns(name)), "a property's name is computed at deployment"))
    return found


def _open(known: Mapping[str, Any], why: Unknown) -> Open:
    made = Open(why)
    made.update(known)
    return made


def get(value: Any, key: Any, *, is_safe: bool = False) -> Any:
    """A member of an object or an element of a list."""
    for part in (value, key):
        if isinstance(part, Unknown):
            return part
    if isinstance(value, Choice) or isinstance(key, Choice):
        pairs = product(alternatives(value), alternatives(key))
        return Choice.of((get(a, b, is_safe=is_safe) for a, b in pairs), _why(value, key))
    if isinstance(value, list) and isinstance(key, int) and -1 < key < len(value):
        return value[key]
    found = member(value, key) if isinstance(key, str) else MISSING
    if found is not MISSING:
        return found
    if isinstance(value, Open):
        return value.why
    return None if is_safe else Unknown(f"there is no {key!r}" if isinstance(key, str | int) else "it has no name")


def _why(*values: Any) -> Unknown:
    return Unknown.of([cause for value in values for cause in unknowns(value)])


def elements(over: Any) -> list[Any] | Unknown:
    """What a loop goes over."""
    if isinstance(over, list):
        return over
    return _why(over) if any(True for _ in unknowns(over)) else Unknown("a loop goes over what is no list")


def _each(over: Any, each: Lambda, scope: Scope) -> Any:
    found = elements(over)
    return found if isinstance(found, Unknown) else [_applied(each, (v, i), scope) for i, v in enumerate(found)]


def _applied(function: Lambda, values: tuple[Any, ...], scope: Scope) -> Any:
    return evaluate(function.body, Bound(scope, dict(zip(function.names, values, strict=False))))


def _call(name: str, arguments: tuple[Expression, ...], scope: Scope) -> Any:
    lowered = name.lower()
    if special := _LAZY.get(lowered):
        return special(arguments, scope)
    values = [evaluate(argument, scope) for argument in arguments]
    found = scope.call(lowered, values)
    return apply(lowered, values) if found is NOT_MINE else found


def apply(name: str, values: Sequence[Any]) -> Any:
    """A function of its arguments alone, by lower-cased name."""
    if any(isinstance(value, Choice) for value in values):
        ways = list(product(*map(alternatives, values)))[: MOST + 1]
        return Choice.of((apply(name, way) for way in ways), _why(*values))
    if name in HASHED or any(isinstance(value, Shape) for value in values) or name in ("join", "format"):
        found = shaped(name, values)
        if found is not None:
            return found
    if name == "union" and any(isinstance(value, Unknown | Open) for value in values):
        return _union(values)
    causes = [cause for value in values for cause in unknowns(value)]
    outermost = [value for value in values if isinstance(value, Unknown | Shape)]
    if causes and (outermost or not _is_structural(name, values)):
        return Unknown.of(causes, text=stand_in(name, values))
    function = FUNCTIONS.get(name)
    if function is None:
        return Unknown(f"{name}() is only known at deployment")
    try:
        return function.call(*values)
    except Undecidable as error:
        return Unknown(error.reason)
    except (TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError):
        return Unknown(f"{name}() cannot be worked out")


_STRUCTURAL = frozenset(
    {
        *("createarray", "createobject", "array", "length", "empty", "first", "last", "skip", "take", "items"),
        *("objectkeys", "shallowmerge", "concat"),
    }
)


def _is_structural(name: str, values: Sequence[Any]) -> bool:
    """Whether a function looks at lists and objects only from outside, so that elements may be unknown."""
    if any(isinstance(value, Open) for value in values):
        return False
    is_of_objects = all(isinstance(value, Mapping) for value in values)
    return name in _STRUCTURAL or (name == "union" and is_of_objects) or (name == "contains" and _has_keys(values))


def _has_keys(values: Sequence[Any]) -> bool:
    return len(values) == 2 and isinstance(values[0], Mapping) and isinstance(values[1], str)


def _union(values: Sequence[Any]) -> Any:
    """`union()` of objects of which some are not known: later members are certain all the same."""
    known: dict[str, Any] = {}
    why: list[Unknown] = []
    for value in values:
        if isinstance(value, Unknown):
            why.append(value)
            known = {}
        elif isinstance(value, Mapping):
            why += [value.why] if isinstance(value, Open) else []
            known = {} if isinstance(value, Open) else known
            known |= value
        else:
            return Unknown.of(why)
    return _open(known, Unknown.of(why))


# --- functions that do not look at every argument


def truth(value: Any) -> bool | Unknown:
    """A condition's value."""
    if isinstance(value, Choice):
        found = {to_bool(one) for one in value.values if isinstance(one, bool | int | str)}
        return found.pop() if len(found) == 1 and not any(True for _ in unknowns(list(value.values))) else value.why
    if isinstance(value, Unknown):
        return value
    try:
        return to_bool(value)
    except Undecidable as error:
        return Unknown(error.reason)


def _if(arguments: tuple[Expression, ...], scope: Scope) -> Any:
    if len(arguments) != 3:
        return Unknown("if() takes three arguments")
    decided = truth(evaluate(arguments[0], scope))
    if isinstance(decided, bool):
        return evaluate(arguments[1 if decided else 2], scope)
    return Choice.of((evaluate(argument, scope) for argument in arguments[1:]), decided)


def _junction(decisive: bool) -> Callable[[tuple[Expression, ...], Scope], Any]:
    def junction(arguments: tuple[Expression, ...], scope: Scope) -> Any:
        values = [truth(evaluate(argument, scope)) for argument in arguments]
        if decisive in values:
            return decisive
        open_ones = [value for value in values if isinstance(value, Unknown)]
        return Unknown.of(open_ones) if open_ones else not decisive

    return junction


def _coalesce(arguments: tuple[Expression, ...], scope: Scope) -> Any:
    for argument in arguments:
        value = evaluate(argument, scope)
        if isinstance(value, Choice) and None in value.values:
            return value.why
        if not is_null(value):
            return value
    return None


def _try_get(arguments: tuple[Expression, ...], scope: Scope) -> Any:
    values = [evaluate(argument, scope) for argument in arguments]
    value = values[0] if values else None
    for key in values[1:]:
        value = get(value, key, is_safe=True)
    return value


def _mapped(arguments: tuple[Expression, ...], scope: Scope) -> Any:
    if len(arguments) != 2 or (each := _lambda(arguments[1])) is None:
        return Unknown("map() is not followed here")
    return _each(evaluate(arguments[0], scope), each, scope)


def _filtered(arguments: tuple[Expression, ...], scope: Scope) -> Any:
    if len(arguments) != 2 or (each := _lambda(arguments[1])) is None:
        return Unknown("filter() is not followed here")
    found = elements(evaluate(arguments[0], scope))
    if isinstance(found, Unknown):
        return found
    kept = [(value, truth(_applied(each, (value, index), scope))) for index, value in enumerate(found)]
    open_ones = [held for _, held in kept if isinstance(held, Unknown)]
    return Unknown.of(open_ones) if open_ones else [value for value, held in kept if held]


def _lambda(tree: Expression) -> Lambda | None:
    """A lambda as Bicep writes it, or `lambda('x', ...)` as templates do."""
    if isinstance(tree, Lambda):
        return tree
    if isinstance(tree, Call) and tree.name.lower() == "lambda" and tree.arguments:
        names = [one.value for one in tree.arguments[:-1] if isinstance(one, Literal) and isinstance(one.value, str)]
        return Lambda(tuple(names), tree.arguments[-1])
    return None


_LAZY: Mapping[str, Callable[[tuple[Expression, ...], Scope], Any]] = {
    "if": _if,
    "and": _junction(decisive=False),
    "or": _junction(decisive=True),
    "coalesce": _coalesce,
    "tryget": _try_get,
    "map": _mapped,
    "filter": _filtered,
}
