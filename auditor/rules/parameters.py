"""Parameters of rules: days, sizes and counts that a rule's file declares, so that users can set others.

In conditions and remedies `"[parameters('days')]"`, also inside a longer expression; in texts `{parameters.days}`. They
are filled in when the rule is read: what is compiled, shown and exported holds values and no parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.inventory.model import Json
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Parameter
from auditor.rules.yaml_source import Place

Mistake = tuple[Place, str, str]
"""Place below `parameters`, what is wrong, the remedy."""

FILLED_KEYS = ("title", "when", "fail_if", "message", "description", "remediation")
_KEYS = ("default", "minimum", "maximum", "allowed", "description")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CALL = re.compile(r"parameters\(\s*'([^']*)'\s*\)")
_ALONE = re.compile(r"\[\s*parameters\(\s*'([^']*)'\s*\)\s*\]")
_IN_TEXT = re.compile(r"\{parameters\.([^{}]*)\}")


def parse_parameters(value: Any) -> tuple[tuple[Parameter, ...], list[Mistake]]:
    """What a rule declares under `parameters`, and every mistake in it."""
    if not isinstance(value, Mapping):
        return (), [((), "parameters must be a mapping of names", "write days: {default: 90, description: ...}")]
    found: list[Parameter] = []
    mistakes: list[Mistake] = []
    for name, declared in value.items():
        wrong = list(_mistakes(str(name), declared))
        mistakes += [((str(name), *place), message, remedy) for place, message, remedy in wrong]
        if not wrong:
            found.append(
                Parameter(
                    str(name),
                    declared["default"],
                    declared["description"].strip(),
                    declared.get("minimum"),
                    declared.get("maximum"),
                    tuple(declared.get("allowed", ())),
                )
            )
    return tuple(found), mistakes


def _mistakes(name: str, declared: Any) -> Iterator[Mistake]:
    if not _NAME.fullmatch(name):
        yield (), f"{name!r} is no name of a parameter", "use lower-case words joined by underscores"
    if not isinstance(declared, Mapping):
        yield (), "a parameter must be a mapping", f"with {', '.join(_KEYS)}"
        return
    for key in declared:
        if key not in _KEYS:
            yield (key,), f"there is no key {key!r} here", nearest(key, _KEYS)
    description = declared.get("description")
    if not isinstance(description, str) or not description.strip():
        yield (), "the key 'description' is missing", "say what it means, with its unit"
    if not _is_value(declared.get("default")):
        yield (), "the default must be a number or text", "write default: 90"
        return
    for key in ("minimum", "maximum"):
        if key in declared and not _is_number(declared[key]):
            yield (key,), f"{key} must be a number", ""
            return
    if not isinstance(declared.get("allowed", []), list):
        yield ("allowed",), "allowed takes a list of values", ""
        return
    as_declared = Parameter(
        name,
        declared["default"],
        "",
        declared.get("minimum"),
        declared.get("maximum"),
        tuple(declared.get("allowed", ())),
    )
    if wrong := refusal(as_declared, declared["default"]):
        yield ("default",), f"the default {wrong}", ""


def refusal(parameter: Parameter, value: Json) -> str:
    """Why a parameter cannot have this value, as what follows its name; "" where it can."""
    if _is_number(parameter.default):
        if not _is_number(value):
            return f"must be a number, not {value!r}"
        if isinstance(parameter.default, int) and not isinstance(value, int):
            return f"must be a whole number, not {value!r}"
        assert isinstance(value, int | float)  # noqa: S101 - for the type checker
        if parameter.minimum is not None and value < parameter.minimum:
            return f"must be at least {parameter.minimum}, not {value}"
        if parameter.maximum is not None and value > parameter.maximum:
            return f"must be at most {parameter.maximum}, not {value}"
    elif not isinstance(value, str):
        return f"must be text, not {value!r}"
    if parameter.allowed and value not in parameter.allowed:
        return f"must be one of {', '.join(map(str, parameter.allowed))}, not {value!r}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_value(value: Any) -> bool:
    return _is_number(value) or isinstance(value, str)


def filled(value: Any, values: Mapping[str, Json]) -> Any:
    """A part of a rule with its parameters filled in; what names an unknown one stays as it is."""
    if isinstance(value, Mapping):
        return {key: filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, values) for inner in value]
    if not isinstance(value, str) or "parameters" not in value:
        return value
    if (alone := _ALONE.fullmatch(value)) and alone[1] in values:
        return values[alone[1]]
    if value.startswith("["):
        value = _CALL.sub(lambda found: _literal(values[found[1]]) if found[1] in values else found[0], value)
    return _IN_TEXT.sub(lambda found: str(values[found[1]]) if found[1] in values else found[0], value)


def _literal(value: Json) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def named_in(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Each mention of a parameter in a part of a rule, with its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from named_in(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from named_in(inner, (*place, index))
    elif isinstance(value, str):
        pattern = _CALL if value.startswith("[") else _IN_TEXT
        for found in pattern.finditer(value):
            yield place, found[1]


def values_of(parameters: Sequence[Parameter], given: Mapping[str, Json]) -> dict[str, Json]:
    """Each parameter's value: the one that is given, or the default."""
    return {each.name: given.get(each.name, each.default) for each in parameters}
