"""What a rule says against what its examples have: fields of facts, kinds of values, places of texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.expressions.values import MISSING, is_null
from auditor.inventory.model import Unread
from auditor.rules.conditions.compare import OPERATORS
from auditor.rules.conditions.paths import BadPath, find_all, parse_path
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Context, Example, Rule
from auditor.rules.selftest import FactsOf, example_context
from auditor.rules.vocabulary import COMMAND_NAMES, COMMAND_PATH, MESSAGE_NAMES, PLACEHOLDER, TEXT_NAMES

_WORD = re.compile(r"(?<![$\\{])\{([A-Za-z_]+)\}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_EQUALITY = ("equals", "notequals", "in", "notin")
_ORDER = ("less", "lessorequals", "greater", "greaterorequals")


@dataclass(frozen=True, slots=True)
class _Use:
    """One field of a condition with what it is compared with."""

    field: str
    related: bool
    """Whether it may be read of another resource than the judged one."""
    operator: str = ""
    operand: Any = None


class Exampled:
    """The examples of a rule with their facts, each computed once."""

    def __init__(self, rule: Rule, facts_of: FactsOf) -> None:
        self.rule = rule
        self._failing = [example_context(example, facts_of) for example in rule.examples.fail]
        others: tuple[Example, ...] = (*rule.examples.passing, *rule.examples.not_applicable)
        self._all = [*self._failing, *(example_context(example, facts_of) for example in others)]

    def values(self, field: str, *, related: bool = False, failing: bool = False) -> list[Any]:
        """Everything that the examples have at a field; of the judged resource, or of any with `related`.

        Raises BadPath for what is no path.
        """
        steps = parse_path(field)
        found: list[Any] = []
        for context in self._failing if failing else self._all:
            resources = list(context.inventory) if related else [context.resource]
            for resource in resources:
                start, rest = self._start(context, resource, steps)
                found += [value for value in find_all(start, rest) if value is not MISSING]
        return found

    def _start(self, context: Context, resource: Any, steps: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if str(steps[0]).lower() == "facts" and len(steps) > 1:
            return context.facts.get(str(steps[1]), resource) or {}, steps[2:]
        return resource.body, steps

    def family_fields(self, family: str) -> set[str]:
        """Paths that the family has in the examples, as conditions write them."""
        return {
            path
            for context in self._all
            for resource in context.inventory
            for path in _paths(context.facts.get(family, resource), f"facts.{family}")
        }


def fact_fields(examples: Exampled) -> Iterator[str]:
    """Fields of facts that no example has: mostly misspelt."""
    uses = dict.fromkeys(use.field for use in _uses(examples.rule.definition) if _is_fact(use.field))
    for field in uses:
        if not _has(examples, field, related=True):
            known = examples.family_fields(field.split(".")[1].partition("[")[0])
            if not _is_below_an_empty_list(field.lower(), {path.lower() for path in known}):
                yield f"no example has the field {field!r}" + _hint(field, known)


def value_kinds(examples: Exampled) -> Iterator[str]:
    """Comparisons that can never hold: with a text where there are numbers, of a list as a whole."""
    told: set[str] = set()
    for use in _uses(examples.rule.definition):
        operands = use.operand if isinstance(use.operand, list) and use.operator in ("in", "notin") else [use.operand]
        if use.operator not in (*_EQUALITY, *_ORDER) or use.field.startswith("["):
            continue
        try:
            values = examples.values(use.field, related=use.related)
        except BadPath:
            continue
        kinds = {_kind(value) for value in values if not is_null(value)}
        wrong = ["" if _is_left_open(each) else _wrong(use.operator, each, kinds, values) for each in operands]
        text = f"{use.field} {OPERATORS[use.operator].name} {use.operand!r}: {next(iter(wrong), '')}"
        # Of a list each service may know some words only.
        if wrong and all(wrong) and text not in told:
            told.add(text)
            yield text


def placeholders(examples: Exampled) -> Iterator[str]:
    """Places of texts that nothing fills in any example that fails."""
    rule = examples.rule
    for name in dict.fromkeys(PLACEHOLDER.findall(rule.message)):
        if name not in MESSAGE_NAMES and not _has(examples, name, failing=True):
            yield f"message: nothing fills {{{name}}} in any example that fails" + _hint(name, MESSAGE_NAMES)
    for name in dict.fromkeys(match["path"] for match in COMMAND_PATH.finditer(rule.remediation.az)):
        if not _has(examples, name, failing=True):
            yield f"remediation.az: no example that fails has {name!r}"
    for key, text, known in (
        ("az", rule.remediation.az, COMMAND_NAMES),
        ("text", rule.remediation.text, TEXT_NAMES),
    ):
        for name in dict.fromkeys(_WORD.findall(text)):
            if name not in known and (hint := _hint(name, known)):
                yield f"remediation.{key}: nothing fills {{{name}}}{hint}"


def _has(examples: Exampled, field: str, *, related: bool = False, failing: bool = False) -> bool:
    try:
        return any(not is_null(value) for value in examples.values(field, related=related, failing=failing))
    except BadPath:
        return True  # another message says so


def _is_below_an_empty_list(field: str, known: set[str]) -> bool:
    """Whether the examples have the list that a field is in, and never an element that could show the field."""
    lists = [field[: match.end()] for match in re.finditer(r"\[\*\]", field)]
    return any(name in known and not any(path.startswith(f"{name}.") for path in known) for name in lists)


def _hint(name: str, known: Iterable[str]) -> str:
    hint = nearest(name, tuple(known))
    return f"; {hint}" if hint else ""


def _is_fact(field: str) -> bool:
    return field.lower().startswith("facts.")


def _uses(node: Any, related: bool = False) -> Iterator[_Use]:
    if isinstance(node, list):
        for part in node:
            yield from _uses(part, related)
    if not isinstance(node, Mapping):
        return
    field = node.get("field")
    if isinstance(field, str):
        key = next((key for key in node if str(key).lower() in OPERATORS), "")
        yield _Use(field, related, str(key).lower(), node.get(key))
    for key, value in node.items():
        if key != "field" and str(key).lower() not in OPERATORS:
            yield from _uses(value, related or key == "related")


def _paths(value: Any, path: str, depth: int = 6) -> Iterator[str]:
    if isinstance(value, Mapping) and depth:
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from _paths(inner, f"{path}.{name}", depth - 1)
    elif isinstance(value, list) and depth:
        yield f"{path}[*]"
        for inner in value:
            yield from _paths(inner, f"{path}[*]", depth - 1)


def _is_left_open(operand: Any) -> bool:
    """Whether what is compared with is only known when it is judged, or is nothing."""
    return is_null(operand) or (isinstance(operand, str) and operand.startswith("["))


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case Unread():
            return "not read"
        case Mapping():
            return "an object"
        case _:
            return "a list"


def _wrong(operator: str, operand: Any, kinds: set[str], values: Sequence[Any]) -> str:
    """Why a comparison can never hold, given the kinds of values that examples have there; "" where it can."""
    if len(kinds) != 1 or isinstance(operand, list | Mapping):
        return ""
    (kind,) = kinds
    text = str(operand).lower() if isinstance(operand, bool) else str(operand)
    if kind == "a list":
        return "examples have a list there: write [*], or use contains"
    if kind == "an object":
        return "examples have an object there: name one of its members"
    if kind == "true or false" and (operator in _ORDER or text.lower() not in ("true", "false")):
        return "examples have true or false there"
    if kind == "a number" and not _NUMBER.fullmatch(text):
        return "examples have a number there"
    if kind == "text" and isinstance(operand, bool) and not _among(values, ("true", "false")):
        return "examples have text there"
    if kind == "text" and _kind(operand) == "a number" and not any(map(_NUMBER.fullmatch, map(str, values))):
        return "examples have text there"
    return ""


def _among(values: Sequence[Any], words: Sequence[str]) -> bool:
    return any(str(value).lower() in words for value in values)
