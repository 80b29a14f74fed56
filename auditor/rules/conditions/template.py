"""Template expressions compiled into closures over a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.expressions.functions import FUNCTIONS, NAMES, RULE_FUNCTIONS, UNAVAILABLE, Function, to_bool
from auditor.expressions.syntax import BadExpression, is_expression, parse_expression, unescape
from auditor.expressions.times import format_time, formatted
from auditor.expressions.tree import Call, Expression, Literal, Member
from auditor.expressions.values import MISSING, Undecidable, as_text, as_time, is_null
from auditor.inventory.ids import RESOURCE_GROUP_TYPE, SUBSCRIPTION_TYPE
from auditor.inventory.model import Resource
from auditor.rules.conditions.fields import BodyReader, ComputedReader, checked, compile_field
from auditor.rules.conditions.frame import Frame, Scope
from auditor.rules.conditions.paths import member
from auditor.rules.conditions.problems import Language, Place, nearest

Value = Callable[[Frame], Any]
"""Computes a value; raises Undecidable."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same everywhere."""

    value: Any

    def __call__(self, frame: Frame) -> Any:  # noqa: ARG002 - as every other value
        """The value."""
        return self.value


def compile_value(value: Any, scope: Scope, place: Place) -> Value:
    """A closure for a literal, a template expression, or an array or object of them."""
    if isinstance(value, str):
        if not is_expression(value):
            plain = unescape(value)
            return Constant(plain)
        try:
            return _compile(parse_expression(value), scope, place)
        except BadExpression as error:
            scope.problem(
                place, f"cannot read the expression {value!r}: {error}", "see the template functions in docs/rules.md"
            )
            return lambda _frame: None
    if isinstance(value, list):
        parts = [compile_value(element, scope, (*place, index)) for index, element in enumerate(value)]
        return (lambda frame: [part(frame) for part in parts]) if _varies(value) else Constant(value)
    if isinstance(value, Mapping):
        members = {key: compile_value(element, scope, (*place, key)) for key, element in value.items()}
        return (lambda frame: {k: v(frame) for k, v in members.items()}) if _varies(value) else Constant(value)
    return Constant(value)


def is_constant(value: Any) -> bool:
    """Whether a value holds no template expression."""
    return not (is_expression(value) if isinstance(value, str) else _varies(value))


def _varies(value: Any) -> bool:
    if isinstance(value, str):
        return value[:1] == "["
    if isinstance(value, list):
        return any(map(_varies, value))
    return isinstance(value, Mapping) and any(map(_varies, value.values()))


def _compile(tree: Expression, scope: Scope, place: Place) -> Value:
    match tree:
        case Literal(value):
            return lambda _frame: value
        case Member(value, key):
            return _member(_compile(value, scope, place), _compile(key, scope, place))
        case Call(name, arguments):
            return _call(name, arguments, scope, place)
        case _:  # no other part of the grammar can come from template text
            raise TypeError(tree)


def _member(value: Value, key: Value) -> Value:
    def read(frame: Frame) -> Any:
        container, wanted = value(frame), key(frame)
        if isinstance(container, list) and isinstance(wanted, int):
            if -1 < wanted < len(container):
                return container[wanted]
            raise Undecidable(f"the array has no element {wanted}")
        found = member(container, as_text(wanted))
        if found is MISSING:
            raise Undecidable(f"there is no property {wanted!r}")
        return found

    return read


def _call(name: str, arguments: tuple[Expression, ...], scope: Scope, place: Place) -> Value:
    lowered = name.lower()
    function = FUNCTIONS.get(lowered)
    if function is None and scope.language is Language.RULE:
        function = RULE_FUNCTIONS.get(lowered)
    if function is not None:
        values = [_compile(argument, scope, place) for argument in arguments]
        _check_count(name, len(values), function.least, function.most, scope, place)
        return _applied(function, values)
    special = _SPECIAL.get(lowered)
    if special is None and lowered in UNAVAILABLE:
        scope.problem(place, f"{name}() cannot be used in a condition", "only templates have it")
        return lambda _frame: None
    if special is None:
        scope.problem(place, f"there is no function {name!r}", nearest(name, NAMES))
        return lambda _frame: None
    _check_count(name, len(arguments), special.least, special.most, scope, place)
    compiled: Value = special.call(arguments, scope, place)
    return compiled


def _check_count(name: str, count: int, least: int, most: int | None, scope: Scope, place: Place) -> None:
    if count < least or (most is not None and count > most):
        takes = str(least) if most == least else f"{least} or more" if most is None else f"{least} to {most}"
        scope.problem(place, f"{name}() has {count} arguments", f"it takes {takes}")


def _applied(function: Function, values: list[Value]) -> Value:
    call = function.call

    def apply(frame: Frame) -> Any:
        try:
            return call(*[value(frame) for value in values])
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Undecidable(f"a template function fails: {error}") from None

    return apply


# --- functions that do not evaluate every argument, or that read the frame

_Arguments = tuple[Expression, ...]


def _if(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    parts = [_compile(argument, scope, place) for argument in (*arguments, *[Literal("")] * 3)][:3]
    return lambda frame: parts[1](frame) if to_bool(parts[0](frame)) else parts[2](frame)


def _junction(decisive: bool) -> Callable[[_Arguments, Scope, Place], Value]:
    """`and` and `or`: an argument that decides outweighs one that is unknown."""

    def compile_junction(arguments: _Arguments, scope: Scope, place: Place) -> Value:
        parts = [_compile(argument, scope, place) for argument in arguments]

        def junction(frame: Frame) -> bool:
            unknown: Undecidable | None = None
            for part in parts:
                try:
                    if to_bool(part(frame)) is decisive:
                        return decisive
                except Undecidable as error:
                    unknown = error
            if unknown:
                raise unknown
            return not decisive

        return junction

    return compile_junction


def _coalesce(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    parts = [_compile(argument, scope, place) for argument in arguments]

    def read(frame: Frame) -> Any:
        return next((value for part in parts if not is_null(value := part(frame))), None)

    return read


def _try_get(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    start, *keys = [_compile(argument, scope, place) for argument in arguments] or [lambda _frame: None]

    def read(frame: Frame) -> Any:
        value = start(frame)
        for key in keys:
            wanted = key(frame)
            if isinstance(value, list) and isinstance(wanted, int):
                value = value[wanted] if -1 < wanted < len(value) else None
            else:
                value = member(value, as_text(wanted))
            if is_null(value):
                return None
        return value

    return read


def _parameters(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    name = _compile(arguments[0], scope, place) if arguments else lambda _frame: ""

    def read(frame: Frame) -> Any:
        wanted = as_text(name(frame))
        found = member(frame.context.parameters, wanted)
        if found is MISSING:
            raise Undecidable(f"the parameter {wanted!r} has no value")
        return found

    return read


def _field(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    match arguments:
        case (Literal(str() as text),):
            reader = compile_field(text, scope, place)
        case (other,):
            reader = ComputedReader(_compile(other, scope, place), scope)
        case _:
            return lambda _frame: None
    if reader is None:
        return lambda _frame: None
    # Inside a count, an array alias still gives an array: of what the one element has.
    of_element = isinstance(reader, BodyReader) and reader.slot >= 0 and not reader.many

    def read(frame: Frame) -> Any:
        found = reader.resolve(frame) if isinstance(reader, ComputedReader) else reader
        value = found.read(frame)
        if found.many:
            return [checked(element) for element in value if element is not MISSING]
        if of_element:
            return [] if value is MISSING else [value]
        # A missing property is an empty string here, unlike in a condition:
        # https://learn.microsoft.com/azure/governance/policy/how-to/author-policies-for-arrays
        return "" if is_null(value) else value

    return read


def _root(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    """`root('path')`, ours: a field of the judged resource, from inside a relation."""
    from dataclasses import replace

    read = _field(arguments, replace(scope, bound=(), types=()), place)
    return lambda frame: read(Frame(frame.context, frame.context.resource, (), frame.currents))


def _current(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    match arguments:
        case ():
            if len(scope.currents) != 1:
                why = "is only available inside count.where" if not scope.currents else "is ambiguous in a nested count"
                scope.problem(place, f"current() {why}", "name the count, and write current('<name>')")
                return lambda _frame: None
            name = next(iter(scope.currents))
        case (Literal(str() as text),):
            return _named_current(text, scope, place)
        case _:
            scope.problem(place, "current() takes a name in quotes", "write current('<name>')")
            return lambda _frame: None
    return lambda frame: frame.currents[name]


def _named_current(text: str, scope: Scope, place: Place) -> Value:
    lowered = text.lower()
    if lowered in scope.currents:
        return lambda frame: frame.currents[lowered]
    # current('array[*].property') reads below the element.
    owner = next((name for name in sorted(scope.currents, key=len, reverse=True) if lowered.startswith(name + ".")), "")
    if owner:
        keys = text[len(owner) + 1 :].split(".")

        def read(frame: Frame) -> Any:
            value = frame.currents[owner]
            for key in keys:
                value = member(value, key)
            return "" if is_null(value) else value

        return read
    known = ", ".join(sorted(scope.currents)) or "there is none here"
    scope.problem(place, f"current() knows no {text!r}", f"names: {known}")
    return lambda _frame: None


def _utc_now(arguments: _Arguments, scope: Scope, place: Place) -> Value:
    pattern = _compile(arguments[0], scope, place) if arguments else None

    def read(frame: Frame) -> str:
        moment = as_time(frame.context.now)
        if moment is None:
            raise Undecidable("the time of the scan is not known")
        return formatted(moment, as_text(pattern(frame))) if pattern else format_time(moment)

    return read


def _policy(arguments: _Arguments, scope: Scope, place: Place) -> Value:  # noqa: ARG001 - a special's signature
    def read(frame: Frame) -> Any:
        if not frame.context.policy:
            raise Undecidable("policy() is only known where the policy is assigned")
        return frame.context.policy

    return read


def _container(resource_type: str, depth: int) -> Callable[[_Arguments, Scope, Place], Value]:
    """`subscription()` and `resourceGroup()`: answered from what was collected of them."""

    def compile_container(arguments: _Arguments, scope: Scope, place: Place) -> Value:  # noqa: ARG001
        scope.need(types=frozenset((resource_type.lower(),)))
        segment = resource_type.rpartition("/")[2].lower()

        def read(frame: Frame) -> Any:
            resource = frame.resource
            parts = resource.id.split("/")
            if len(parts) < depth or parts[depth - 2].lower() != segment:
                raise Undecidable(f"{resource.id} is in no {resource_type.rpartition('/')[2]}")
            container_id = "/".join(parts[:depth])
            found = frame.context.inventory.get(container_id)
            if found is None:
                gap = frame.context.inventory.gap(resource_type, container_id)
                if gap is None:
                    return {**_WITHOUT, **_bare_container(container_id)}
                # What the id itself says is known all the same.
                return _PartlyKnown(_bare_container(container_id), gap)
            return {**_WITHOUT, **_bare_container(container_id), **_container_body(found)}

        return read

    return compile_container


# What most groups do not have is null: https://learn.microsoft.com/rest/api/resources/resource-groups/get
_WITHOUT = {"managedBy": None}


def _bare_container(container_id: str) -> dict[str, Any]:
    parts = container_id.split("/")
    if len(parts) > 4:
        return {"id": container_id, "name": parts[4], "type": "Microsoft.Resources/resourceGroups"}
    return {"id": container_id, "subscriptionId": parts[-1]}


def _container_body(resource: Resource) -> dict[str, Any]:
    # Resource Graph calls a subscription's display name its name.
    return {"displayName": resource.display_name, **resource.body}


class _PartlyKnown(dict[str, Any]):
    """A container of which only the id is known; asking for more is undecidable."""

    def __init__(self, known: dict[str, Any], gap: object) -> None:
        super().__init__(known)
        self._gap = gap

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - a dict's signature
        if key in self:
            return self[key]
        raise Undecidable(f"{key} of {self['id']} was not read", (self._gap,))


class _Request(dict[str, Any]):
    """`requestContext()`: an audit sees a resource as the newest API version has it, and no request.

    https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#policy-functions
    """

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002 - a dict's signature
        if key.lower() == "apiversion":
            return _NEWEST
        raise Undecidable(f"requestContext().{key} is only known while a request is made")


_NEWEST = "9999-12-31"
"""Later than every API version: they are dates, compared as text."""


def _request_context(arguments: _Arguments, scope: Scope, place: Place) -> Value:  # noqa: ARG001 - a special's signature
    return lambda _frame: _Request()


def _unknowable(what: str) -> Callable[[_Arguments, Scope, Place], Value]:
    def compile_unknowable(arguments: _Arguments, scope: Scope, place: Place) -> Value:  # noqa: ARG001
        def read(frame: Frame) -> Any:  # noqa: ARG001
            raise Undecidable(what)

        return read

    return compile_unknowable


_SPECIAL: Mapping[str, Function] = {
    name.lower(): Function(call, least, most)
    for name, call, least, most in (
        ("if", _if, 3, 3),
        ("and", _junction(decisive=False), 2, None),
        ("or", _junction(decisive=True), 2, None),
        ("coalesce", _coalesce, 1, None),
        ("tryGet", _try_get, 2, None),
        ("parameters", _parameters, 1, 1),
        ("field", _field, 1, 1),
        ("root", _root, 1, 1),
        ("current", _current, 0, 1),
        ("utcNow", _utc_now, 0, 1),
        ("subscription", _container(SUBSCRIPTION_TYPE, 3), 0, 0),
        ("resourceGroup", _container(RESOURCE_GROUP_TYPE, 5), 0, 0),
        ("requestContext", _request_context, 0, 0),
        ("policy", _policy, 0, 0),
        ("uniqueString", _unknowable("uniqueString() uses a hash that Microsoft does not document"), 1, None),
    )
}
