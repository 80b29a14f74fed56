"""Compiled conditions: each part can be evaluated, in three-valued logic, and explained.

An explanation is told which state of the part makes the rule fail (`failing`), and words what would have been right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from auditor.expressions.values import MISSING, Undecidable, as_number
from auditor.inventory.model import Gap, Unread
from auditor.rules.conditions.compare import Operator, holds, wanted
from auditor.rules.conditions.fields import ComputedReader, Reader, checked
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.sources import ValueSource
from auditor.rules.conditions.template import Value
from auditor.rules.model import Evidence, Truth, Unknown

SHOWN_ELEMENTS = 10
SHOWN_NEAR = 3
"""How many elements of an array an explanation names."""


class Node(Protocol):
    """One part of a condition."""

    def evaluate(self, frame: Frame) -> Truth:
        """True, False or Unknown."""

    def explain(self, frame: Frame, failing: bool) -> list[Evidence]:
        """The smallest set of leaves that makes the part what it is."""


def unknown_of(error: Undecidable) -> Unknown:
    """The truth value for what cannot be decided."""
    return Unknown(tuple(gap for gap in error.gaps if isinstance(gap, Gap)), error.reason)


def join_unknown(values: Sequence[Unknown]) -> Unknown:
    """One unknown of several, every gap once."""
    if len(values) == 1:
        return values[0]
    gaps = dict.fromkeys(gap for value in values for gap in value.gaps)
    return Unknown(tuple(gaps), next((value.reason for value in values if value.reason), ""))


@dataclass(frozen=True, slots=True)
class Junction:
    """`allOf` (decided by a false part) or `anyOf` (decided by a true one)."""

    parts: tuple[Node, ...]
    decisive: bool
    """The value of a part that decides: False for `allOf`, True for `anyOf`."""

    def evaluate(self, frame: Frame) -> Truth:
        """See `Node.evaluate`: Kleene's conjunction and disjunction."""
        unknown: list[Unknown] | None = None
        decisive = self.decisive
        for part in self.parts:
            value = part.evaluate(frame)
            if value is decisive:
                return decisive
            if value is not True and value is not False:
                unknown = [*(unknown or ()), value]
        return join_unknown(unknown) if unknown else not decisive

    def explain(self, frame: Frame, failing: bool) -> list[Evidence]:
        """See `Node.explain`: one decisive part, the unknown ones, or all of them."""
        values = [(part, part.evaluate(frame)) for part in self.parts]
        deciding = [part for part, value in values if value is self.decisive]
        if deciding:
            return min((part.explain(frame, failing) for part in deciding), key=len)
        unknown = [part for part, value in values if isinstance(value, Unknown)]
        return [line for part in unknown or self.parts for line in part.explain(frame, failing)]


@dataclass(frozen=True, slots=True)
class Negation:
    """`not`."""

    part: Node

    def evaluate(self, frame: Frame) -> Truth:
        """See `Node.evaluate`."""
        value = self.part.evaluate(frame)
        return value if isinstance(value, Unknown) else not value

    def explain(self, frame: Frame, failing: bool) -> list[Evidence]:
        """See `Node.explain`."""
        return self.part.explain(frame, not failing)


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A `field` with an operator: holds when it holds for every value that the field selects."""

    reader: Reader
    operator: Operator
    operand: Value
    name: str

    def evaluate(self, frame: Frame) -> Truth:
        """See `Node.evaluate`."""
        try:
            operand = self.operand(frame)
            reader = self.reader
            found = reader.read(frame)
            if isinstance(reader, ComputedReader):
                reader = reader.resolve(frame)
            if not reader.many:
                return holds(self.operator, found, operand)
        except Undecidable as error:
            return unknown_of(error)
        return self._every(found, operand)

    def _every(self, values: list[Any], operand: Any) -> Truth:
        unknown: list[Unknown] = []
        for value in values:
            try:
                if not holds(self.operator, checked(value), operand):
                    return False
            except Undecidable as error:
                unknown.append(unknown_of(error))
        return join_unknown(unknown) if unknown else True

    def explain(self, frame: Frame, failing: bool) -> list[Evidence]:
        """See `Node.explain`."""
        try:
            operand = self.operand(frame)
            located = list(self.reader.locate(frame))
        except Undecidable as error:
            return [Evidence(self.name, None, f"known: {error.reason}")]
        expected = wanted(self.operator, operand, failing)
        truths = [(path, value, _holds_or_none(self.operator, value, operand)) for path, value in located]
        deciding = [place for place in truths if place[2] is False][:1]
        unknown = [place for place in truths if place[2] is None]
        lines = [_line(path, value, expected) for path, value, _ in deciding or unknown or truths]
        return lines[:SHOWN_ELEMENTS] or [Evidence(self.name, [], expected)]


def _line(path: str, value: Any, expected: str) -> Evidence:
    if isinstance(value, Unread):
        return Evidence(path, None, f"known: {value.gap.message or value.gap.code}")
    return Evidence(path, None if value is MISSING else value, expected)


def _holds_or_none(operator: Operator, value: Any, operand: Any) -> bool | None:
    try:
        return holds(operator, checked(value), operand)
    except Undecidable:
        return None


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A `value` with an operator."""

    value: Value
    operator: Operator
    operand: Value
    text: str
    """The value as its author wrote it."""

    def evaluate(self, frame: Frame) -> Truth:
        """See `Node.evaluate`."""
        try:
            return holds(self.operator, self.value(frame), self.operand(frame))
        except Undecidable as error:
            return unknown_of(error)

    def explain(self, frame: Frame, failing: bool) -> list[Evidence]:
        """See `Node.explain`."""
        try:
            actual, operand = self.value(frame), self.operand(frame)
        except Undecidable as error:
            return [Evidence(self.text, None, f"known: {error.reason}")]
        return [Evidence(self.text, None if actual is MISSING else actual, wanted(self.operator, operand, failing))]


def _number(operator: Operator, operand: Any, failing: bool) -> str:
    """In words, how many there should have been."""
    found = wanted(operator, operand, failing)
    return {"not 0": "at least one", "at least 1": "at least one", "at most 0": "none", "0": "none"}.get(found, found)


class Source(Protocol):
    """What a count goes over."""

    @property
    def name(self) -> str:
        """What is counted, for the evidence."""

    def frames(self, frame: Frame) -> tuple[list[Frame], Unknown | None]:
        """A frame for each element, and why there may be more. Raises Undecidable where none can be known."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a count found."""

    matched: tuple[Frame, ...]
    unknown: tuple[Unknown, ...]
    """One for each element that may match."""
    more: Unknown | None
    """Why there may be elements that were not read."""


@dataclass(frozen=True, slots=True)
class Count:
    """A count compared with a number."""

    source: Source
    where: Node | None
    operator: Operator
    operand: Value

    def evaluate(self, frame: Frame) -> Truth:
        """See `Node.evaluate`: decided where every number that the count can be gives the same answer."""
        try:
            tally = self._tally(frame)
            return self._compare(tally, self.operand(frame))
        except Undecidable as error:
            return unknown_of(error)

    def _tally(self, frame: Frame) -> Tally:
        elements, more = self.source.frames(frame)
        if self.where is None:
            return Tally(tuple(elements), (), more)
        matched: list[Frame] = []
        unknown: list[Unknown] = []
        for element in elements:
            value = self.where.evaluate(element)
            if value is True:
                matched.append(element)
            elif value is not False:
                unknown.append(value)
        return Tally(tuple(matched), tuple(unknown), more)

    def _compare(self, tally: Tally, operand: Any) -> Truth:
        low = len(tally.matched)
        if not tally.unknown and not tally.more:
            return holds(self.operator, low, operand)
        high = low + len(tally.unknown)
        # The answer can only change next to a number that the operand names.
        limits = [as_number(limit) or 0 for limit in (operand if isinstance(operand, list) else [operand])]
        if tally.more:  # open above
            high = max(high, *map(int, limits)) + 2
        near = {int(limit) + step for limit in limits for step in (-1, 0, 1)}
        answers = {holds(self.operator, n, operand) for n in {low, low + 1, high, *near} if low <= n <= high}
        if len(answers) == 1:
            return answers.pop()
        return join_unknown([*tally.unknown, *([tally.more] if tally.more else [])])

    def explain(self, frame: Frame, failing: bool) -> list[Evidence]:
        """See `Node.explain`: the elements that were counted, or the count itself where there are none or too many."""
        try:
            tally, operand = self._tally(frame), self.operand(frame)
        except Undecidable as error:
            return [Evidence(self.source.name, None, f"known: {error.reason}")]
        lines = list(self._elements(tally.matched, failing)) if self.where else []
        if not lines and self.where and not isinstance(self.source, ValueSource):
            lines = list(self._near(frame))
        if not lines or len(tally.matched) > SHOWN_ELEMENTS or not self._is_decided(tally, operand):
            name = self.source.name.removesuffix("[*]")
            if frame.resource is not frame.context.resource:
                name = f"{frame.resource.id}:{name}"
            none = "none that was read" if tally.unknown or tally.more else "none"
            lines.insert(0, Evidence(name, len(tally.matched) or none, _number(self.operator, operand, failing)))
        return lines

    def _is_decided(self, tally: Tally, operand: Any) -> bool:
        try:
            return not isinstance(self._compare(tally, operand), Unknown)
        except Undecidable:
            return False

    def _near(self, frame: Frame) -> Iterator[Evidence]:
        """What keeps elements from being counted, where there are so few that one of them must have been meant."""
        elements, _ = self.source.frames(frame)
        for element in elements if len(elements) <= SHOWN_NEAR else ():
            if self.where and self.where.evaluate(element) is False:
                yield from self.where.explain(element, False)

    def _elements(self, matched: Sequence[Frame], failing: bool) -> Iterator[Evidence]:
        for element in matched[:SHOWN_ELEMENTS]:
            if self.where:
                yield from self.where.explain(element, failing)
