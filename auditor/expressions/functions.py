"""The template functions that a policy rule may call, those that need only their arguments.

Semantics: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions and, for `addDays` and
`ipRangeContains`, https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#policy-functions.
A function that Azure would end with an error raises `Undecidable`: the condition's answer is then unknown.
"""

from __future__ import annotations

import json as json_module
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.expressions.arguments import fail, integer_of, number_of, text_of, truth_of
from auditor.expressions.encodings import (
    base64_to_string,
    data_uri,
    data_uri_to_string,
    escaped,
    guid,
    to_base64,
    to_uri,
    unescaped,
)
from auditor.expressions.networks import cidr_host, cidr_subnet, ip_range_contains, parse_cidr
from auditor.expressions.times import add_days, from_epoch, to_epoch
from auditor.expressions.values import MISSING, as_text, equal, is_null, member, order


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes."""

    call: Callable[..., Any]
    least: int
    most: int | None
    """None for any number."""


def to_bool(value: Any) -> bool:
    """`bool()`: text, a number or a boolean."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value != 0
    return truth_of("bool", {"1": "true", "0": "false"}.get(value, value) if isinstance(value, str) else value)


def to_string(value: Any) -> str:
    """`string()`: JSON for objects and arrays, "" for null."""
    if is_null(value):
        return ""
    if isinstance(value, list | Mapping):
        return json_module.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return as_text(value)


def to_int(value: Any) -> int:
    """`int()`."""
    return int(number_of("int", value))


def concat(*values: Any) -> Any:
    """Joins strings, or arrays."""
    if all(isinstance(value, list) for value in values):
        return [element for value in values for element in value]
    return "".join(text_of("concat", value) for value in values)


def length(value: Any) -> int:
    """Elements of an array, members of an object, characters of a string; 0 for what is missing."""
    if is_null(value):
        return 0
    if isinstance(value, list | Mapping | str):
        return len(value)
    raise fail("length", "a string, array or object is needed")


def empty(value: Any) -> bool:
    """Whether an array, object or string is empty; null is."""
    return is_null(value) or (isinstance(value, list | Mapping | str) and not value)


def has(container: Any, wanted: Any) -> bool:
    """`contains()`: an element, a key or a substring; strings and keys compare with, keys without case."""
    if isinstance(container, list):
        return any(_same(element, wanted) for element in container)
    if isinstance(container, Mapping):
        return member(container, as_text(wanted)) is not MISSING
    return as_text(wanted) in text_of("contains", container)


def _same(left: Any, right: Any) -> bool:
    return left == right if isinstance(left, str) and isinstance(right, str) else equal(left, right)


def template_equals(left: Any, right: Any) -> bool:
    """`equals()`: same kind and value, strings with case."""
    if isinstance(left, str) or isinstance(right, str):
        return isinstance(left, str) and isinstance(right, str) and left == right
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return equal(left, right)


def _compare(name: str, test: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def call(left: Any, right: Any) -> bool:
        if is_null(left) or is_null(right):
            raise fail(name, "a value is missing")
        return test(order(left, right))

    return call


def _arithmetic(name: str, apply: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    def call(left: Any, right: Any) -> int:
        numbers = integer_of(name, left), integer_of(name, right)
        try:
            return apply(*numbers)
        except ZeroDivisionError:
            raise fail(name, "division by zero") from None

    return call


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)  # toward zero
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    return int(math.fmod(left, right)) if right else left % right


def substring(value: Any, start: Any, count: Any = None) -> str:
    """Part of a string; an error where it reaches beyond the end."""
    text, first = text_of("substring", value), integer_of("substring", start)
    size = len(text) - first if count is None else integer_of("substring", count)
    if first < 0 or size < 0 or first + size > len(text):
        raise fail("substring", f"{text!r} is too short")
    return text[first : first + size]


def split(value: Any, separators: Any) -> list[str]:
    """Cuts a string at one or several separators."""
    parts = [text_of("split", value)]
    for separator in separators if isinstance(separators, list) else [separators]:
        mark = text_of("split", separator)
        parts = [piece for part in parts for piece in (part.split(mark) if mark else [part])]
    return parts


def pad_left(value: Any, size: Any, filler: Any = " ") -> str:
    """Fills a string on the left."""
    return as_text(value).rjust(integer_of("padLeft", size), text_of("padLeft", filler))


def trim(value: Any) -> str:
    """Without white space at both ends."""
    return text_of("trim", value).strip()


def replace(value: Any, old: Any, new: Any) -> str:
    """Every occurrence, with case."""
    if not old:
        raise fail("replace", "the text to replace is empty")
    return text_of("replace", value).replace(text_of("replace", old), text_of("replace", new))


def index_of(value: Any, wanted: Any) -> int:
    """First place: of an element with case, of a substring without; -1 where there is none."""
    if isinstance(value, list):
        return next((index for index, element in enumerate(value) if _same(element, wanted)), -1)
    return text_of("indexOf", value).lower().find(text_of("indexOf", wanted).lower())


def last_index_of(value: Any, wanted: Any) -> int:
    """Last place, as `index_of`."""
    if isinstance(value, list):
        return next((index for index in range(len(value) - 1, -1, -1) if _same(value[index], wanted)), -1)
    return text_of("lastIndexOf", value).lower().rfind(text_of("lastIndexOf", wanted).lower())


def starts_with(value: Any, wanted: Any) -> bool:
    """Without case."""
    return text_of("startsWith", value).lower().startswith(text_of("startsWith", wanted).lower())


def ends_with(value: Any, wanted: Any) -> bool:
    """Without case."""
    return text_of("endsWith", value).lower().endswith(text_of("endsWith", wanted).lower())


def first(value: Any) -> Any:
    """The first element or character; null of an empty array, "" of an empty string."""
    if isinstance(value, list | str):
        return value[0] if value else ("" if isinstance(value, str) else None)
    raise fail("first", "a string or array is needed")


def last(value: Any) -> Any:
    """The last element or character."""
    if isinstance(value, list | str):
        return value[-1] if value else ("" if isinstance(value, str) else None)
    raise fail("last", "a string or array is needed")


def try_index_from_end(values: Any, place: Any) -> Any:
    """`tryIndexFromEnd()`: an element counted from the end, the last being 1; null where there is none."""
    if not isinstance(values, list):
        raise fail("indexFromEnd", "an array is needed")
    wanted = integer_of("indexFromEnd", place)
    return values[-wanted] if 0 < wanted <= len(values) else None


def index_from_end(values: Any, place: Any) -> Any:
    """`indexFromEnd()`: an element counted from the end, an error where there is none."""
    if isinstance(values, list) and not 0 < integer_of("indexFromEnd", place) <= len(values):
        raise fail("indexFromEnd", f"the array has no element {place} from its end")
    return try_index_from_end(values, place)


def shallow_merge(values: Any) -> dict[str, Any]:
    """`shallowMerge()`: the members of all objects of an array, later ones winning."""
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        raise fail("shallowMerge", "an array of objects is needed")
    return {key: item for value in values for key, item in value.items()}


def skip(value: Any, count: Any) -> Any:
    """Without the first elements or characters."""
    if isinstance(value, list | str):
        return value[max(0, integer_of("skip", count)) :]
    raise fail("skip", "a string or array is needed")


def take(value: Any, count: Any) -> Any:
    """Only the first elements or characters."""
    if isinstance(value, list | str):
        return value[: max(0, integer_of("take", count))]
    raise fail("take", "a string or array is needed")


def create_object(*pairs: Any) -> dict[str, Any]:
    """An object of keys and values in turn."""
    if len(pairs) % 2:
        raise fail("createObject", "a key has no value")
    return {text_of("createObject", key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _check_kinds(name: str, values: tuple[Any, ...]) -> None:
    if not any(all(isinstance(value, kind) for value in values) for kind in (list, Mapping)):
        raise fail(name, "arrays only or objects only are needed")


def intersection(*values: Any) -> Any:
    """What all arrays, or all objects, have in common."""
    head, *rest = values
    _check_kinds("intersection", values)
    if isinstance(head, Mapping):
        return {
            k: v for k, v in head.items() if all(isinstance(o, Mapping) and _same(o.get(k, MISSING), v) for o in rest)
        }
    return [element for element in head if all(any(_same(element, other) for other in value) for value in rest)]


def union(*values: Any) -> Any:
    """Every element once, or every member with the last one winning; inner objects are merged."""
    _check_kinds("union", values)
    if isinstance(values[0], Mapping):
        merged: dict[str, Any] = {}
        for value in values:
            for key, item in value.items():
                both = isinstance(item, Mapping) and isinstance(merged.get(key), Mapping)
                merged[key] = union(merged[key], item) if both else item
        return merged
    found: list[Any] = []
    for value in values:
        found += [element for element in value if not any(_same(element, other) for other in found)]
    return found


def _extreme(name: str, choose: Callable[[list[int]], int]) -> Callable[..., int]:
    def call(*values: Any) -> int:
        numbers = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
        if not numbers:
            raise fail(name, "the array is empty")
        return choose([integer_of(name, number) for number in numbers])

    return call


def sequence(start: Any, count: Any) -> list[int]:
    """`range()`: at most 10,000 integers."""
    low, size = integer_of("range", start), integer_of("range", count)
    if not 0 <= size <= 10_000:
        raise fail("range", "the count must be between 0 and 10000")
    return list(range(low, low + size))


def parse_json(text: Any) -> Any:
    """`json()`."""
    try:
        return json_module.loads(text_of("json", text))
    except ValueError as error:
        raise fail("json", str(error)) from None


def string_format(template: Any, *values: Any) -> str:
    """`format()`: `{0}`, `{1}`; doubled braces stand for one."""
    text = text_of("format", template).replace("{{", "\0").replace("}}", "\1")
    for index, value in enumerate(values):
        text = text.replace("{" + str(index) + "}", to_string(value))
    return text.replace("\0", "{").replace("\1", "}")


def join(values: Any, separator: Any) -> str:
    """`join()`."""
    if not isinstance(values, list):
        raise fail("join", "an array is needed")
    return text_of("join", separator).join(to_string(value) for value in values)


def items(value: Any) -> list[dict[str, Any]]:
    """`items()`: members as objects with `key` and `value`, ordered by key."""
    if not isinstance(value, Mapping):
        raise fail("items", "an object is needed")
    return [{"key": key, "value": value[key]} for key in sorted(value, key=str.lower)]


_TABLE: tuple[tuple[str, Callable[..., Any], int, int | None], ...] = (
    # strings
    ("concat", concat, 1, None),
    ("replace", replace, 3, 3),
    ("split", split, 2, 2),
    ("padLeft", pad_left, 2, 3),
    ("substring", substring, 2, 3),
    ("indexOf", index_of, 2, 2),
    ("lastIndexOf", last_index_of, 2, 2),
    ("startsWith", starts_with, 2, 2),
    ("endsWith", ends_with, 2, 2),
    ("trim", trim, 1, 1),
    ("toLower", lambda v: text_of("toLower", v).lower(), 1, 1),
    ("toUpper", lambda v: text_of("toUpper", v).upper(), 1, 1),
    ("string", to_string, 1, 1),
    ("format", string_format, 1, None),
    ("join", join, 2, 2),
    ("guid", guid, 1, None),
    ("base64", to_base64, 1, 1),
    ("base64ToString", base64_to_string, 1, 1),
    ("base64ToJson", lambda v: parse_json(base64_to_string(v)), 1, 1),
    ("uri", to_uri, 2, 2),
    ("uriComponent", escaped, 1, 1),
    ("uriComponentToString", unescaped, 1, 1),
    ("dataUri", data_uri, 1, 1),
    ("dataUriToString", data_uri_to_string, 1, 1),
    # arrays and objects
    ("array", lambda v: v if isinstance(v, list) else [v], 1, 1),
    ("createArray", lambda *v: list(v), 0, None),
    ("createObject", create_object, 0, None),
    ("contains", has, 2, 2),
    ("empty", empty, 1, 1),
    ("length", length, 1, 1),
    ("first", first, 1, 1),
    ("last", last, 1, 1),
    ("indexFromEnd", index_from_end, 2, 2),
    ("tryIndexFromEnd", try_index_from_end, 2, 2),
    ("skip", skip, 2, 2),
    ("take", take, 2, 2),
    ("intersection", intersection, 2, None),
    ("union", union, 2, None),
    ("items", items, 1, 1),
    ("shallowMerge", shallow_merge, 1, 1),
    ("objectKeys", lambda v: [item["key"] for item in items(v)], 1, 1),
    ("json", parse_json, 1, 1),
    ("range", sequence, 2, 2),
    ("null", lambda: None, 0, 0),
    # numbers
    ("int", to_int, 1, 1),
    ("float", lambda v: float(number_of("float", v)), 1, 1),
    ("add", _arithmetic("add", lambda a, b: a + b), 2, 2),
    ("sub", _arithmetic("sub", lambda a, b: a - b), 2, 2),
    ("mul", _arithmetic("mul", lambda a, b: a * b), 2, 2),
    ("div", _arithmetic("div", _divide), 2, 2),
    ("mod", _arithmetic("mod", _remainder), 2, 2),
    ("max", _extreme("max", max), 1, None),
    ("min", _extreme("min", min), 1, None),
    # truth
    ("bool", to_bool, 1, 1),
    ("true", lambda: True, 0, 0),
    ("false", lambda: False, 0, 0),
    ("equals", template_equals, 2, 2),
    ("less", _compare("less", lambda c: c < 0), 2, 2),
    ("lessOrEquals", _compare("lessOrEquals", lambda c: c <= 0), 2, 2),
    ("greater", _compare("greater", lambda c: c > 0), 2, 2),
    ("greaterOrEquals", _compare("greaterOrEquals", lambda c: c >= 0), 2, 2),
    ("not", lambda v: not truth_of("not", v), 1, 1),
    # times and addresses
    ("addDays", add_days, 2, 2),
    ("ipRangeContains", ip_range_contains, 2, 2),
    ("parseCidr", parse_cidr, 1, 1),
    ("cidrSubnet", cidr_subnet, 3, 3),
    ("cidrHost", cidr_host, 2, 2),
)
_DOCUMENTED = tuple(row[0] for row in _TABLE)

FUNCTIONS: Mapping[str, Function] = {name.lower(): Function(call, least, most) for name, call, least, most in _TABLE}
"""Functions of their arguments alone, by lower-cased name."""

RULE_FUNCTIONS: Mapping[str, Function] = {
    "datetimefromepoch": Function(from_epoch, 1, 1),
    "datetimetoepoch": Function(to_epoch, 1, 1),
}
"""Functions of templates that Azure Policy leaves out and our own rules need: Key Vault's times are Unix seconds."""

_SPECIAL_NAMES = (
    "if and or coalesce tryGet parameters field current utcNow subscription resourceGroup requestContext policy "
    "uniqueString root"
)
UNAVAILABLE = frozenset(
    (
        "copyIndex dateTimeAdd deployment environment extensionResourceId filter groupBy lambda lambdaVariables "
        "listAccountSas listKeys listSecrets list managementGroup map mapValues newGuid pickZones providers reduce "
        "reference references resourceId sort subscriptionResourceId tenant tenantResourceId toObject variables"
    )
    .lower()
    .split()
)
"""Template functions that Azure Policy says cannot be used in a policy rule, lower-cased."""

NAMES: tuple[str, ...] = (*_DOCUMENTED, "dateTimeFromEpoch", "dateTimeToEpoch", *_SPECIAL_NAMES.split())
"""Every function as documentation spells it."""
