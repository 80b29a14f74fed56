"""Conditions as straight Python: what compares a property with a constant becomes an expression, the rest stays a call.

All conditions of one resource type become one function, in which each property is read once. It gives what the nodes'
own `evaluate` gives, which stays the reference: what was not read anywhere in a body is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.expressions.values import MISSING, Undecidable, member
from auditor.inventory.model import Unread
from auditor.rules.conditions import CompiledCondition
from auditor.rules.conditions.compare import holds, truthy
from auditor.rules.conditions.fields import BodyReader, FactReader, OwnReader, Reader
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.nodes import Count, FieldTest, Junction, Negation, Node
from auditor.rules.conditions.paths import Loose, Step, find
from auditor.rules.conditions.sources import ArraySource
from auditor.rules.conditions.template import Constant
from auditor.rules.model import Context, Evidence, Truth, Unknown

Judge = Callable[[Context, Frame], list[tuple[Truth, Truth]] | None]
"""For each pair of conditions (`when`, `fail_if`) what they say: `fail_if` is False unasked where `when` is. None where
the body holds something unread."""

_TOTAL = frozenset(
    {
        *("equals", "notEquals", "like", "notLike", "contains", "notContains"),
        *("in", "notIn", "containsKey", "notContainsKey", "exists"),
    }
)
"""Operators that answer for every value."""


def generate(pairs: Sequence[tuple[CompiledCondition | None, CompiledCondition]]) -> Judge:
    """One function for several pairs of `when` and `fail_if` over one type."""
    source, names = written(pairs)
    exec(compile(source, "<conditions>", "exec"), names)  # noqa: S102 - our own text: no word of a rule is in it
    judge: Judge = names["judge"]
    return judge


def written(pairs: Sequence[tuple[CompiledCondition | None, CompiledCondition]]) -> tuple[str, dict[str, Any]]:
    """The function's text, and what its names stand for: what a rule says is only ever a value of a name."""
    writer = _Writer()
    lines = [f"out.append({writer.pair(when.node if when else None, fail_if.node)})" for when, fail_if in pairs]
    reads = [f"{name} = {name}_read(body, low)" for name in writer.paths.values()]
    own = [f"{name} = {name}_get(resource)" for name in writer.own.values()]
    unread = " or ".join(f"type({name}) is Unread" for name in writer.paths.values())
    body = [
        "resource = frame.resource",
        "if resource.unread: return None",
        "body = resource.body",
        "low = lowered(body)",
        *reads,
        *([f"if {unread}: return None"] if unread else []),
        *own,
        "out = []",
        *lines,
        "return out",
    ]
    names = {**writer.names, "Unread": Unread, "MISSING": MISSING, "lowered": _lowered, "negated": _negated}
    return "def judge(context, frame):\n" + "".join(f"    {line}\n" for line in body), names


def _lowered(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of `properties` by lower-cased name; of two that differ in case alone the first."""
    properties = body.get("properties")
    if type(properties) is not dict:
        return {}
    found: dict[str, Any] = {}
    for name, value in properties.items():
        found.setdefault(name.lower(), value)
    return found


def _negated(value: Truth) -> Truth:
    return value if isinstance(value, Unknown) else not value


@dataclass(slots=True)
class _Writer:
    """Expressions for nodes, and the names that they use."""

    paths: dict[tuple[Step, ...], str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    of_element: bool = False
    """Whether the nodes look at one element of an array, and not at the resource."""
    names: dict[str, Any] = field(default_factory=dict)

    def pair(self, when: Node | None, fail_if: Node) -> str:
        """An expression for what both say."""
        fails, _ = self.node(fail_if)
        if when is None:
            return f"(True, {fails})"
        applies, decided = self.node(when)
        if decided:
            return f"((True, {fails}) if {applies} else (False, False))"
        return f"((a, False) if (a := {applies}) is False else (a, {fails}))"

    def node(self, node: Node) -> tuple[str, bool]:
        """An expression with the value of `evaluate`, and whether that is never Unknown."""
        if isinstance(node, Negation):
            text, decided = self.node(node.part)
            return (f"(not {text})", True) if decided else (f"negated({text})", False)
        if isinstance(node, Junction):
            return self._junction(node)
        if isinstance(node, FieldTest) and (text := self._field(node)):
            return text, True
        return f"{self._name('k', _asked(node))}(frame)", False

    def _junction(self, node: Junction) -> tuple[str, bool]:
        """The parts that are always decided first: in Kleene's logic the order of parts changes no answer."""
        written = [(part, *self.node(part)) for part in node.parts]
        sure = [text for _, text, decided in written if decided]
        open_parts = [(part, text) for part, text, decided in written if not decided]
        together = f"({(' or ' if node.decisive else ' and ').join(sure)})" if sure else ""
        if not open_parts:
            return together, True
        # One open part is what it says; several are joined as the node itself joins them.
        rest = open_parts[0][1]
        if len(open_parts) > 1:
            several = Junction(tuple(part for part, _ in open_parts), node.decisive)
            rest = f"{self._name('k', _asked(several))}(frame)"
        if not sure:
            return rest, False
        return (f"(True if {together} else {rest})" if node.decisive else f"({rest} if {together} else False)"), False

    def _field(self, node: FieldTest) -> str:
        """An expression for a property compared with a constant; "" for any other test."""
        operator = node.operator
        if not isinstance(node.operand, Constant) or not (self.of_element or _is_total(node)):
            return ""
        if not (value := self._value(node.reader)):
            return ""
        operand = node.operand.value
        if operator.name == "exists":
            present = f"({value} is not MISSING and {value} is not None)"
            return present if truthy(operand) else f"(not {present})"

        def slowly(found: Any) -> bool:
            return holds(operator, found, operand)

        slow = f"{self._name('s', slowly)}({value})"
        quick = self._quick(operator.name, value, operand)
        if not quick:
            return slow
        return f"({'not ' if operator.negative else ''}{quick} if type({value}) is str else {slow})"

    def _value(self, reader: Reader) -> str:
        """The name of what a reader reads; "" for one that is no plain property of the resource, or of the element."""
        if isinstance(reader, OwnReader) and not self.of_element:
            value = self.own.setdefault(reader.name, f"o{len(self.own)}")
            self.names[f"{value}_get"] = reader.get
        elif isinstance(reader, BodyReader) and not reader.many and self.of_element == (reader.slot == 0):
            steps = reader.rest if self.of_element else reader.steps
            if reader.slot > 0 or not _is_plain(steps):
                return ""
            value = self.paths.setdefault(steps, f"p{len(self.paths)}")
            self.names[f"{value}_read"] = _of_element(steps) if self.of_element else _read(steps)
        else:
            return ""
        return value

    def _quick(self, operator: str, value: str, operand: Any) -> str:
        """An expression for a text, negation left aside; "" where there is no quicker way."""
        if operator in ("equals", "notEquals") and isinstance(operand, str):
            return f"({value}.lower() == {self._name('c', operand.lower())})"
        if (
            operator in ("in", "notIn")
            and isinstance(operand, list)
            and all(isinstance(element, str) for element in operand)
        ):
            return f"({value}.lower() in {self._name('c', frozenset(map(str.lower, operand)))})"
        return ""

    def _name(self, kind: str, value: Any) -> str:
        name = f"{kind}{len(self.names)}_"
        self.names[name] = value
        return name


def _is_total(node: FieldTest) -> bool:
    """Whether a test compares with a constant, and answers for every value."""
    if not isinstance(node.operand, Constant) or node.operator.name not in _TOTAL:
        return False
    return node.operator.name not in ("in", "notIn") or isinstance(node.operand.value, list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A node whose answer comes from generated code, beside others in a junction."""

    evaluate: Callable[[Frame], Truth]
    explain: Callable[[Frame, bool], list[Evidence]]


def _asked(node: Node) -> Callable[[Frame], Truth]:
    """The node's `evaluate`, with quicker ways inside."""
    if isinstance(node, Junction):
        return Junction(tuple(_Asked(_asked(part), part.explain) for part in node.parts), node.decisive).evaluate
    if isinstance(node, Negation):
        inner = _asked(node.part)
        return lambda frame: _negated(inner(frame))
    return _of_fact(node) or _counting(node) or node.evaluate


def _of_fact(node: Node) -> Callable[[Frame], Truth] | None:
    """A plain path into a fact compared with a constant; what was not read is left to the node."""
    if not isinstance(node, FieldTest) or not isinstance(node.reader, FactReader) or node.reader.many:
        return None
    if not isinstance(node.operand, Constant) or not _is_plain(node.reader.rest):
        return None
    family, rest, operator = node.reader.family, node.reader.rest, node.operator
    operand, evaluate = node.operand.value, node.evaluate

    def ask(frame: Frame) -> Truth:
        found = find(frame.context.facts.get(family, frame.resource), rest)
        if type(found) is Unread:
            return evaluate(frame)
        try:
            return holds(operator, found, operand)
        except Undecidable:
            return evaluate(frame)

    return ask


def _counting(node: Node) -> Callable[[Frame], Truth] | None:
    """How many elements of one array meet plain tests; where something was not read the node itself answers."""
    if not isinstance(node, Count) or not isinstance(node.source, ArraySource) or node.source.rest:
        return None
    source, reader = node.source, node.source.reader
    counted = isinstance(node.operand, Constant) and type(node.operand.value) is int
    if len(source.segments) != 1 or not counted or (isinstance(reader, BodyReader) and reader.slot >= 0):
        return None
    matches = _matching(node.where)
    if matches is None:
        return None
    assert isinstance(node.operand, Constant)  # noqa: S101 - `counted` says so
    above, operator, operand, evaluate = source.segments[0][:-1], node.operator, node.operand.value, node.evaluate
    family = reader.family if isinstance(reader, FactReader) else ""

    def ask(frame: Frame) -> Truth:
        start = frame.context.facts.get(family, frame.resource) if family else frame.resource.body
        found = find(start, above)
        if type(found) is Unread:
            return evaluate(frame)
        try:
            number = matches(found) if isinstance(found, list) else 0
        except Undecidable:
            return evaluate(frame)
        return evaluate(frame) if number < 0 else holds(operator, number, operand)

    return ask


def _matching(where: Node | None) -> Callable[[list[Any]], int] | None:
    """Counts the elements for which `where` holds, -1 where one holds something unread; None if it is no plain test."""
    if where is None:
        return len
    writer = _Writer(of_element=True)
    text, decided = writer.node(where)
    if not decided or not writer.paths:
        return None
    reads = "".join(f"        {name} = {name}_read(element)\n" for name in writer.paths.values())
    unread = " or ".join(f"type({name}) is Unread" for name in writer.paths.values())
    source = (
        "def count(elements):\n    number = 0\n    for element in elements:\n"
        f"{reads}        if {unread}: return -1\n        if {text}: number += 1\n    return number\n"
    )
    names: dict[str, Any] = {**writer.names, "Unread": Unread, "MISSING": MISSING}
    exec(compile(source, "<count>", "exec"), names)  # noqa: S102 - our own text: no word of a rule is in it
    count: Callable[[list[Any]], int] = names["count"]
    return count


def _of_element(steps: tuple[Step, ...]) -> Callable[[Any], Any]:
    return lambda element: find(element, steps)


def _is_plain(steps: tuple[Step, ...]) -> bool:
    return all(isinstance(step, str) and type(step) is not Loose for step in steps)


def _read(steps: tuple[Step, ...]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Any]:
    """What `paths.find` gives for names; the second one below `properties` by its lower-cased name."""
    names = [str(step) for step in steps]
    if len(names) < 2 or names[0] != "properties":
        return lambda body, _low: _below(body, names)
    second, key, rest = names[1], names[1].lower(), names[2:]

    def read(body: Mapping[str, Any], low: Mapping[str, Any]) -> Any:
        properties = body.get("properties", MISSING)
        if type(properties) is not dict:
            return _below(body, names)
        value = properties.get(second, MISSING)
        if value is MISSING:
            value = low.get(key, MISSING)
        return _below(value, rest) if rest else value

    return read


def _below(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if type(value) is Unread or value is MISSING:
            return value
        found = value.get(name, MISSING) if type(value) is dict else MISSING
        value = member(value, name) if found is MISSING else found
    return value
