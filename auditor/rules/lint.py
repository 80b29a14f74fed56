"""What a good rule has beyond being one that loads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from auditor.errors import Problem
from auditor.expressions.values import MISSING
from auditor.rules.conditions.paths import BadPath, find_all, parse_path
from auditor.rules.conditions.problems import nearest
from auditor.rules.lint_examples import Exampled, fact_fields, placeholders, value_kinds
from auditor.rules.lint_facts import unknown_families
from auditor.rules.model import Example, Rule
from auditor.rules.selftest import FactsOf, example_context

_GATHERED = ("facts.", "[")


class Level(StrEnum):
    """How bad a message is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """Something to mend in a rule."""

    source: str
    level: Level
    text: str

    def __str__(self) -> str:
        return f"{self.source}: {self.level}: {self.text}"


def lint_rules(rules: Sequence[Rule], facts_of: FactsOf | None = None, families: Collection[str] = ()) -> list[Message]:
    """Messages over all rules, ordered by file; wording shared by two rules included.

    `facts_of` computes the facts of examples and `families` names those that there are: handed in, since the rules room
    does not know them; without them, what rules say of facts is not looked at.
    """
    messages = [message for rule in rules for message in lint_rule(rule, facts_of)]
    if families:
        messages += [_of_problem(problem) for problem in unknown_families(rules, families)]
    return sorted([*messages, *_shared_wording(rules)])


def _of_problem(problem: Problem) -> Message:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return Message(place, Level.ERROR, f"{problem.message} ({problem.remedy})")


def lint_rule(rule: Rule, facts_of: FactsOf | None = None) -> Iterator[Message]:
    """Messages over one rule that was loaded with its examples."""
    if facts_of is not None:
        examples = Exampled(rule, facts_of)
        for text in (*fact_fields(examples), *value_kinds(examples), *placeholders(examples)):
            yield Message(rule.source, Level.WARNING, text)
    yield from _unknown_types(rule)
    yield from _missing_parts(rule)
    yield from _unused_fields(rule)
    yield from _unreachable(rule)
    # Facts are not computed here; that a `when` over them applies is shown by the examples, which must come out right.
    if rule.when is not None and not rule.when.needs.facts and not _applies_somewhere(rule):
        yield Message(rule.source, Level.ERROR, "`when` is false for every example, so nothing shows that it applies")


def _unknown_types(rule: Rule) -> Iterator[Message]:
    known = known_types()
    for name in (*rule.resource, *_named_types(rule.definition)):
        if name.lower() not in known:
            hint = nearest(name, known.values())
            yield Message(rule.source, Level.WARNING, f"the resource type {name!r} is not known; {hint}".rstrip("; "))


def _named_types(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        related = node.get("related")
        if isinstance(related, Mapping) and "type" in related:
            kind = related["type"]
            yield from kind if isinstance(kind, list) else [kind]
        for value in node.values():
            yield from _named_types(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named_types(value)


@lru_cache(maxsize=1)
def known_types() -> Mapping[str, str]:
    """Resource types by their lower-cased names, as the providers write them."""
    text = resources.files("auditor.rules").joinpath("known_types.txt").read_text(encoding="utf-8")
    names = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {name.lower(): name for name in names}


def _missing_parts(rule: Rule) -> Iterator[Message]:
    for name in ("az", "bicep", "terraform"):
        if not getattr(rule.remediation, name):
            yield Message(rule.source, Level.WARNING, f"remediation has no {name}")
    for name in ("message", "references", "frameworks"):
        if not getattr(rule, name):
            yield Message(rule.source, Level.WARNING, f"{name} is missing")


def _unused_fields(rule: Rule) -> Iterator[Message]:
    """Fields of the judged resource that no example has: often a misspelt property."""
    bodies = [example[0] for example in _examples(rule)]
    for text in dict.fromkeys(_own_fields(rule.definition)):
        if text.lower() in ("id", "type", "fullname") or text.startswith(_GATHERED):
            continue
        try:
            steps = parse_path(text)
        except BadPath:
            continue
        if all(value is MISSING for body in bodies for value in find_all(body, steps)):
            yield Message(rule.source, Level.WARNING, f"no example has the field {text!r}")


def _own_fields(node: Any) -> Iterator[str]:
    """Fields that are read of the judged resource, not of related ones."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "field" and isinstance(value, str):
                yield value
            elif key == "related" and isinstance(value, Mapping):
                if isinstance(value.get("by"), str):
                    yield value["by"]
            else:
                yield from _own_fields(value)
    elif isinstance(node, list):
        for value in node:
            yield from _own_fields(value)


def _examples(rule: Rule) -> Iterable[Example]:
    return (*rule.examples.fail, *rule.examples.passing, *rule.examples.not_applicable)


def _applies_somewhere(rule: Rule) -> bool:
    judged = (*rule.examples.fail, *rule.examples.passing)
    return any(rule.when is None or rule.when.evaluate(example_context(example)) is not False for example in judged)


def _unreachable(rule: Rule) -> Iterator[Message]:
    for condition in rule.definition.values():
        for text in _contradictions(condition):
            yield Message(rule.source, Level.ERROR, text)


def _contradictions(node: Any) -> Iterator[str]:
    """Parts that cannot matter: two values asked of one field in `allOf`, the same part twice."""
    if isinstance(node, Mapping):
        for key in ("allOf", "anyOf"):
            parts = node.get(key)
            if isinstance(parts, list):
                yield from _among(parts, key)
        for value in node.values():
            yield from _contradictions(value)
    elif isinstance(node, list):
        for value in node:
            yield from _contradictions(value)


def _among(parts: Sequence[Any], key: str) -> Iterator[str]:
    seen: list[Any] = []
    wanted: dict[str, Any] = {}
    for part in parts:
        if part in seen:
            yield f"a part of {key} stands there twice: {part}"
        seen.append(part)
        if key == "allOf" and isinstance(part, Mapping) and set(part) == {"field", "equals"}:
            field, value = str(part["field"]).lower(), str(part["equals"]).lower()
            if "[*]" not in field and wanted.setdefault(field, value) != value:
                yield f"allOf can never hold: {part['field']} cannot equal both {wanted[field]!r} and {value!r}"


def _shared_wording(rules: Sequence[Rule]) -> Iterator[Message]:
    for what in ("title", "message"):
        owners: dict[str, Rule] = {}
        for rule in rules:
            text = getattr(rule, what).strip().lower()
            # A message that is nothing but a path says what the fact says, not what another rule says.
            if not text or (text.startswith("{") and text.endswith("}") and text.count("{") == 1):
                continue
            first = owners.setdefault(text, rule)
            if first is not rule:
                yield Message(rule.source, Level.ERROR, f"its {what} is also that of {first.id}")
