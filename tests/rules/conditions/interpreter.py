"""Azure Policy's conditions read straight from the documentation: slow, obvious, and independent of `auditor`.

https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule and
https://learn.microsoft.com/azure/governance/policy/how-to/author-policies-for-arrays. Truth is True, False or None,
which is unknown. `UNREAD` anywhere in a body stands for a value that was not read.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

UNREAD = "\0unread"
GONE = "\0gone"

Truth = bool | None


def judge(condition: dict[str, Any], body: dict[str, Any]) -> Truth:
    """What a condition says of a body."""
    if "allOf" in condition:
        parts = [judge(part, body) for part in condition["allOf"]]
        return False if False in parts else None if None in parts else True
    if "anyOf" in condition:
        parts = [judge(part, body) for part in condition["anyOf"]]
        return True if True in parts else None if None in parts else False
    if "not" in condition:
        inner = judge(condition["not"], body)
        return None if inner is None else not inner
    if "count" in condition:
        return _count(condition, body)
    (operator,) = set(condition) - {"field"}
    truths = [_test(operator, value, condition[operator]) for value in select(body, condition["field"].split("."))]
    return False if False in truths else None if None in truths else True


def select(value: Any, steps: list[str]) -> list[Any]:
    """Every value that a path selects; a missing property is GONE, a missing array selects nothing."""
    if value == UNREAD or not steps:
        return [value]
    name, rest = steps[0], steps[1:]
    many, name = name.endswith("[*]"), name.removesuffix("[*]")
    found = GONE
    if isinstance(value, dict):
        found = next((item for key, item in value.items() if key.lower() == name.lower()), GONE)
    if not many:
        return select(found, rest)
    if found == UNREAD:
        return [UNREAD]
    return [item for element in (found if isinstance(found, list) else []) for item in select(element, rest)]


def _count(condition: dict[str, Any], body: dict[str, Any]) -> Truth:
    """Evaluates `where` once an element, each time as if that were the only element of the array."""
    (operator,) = set(condition) - {"count"}
    path, where = condition["count"]["field"], condition["count"].get("where")
    worlds = _worlds(body, path.split("."))
    if worlds is None:
        return None
    truths = [judge(where, world) if where else True for world in worlds]
    least, most = truths.count(True), truths.count(True) + truths.count(None)
    answers = {_test(operator, number, condition[operator]) for number in range(least, most + 1)}
    return answers.pop() if len(answers) == 1 else None


def _worlds(body: Any, steps: list[str]) -> list[Any] | None:
    """Copies of a body, each with one element of the array; None where the array was not read."""
    if body == UNREAD:
        return None
    name, rest = steps[0], steps[1:]
    many, name = name.endswith("[*]"), name.removesuffix("[*]")
    key = next((key for key in body if key.lower() == name.lower()), None) if isinstance(body, dict) else None
    if key is None:
        return []
    children = body[key]
    if children == UNREAD:
        return None
    found = []
    for child in (children if isinstance(children, list) else []) if many else [children]:
        inner = _worlds(child, rest) if any("[*]" in step for step in rest) else [child]
        if inner is None:
            return None
        found += [{**deepcopy(body), key: [world] if many else world} for world in inner]
    return found


def _test(operator: str, value: Any, operand: Any) -> Truth:
    if value == UNREAD:
        return None
    if operator.startswith("not") and operator != "not":
        positive = _test(operator[3].lower() + operator[4:], value, operand)
        return None if positive is None else not positive
    present = value is not None and value != GONE
    if operator == "exists":
        return present == (str(operand).lower() == "true")
    if not present:
        return False
    if operator in ("less", "lessOrEquals", "greater", "greaterOrEquals"):
        return _ordered(operator, value, operand)
    return _matches(operator, value, operand)


def _matches(operator: str, value: Any, operand: Any) -> bool:
    text = _text(value)
    match operator:
        case "equals":
            return same(value, operand)
        case "in":
            return any(same(value, item) for item in operand)
        case "contains":
            if isinstance(value, list):
                return any(same(item, operand) for item in value)
            return not isinstance(value, dict) and _text(operand).lower() in text.lower()
        case "containsKey":
            return isinstance(value, dict) and operand.lower() in [key.lower() for key in value]
        case "like":
            return not isinstance(value, list | dict) and _like(text.lower(), operand.lower())
        case "match":
            return not isinstance(value, list | dict) and _pattern(text, operand)
        case "matchInsensitively":
            return not isinstance(value, list | dict) and _pattern(text.lower(), operand.lower())
    raise AssertionError(operator)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        return False
    return _text(left).lower() == _text(right).lower()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _like(text: str, pattern: str) -> bool:
    head, star, tail = pattern.partition("*")
    if not star:
        return text == pattern
    return text.startswith(head) and any(_like(text[i:], tail) for i in range(len(head), len(text) + 1))


def _pattern(text: str, pattern: str) -> bool:
    def one(letter: str, wanted: str) -> bool:
        return {"#": letter.isdigit(), "?": letter.isalpha(), ".": True}.get(wanted, letter == wanted)

    return len(text) == len(pattern) and all(map(one, text, pattern))


def _ordered(operator: str, value: Any, operand: Any) -> Truth:
    """Numbers with numbers, strings with strings; anything else is an error, and so unknown."""
    numbers = [_number(value), _number(operand)]
    if None not in numbers:
        left, right = numbers
    elif isinstance(value, str) and isinstance(operand, str):
        left, right = value.lower(), operand.lower()
    else:
        return None
    return {"less": left < right, "lessOrEquals": left <= right, "greater": left > right}.get(operator, left >= right)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None
