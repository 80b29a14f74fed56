"""A rule written for its author: from one test of one field to a file whose examples prove it.

The examples are found by trying: values near what the field is compared with, and the property left out, are judged by
the very condition, so that a draft passes `rules lint` and `rules test` from the start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.errors import UsageError
from auditor.rules.conditions import CompiledCondition, ConditionErrors, compile_condition
from auditor.rules.conditions.compare import OPERATORS
from auditor.rules.conditions.paths import EACH, BadPath, Step, parse_path
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Severity
from auditor.rules.selftest import example_context

_LEFT_OUT = object()
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
_SHELL_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author says of a new rule."""

    id: str
    title: str
    severity: Severity
    topic: str
    resource: str
    """One type, as `Microsoft.Storage/storageAccounts`."""
    fail_if: str
    """`FIELD OPERATOR VALUE`: `properties.minimumTlsVersion equals TLS1_0`."""
    description: str
    fix: str
    """What to do, in a sentence."""


def drafted(draft: Draft) -> str:
    """The YAML of the rule. Raises UsageError for a condition that cannot be read, or that no value decides."""
    field, operator, operand = condition_of(draft.fail_if)
    condition = {"field": field, operator: operand}
    compiled = _compiled(condition, draft.resource)
    failing, passing = _examples(compiled, field, operator, operand, draft.resource)
    wanted = _wanted(operand, passing)
    steps = parse_path(field)
    lines = [
        f"id: {draft.id}",
        f"title: {_scalar(draft.title)}",
        f"severity: {draft.severity}",
        f"topic: {_scalar(draft.topic)}",
        f"resource: {draft.resource}",
        f"fail_if: {{field: {_scalar(field)}, {operator}: {_scalar(operand)}}}",
        f"message: {_scalar(_message(draft.title, field, failing))}",
        f"description: {_scalar(draft.description)}",
        "remediation:",
        f"  text: {_scalar(draft.fix)}",
    ]
    if command := _command(draft.resource, field, wanted):
        lines.append(f"  az: {_scalar(command)}")
    if wanted is not _LEFT_OUT and EACH not in steps and "." in field:
        lines.append(f"  patch: [{{path: {_scalar(field)}, value: {_scalar(wanted)}}}]")
    lines.append("examples:")
    for kind, values in (("fail", failing), ("pass", passing)):
        lines.append(f"  {kind}:")
        lines += [f"    - {_scalar(_body(steps, value))}" for value in values]
    return "\n".join(lines) + "\n"


def condition_of(text: str) -> tuple[str, str, Any]:
    """Field, operator and operand of `FIELD OPERATOR VALUE`. Raises UsageError."""
    field, _, rest = text.strip().partition(" ")
    name, _, value = rest.strip().partition(" ")
    operator = OPERATORS.get(name.lower())
    if operator is None or not value.strip():
        hint = nearest(name, [each.name for each in OPERATORS.values()]) if name and operator is None else ""
        raise UsageError(
            f"cannot read the condition {text!r}",
            remedy=f"{hint[:1].upper()}{hint[1:]}{' ' * bool(hint)}Write FIELD OPERATOR VALUE, for example "
            "'properties.minimumTlsVersion equals TLS1_0' or 'properties.days less 30'.",
        )
    if field.lower().startswith("facts."):
        raise UsageError(
            "examples of facts cannot be made up",
            subject=field,
            remedy="Begin with a field of the body and add the facts by hand; `auditor rules facts` lists them.",
        )
    try:
        parse_path(field)
    except BadPath as error:
        raise UsageError(str(error), remedy="Write properties.a.b, properties.list[*].c or tags.owner.") from error
    return field, operator.name, _value(value.strip())


def _value(text: str) -> Any:
    """JSON where it is JSON (`true`, `30`, `["a", "b"]`), `[a, b]` as a list of words, and text otherwise."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    except RecursionError as error:
        raise UsageError("the value nests too deeply", remedy="Give a plain value.") from error
    if text.startswith("[") and text.endswith("]") and "(" not in text:
        return [_value(part.strip()) for part in text[1:-1].split(",") if part.strip()]
    return text.strip("'\"")


def _compiled(condition: Mapping[str, Any], resource: str) -> CompiledCondition:
    try:
        return compile_condition(condition, resource_types=(resource,))
    except ConditionErrors as errors:
        first = errors.problems[0]
        raise UsageError(first.message, subject="the condition", remedy=first.remedy) from errors


def _examples(
    compiled: CompiledCondition, field: str, operator: str, operand: Any, resource: str
) -> tuple[list[Any], list[Any]]:
    """Values of the field that fail and that pass, at most two of each, the property left out among them."""
    steps = parse_path(field)
    found: dict[bool, list[Any]] = {True: [], False: []}
    for value in (*_candidates(operator, operand), _LEFT_OUT):
        body = {"id": "/subscriptions/s/resourceGroups/g/providers/X.Y/z/n", "type": resource, **_body(steps, value)}
        truth = compiled.evaluate(example_context((body,)))
        if isinstance(truth, bool) and (value is _LEFT_OUT or not found[truth]):
            found[truth].append(value)
    if not found[True] or not found[False]:
        what = "fails" if not found[True] else "passes"
        raise UsageError(
            f"found no value of {field} that {what}",
            remedy=f"Check {operator} and its value, or write the file by hand.",
        )
    return found[True], found[False]


def _candidates(operator: str, operand: Any) -> Iterator[Any]:
    """Values to try, the likely ones first."""
    if operator == "exists":
        yield "x"
        return
    for each in operand if isinstance(operand, list) else [operand]:
        match each:
            case bool():
                yield from (each, not each)
            case int() | float():
                yield from ([each], [each + 1]) if "ontains" in operator else (each, each - 1, each + 1)
            case str() if each.startswith("["):  # a time, mostly: what it gives is not known here
                yield from ("1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
            case str() if operator in ("containsKey", "notContainsKey"):
                yield from ({each: "x"}, {"other": "x"})
            case str() if each.lower() in ("true", "false"):
                yield from (each.lower() == "true", each.lower() != "true")
            case str() if "match" in operator.lower():
                yield each.replace("#", "1").replace("?", "a")
            case str():
                yield from ([each], ["other"]) if "ontains" in operator else (each.replace("*", "x"),)
            case _:
                yield each
    yield from ("other", 0, True, [], {})


def _body(steps: tuple[Step, ...], value: Any) -> dict[str, Any]:
    """The smallest body that has the value at the path; one with the object around it where it is left out."""
    if value is _LEFT_OUT:
        return {"properties": {}} if str(steps[0]).lower() == "properties" else {"tags": {}, "properties": {}}
    made: Any = value
    for step in reversed(steps):
        made = {step: made} if isinstance(step, str) else [made]
    return dict(made)


def _wanted(operand: Any, passing: list[Any]) -> Any:
    """What the property should be, where the condition leaves no choice; `_LEFT_OUT` where only the author knows."""
    found = next((value for value in passing if value is not _LEFT_OUT), _LEFT_OUT)
    plain = isinstance(found, str | int | float)
    return found if plain and (isinstance(found, bool | int | float) or found == operand) else _LEFT_OUT


def _message(title: str, field: str, failing: list[Any]) -> str:
    shown = f" ({field} is {{{field}}})" if any(value is not _LEFT_OUT for value in failing) else ""
    return f"{{name}}: {title[:1].lower()}{title[1:]}{shown}"


def _command(resource: str, field: str, wanted: Any) -> str:
    """`az resource update` for a plain value of a plain path; "" where a person has to write it."""
    if wanted is _LEFT_OUT or isinstance(wanted, list | dict) or resource.lower().startswith("microsoft.graph/"):
        return ""
    value = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    if not value or not frozenset(value) <= _SHELL_PLAIN or not frozenset(field) <= _SHELL_PLAIN:
        return ""
    if field.lower().startswith("tags."):
        return f"az tag update --resource-id {{id}} --operation merge --tags {field[5:]}={value}"
    return f"az resource update --ids {{id}} --set {field}={value}" if field.startswith("properties.") else ""


def _scalar(value: Any) -> str:
    """A value as JSON, which is YAML; a plain word as it is."""
    if (
        isinstance(value, str)
        and value[:1].isalpha()
        and frozenset(value) <= _SHELL_PLAIN
        and value.lower() not in _WORDS
    ):
        return value
    return json.dumps(value, ensure_ascii=False)
