"""The template functions that a policy rule may call, those that need only their arguments.

Semantics: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions and, for `addDays` and
`ipRangeContains`, https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#policy-functions.
A function that Azure would end with an error raises `Undecidable`: the condition's answer is then unknown.
"""

from __future__ import annotations

import base64
import json as json_module
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urljoin

from auditor.rules.conditions.compare import as_number, as_text, as_time, equal, is_null, order
from auditor.rules.conditions.paths import MISSING, member
from auditor.rules.conditions.problems import Undecidable


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes."""

    call: Callable[..., Any]
    least: int
    most: int | None
    """None for any number."""


def _fail(name: str, why: str) -> Undecidable:
    return Undecidable(f"{name}() fails: {why}")


def _number(name: str, value: Any) -> float | int:
    number = as_number(value)
    if number is None:
        raise _fail(name, f"{value!r} is not a number")
    return number


def _integer(name: str, value: Any) -> int:
    number = _number(name, value)
    if number != int(number):
        raise _fail(name, f"{value!r} is not an integer")
    return int(number)


def _text(name: str, value: Any) -> str:
    if isinstance(value, list | Mapping) or is_null(value):
        raise _fail(name, "a string is needed")
    return as_text(value)


def _truth(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _fail(name, f"{value!r} is not a boolean")


def to_bool(value: Any) -> bool:
    """`bool()`: text, a number or a boolean."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value != 0
    return _truth("bool", {"1": "true", "0": "false"}.get(value, value) if isinstance(value, str) else value)


def to_string(value: Any) -> str:
    """`string()`: JSON for objects and arrays, "" for null."""
    if is_null(value):
        return ""
    if isinstance(value, list | Mapping):
        return json_module.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return as_text(value)


def to_int(value: Any) -> int:
    """`int()`."""
    return int(_number("int", value))


def concat(*values: Any) -> Any:
    """Joins strings, or arrays."""
    if all(isinstance(value, list) for value in values):
        return [element for value in values for element in value]
    return "".join(_text("concat", value) for value in values)


def length(value: Any) -> int:
    """Elements of an array, members of an object, characters of a string; 0 for what is missing."""
    if is_null(value):
        return 0
    if isinstance(value, list | Mapping | str):
        return len(value)
    raise _fail("length", "a string, array or object is needed")


def empty(value: Any) -> bool:
    """Whether an array, object or string is empty; null is."""
    return is_null(value) or (isinstance(value, list | Mapping | str) and not value)


def has(container: Any, wanted: Any) -> bool:
    """`contains()`: an element, a key or a substring; strings and keys compare with, keys without case."""
    if isinstance(container, list):
        return any(_same(element, wanted) for element in container)
    if isinstance(container, Mapping):
        return member(container, as_text(wanted)) is not MISSING
    return as_text(wanted) in _text("contains", container)


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
            raise _fail(name, "a value is missing")
        return test(order(left, right))

    return call


def _arithmetic(name: str, apply: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    def call(left: Any, right: Any) -> int:
        numbers = _integer(name, left), _integer(name, right)
        try:
            return apply(*numbers)
        except ZeroDivisionError:
            raise _fail(name, "division by zero") from None

    return call


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)  # toward zero
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    return int(math.fmod(left, right)) if right else left % right


def substring(value: Any, start: Any, count: Any = None) -> str:
    """Part of a string; an error where it reaches beyond the end."""
    text, first = _text("substring", value), _integer("substring", start)
    size = len(text) - first if count is None else _integer("substring", count)
    if first < 0 or size < 0 or first + size > len(text):
        raise _fail("substring", f"{text!r} is too short")
    return text[first : first + size]


def split(value: Any, separators: Any) -> list[str]:
    """Cuts a string at one or several separators."""
    parts = [_text("split", value)]
    for separator in separators if isinstance(separators, list) else [separators]:
        mark = _text("split", separator)
        parts = [piece for part in parts for piece in (part.split(mark) if mark else [part])]
    return parts


def pad_left(value: Any, size: Any, filler: Any = " ") -> str:
    """Fills a string on the left."""
    return as_text(value).rjust(_integer("padLeft", size), _text("padLeft", filler))


def trim(value: Any) -> str:
    """Without white space at both ends."""
    return _text("trim", value).strip()


def replace(value: Any, old: Any, new: Any) -> str:
    """Every occurrence, with case."""
    if not old:
        raise _fail("replace", "the text to replace is empty")
    return _text("replace", value).replace(_text("replace", old), _text("replace", new))


def index_of(value: Any, wanted: Any) -> int:
    """First place: of an element with case, of a substring without; -1 where there is none."""
    if isinstance(value, list):
        return next((index for index, element in enumerate(value) if _same(element, wanted)), -1)
    return _text("indexOf", value).lower().find(_text("indexOf", wanted).lower())


def last_index_of(value: Any, wanted: Any) -> int:
    """Last place, as `index_of`."""
    if isinstance(value, list):
        return next((index for index in range(len(value) - 1, -1, -1) if _same(value[index], wanted)), -1)
    return _text("lastIndexOf", value).lower().rfind(_text("lastIndexOf", wanted).lower())


def starts_with(value: Any, wanted: Any) -> bool:
    """Without case."""
    return _text("startsWith", value).lower().startswith(_text("startsWith", wanted).lower())


def ends_with(value: Any, wanted: Any) -> bool:
    """Without case."""
    return _text("endsWith", value).lower().endswith(_text("endsWith", wanted).lower())


def first(value: Any) -> Any:
    """The first element or character; null of an empty array, "" of an empty string."""
    if isinstance(value, list | str):
        return value[0] if value else ("" if isinstance(value, str) else None)
    raise _fail("first", "a string or array is needed")


def last(value: Any) -> Any:
    """The last element or character."""
    if isinstance(value, list | str):
        return value[-1] if value else ("" if isinstance(value, str) else None)
    raise _fail("last", "a string or array is needed")


def skip(value: Any, count: Any) -> Any:
    """Without the first elements or characters."""
    if isinstance(value, list | str):
        return value[max(0, _integer("skip", count)) :]
    raise _fail("skip", "a string or array is needed")


def take(value: Any, count: Any) -> Any:
    """Only the first elements or characters."""
    if isinstance(value, list | str):
        return value[: max(0, _integer("take", count))]
    raise _fail("take", "a string or array is needed")


def create_object(*pairs: Any) -> dict[str, Any]:
    """An object of keys and values in turn."""
    if len(pairs) % 2:
        raise _fail("createObject", "a key has no value")
    return {_text("createObject", key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}


def intersection(*values: Any) -> Any:
    """What all arrays, or all objects, have in common."""
    head, *rest = values
    if isinstance(head, Mapping):
        return {
            k: v for k, v in head.items() if all(isinstance(o, Mapping) and _same(o.get(k, MISSING), v) for o in rest)
        }
    return [element for element in head if all(any(_same(element, other) for other in value) for value in rest)]


def union(*values: Any) -> Any:
    """Every element once, or every member with the last one winning; inner objects are merged."""
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
            raise _fail(name, "the array is empty")
        return choose([_integer(name, number) for number in numbers])

    return call


def sequence(start: Any, count: Any) -> list[int]:
    """`range()`: at most 10,000 integers."""
    low, size = _integer("range", start), _integer("range", count)
    if not 0 <= size <= 10_000:
        raise _fail("range", "the count must be between 0 and 10000")
    return list(range(low, low + size))


def parse_json(text: Any) -> Any:
    """`json()`."""
    try:
        return json_module.loads(_text("json", text))
    except ValueError as error:
        raise _fail("json", str(error)) from None


def coalesce(*values: Any) -> Any:
    """The first value that is not null."""
    return next((value for value in values if not is_null(value)), None)


def add_days(moment: Any, days: Any) -> str:
    """`addDays()`: a time as ISO 8601 with seven fractional digits."""
    start = as_time(moment)
    if start is None:
        raise _fail("addDays", f"{moment!r} is not a time")
    try:
        return format_time(start + timedelta(days=_integer("addDays", days)))
    except OverflowError:
        raise _fail("addDays", "out of range") from None


def format_time(moment: datetime) -> str:
    """A time as Azure Policy writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def from_epoch(seconds: Any) -> str:
    """`dateTimeFromEpoch()`: Unix seconds as a time; Key Vault gives `exp` and `created` so."""
    try:
        return datetime.fromtimestamp(_integer("dateTimeFromEpoch", seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        raise _fail("dateTimeFromEpoch", "out of range") from None


def to_epoch(moment: Any) -> int:
    """`dateTimeToEpoch()`: a time as Unix seconds."""
    found = as_time(moment)
    if found is None:
        raise _fail("dateTimeToEpoch", f"{moment!r} is not a time")
    return int(found.timestamp())


def ip_range_contains(outer: Any, inner: Any) -> bool:
    """`ipRangeContains()`: whether a prefix, range or address holds another; never across IP versions."""
    from netaddr import AddrFormatError, IPNetwork, IPRange

    def span(text: Any) -> tuple[int, int, int]:
        value = _text("ipRangeContains", text).strip()
        try:
            found = IPRange(*(part.strip() for part in value.split("-", 1))) if "-" in value else IPNetwork(value)
        except (AddrFormatError, ValueError):
            raise _fail("ipRangeContains", f"{value!r} is not an IP address range") from None
        return found.version, found.first, found.last

    wide, narrow = span(outer), span(inner)
    return wide[0] == narrow[0] and wide[1] <= narrow[1] and narrow[2] <= wide[2]


def _base64_to_string(value: Any) -> str:
    try:
        return base64.b64decode(_text("base64ToString", value), validate=True).decode()
    except ValueError:
        raise _fail("base64ToString", "the text is not base64") from None


def string_format(template: Any, *values: Any) -> str:
    """`format()`: `{0}`, `{1}`; doubled braces stand for one."""
    text = _text("format", template).replace("{{", "\0").replace("}}", "\1")
    for index, value in enumerate(values):
        text = text.replace("{" + str(index) + "}", to_string(value))
    return text.replace("\0", "{").replace("\1", "}")


def guid(*values: Any) -> str:
    """`guid()`: the version 5 UUID that Azure Resource Manager makes of its arguments joined by `-`."""
    namespace = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
    return str(uuid.uuid5(namespace, "-".join(_text("guid", value) for value in values)))


def join(values: Any, separator: Any) -> str:
    """`join()`."""
    if not isinstance(values, list):
        raise _fail("join", "an array is needed")
    return _text("join", separator).join(to_string(value) for value in values)


def items(value: Any) -> list[dict[str, Any]]:
    """`items()`: members as objects with `key` and `value`, ordered by key."""
    if not isinstance(value, Mapping):
        raise _fail("items", "an object is needed")
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
    ("toLower", lambda v: _text("toLower", v).lower(), 1, 1),
    ("toUpper", lambda v: _text("toUpper", v).upper(), 1, 1),
    ("string", to_string, 1, 1),
    ("format", string_format, 1, None),
    ("join", join, 2, 2),
    ("guid", guid, 1, None),
    ("base64", lambda v: base64.b64encode(_text("base64", v).encode()).decode(), 1, 1),
    ("base64ToString", _base64_to_string, 1, 1),
    ("base64ToJson", lambda v: parse_json(_base64_to_string(v)), 1, 1),
    ("uri", lambda base, tail: urljoin(_text("uri", base), _text("uri", tail)), 2, 2),
    ("uriComponent", lambda v: quote(_text("uriComponent", v), safe="-_.~"), 1, 1),
    ("uriComponentToString", lambda v: unquote(_text("uriComponentToString", v)), 1, 1),
    # arrays and objects
    ("array", lambda v: v if isinstance(v, list) else [v], 1, 1),
    ("createArray", lambda *v: list(v), 0, None),
    ("createObject", create_object, 0, None),
    ("contains", has, 2, 2),
    ("empty", empty, 1, 1),
    ("length", length, 1, 1),
    ("first", first, 1, 1),
    ("last", last, 1, 1),
    ("skip", skip, 2, 2),
    ("take", take, 2, 2),
    ("intersection", intersection, 2, None),
    ("union", union, 2, None),
    ("items", items, 1, 1),
    ("objectKeys", lambda v: [item["key"] for item in items(v)], 1, 1),
    ("json", parse_json, 1, 1),
    ("range", sequence, 2, 2),
    ("null", lambda: None, 0, 0),
    # numbers
    ("int", to_int, 1, 1),
    ("float", lambda v: float(_number("float", v)), 1, 1),
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
    ("not", lambda v: not _truth("not", v), 1, 1),
    # times and addresses
    ("addDays", add_days, 2, 2),
    ("ipRangeContains", ip_range_contains, 2, 2),
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
NAMES: tuple[str, ...] = (*_DOCUMENTED, "dateTimeFromEpoch", "dateTimeToEpoch", *_SPECIAL_NAMES.split())
"""Every function as documentation spells it."""
