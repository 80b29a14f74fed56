"""Template functions over times.

https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#policy-functions and
https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-date
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.expressions.arguments import fail, integer_of
from auditor.expressions.values import as_time

_PARTS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "dddd": "%A",
    "ddd": "%a",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "ffffff": "%f",
    "tt": "%p",
}
_CUSTOM = re.compile(r"([A-Za-z])\1*|'[^']*'|.", re.DOTALL)


def formatted(moment: datetime, pattern: str) -> str:
    """`utcNow(format)`: the .NET format strings that do not depend on a culture's settings.

    https://learn.microsoft.com/dotnet/standard/base-types/custom-date-and-time-format-strings
    """
    standard = {
        "d": f"{moment.month}/{moment.day}/{moment.year:04}",
        "s": f"{moment:%Y-%m-%dT%H:%M:%S}",
        "u": f"{moment:%Y-%m-%d %H:%M:%SZ}",
    }
    return standard.get(pattern) or "".join(_part(moment, match[0]) for match in _CUSTOM.finditer(pattern))


def _part(moment: datetime, part: str) -> str:
    if part in _PARTS:
        return moment.strftime(_PARTS[part])
    if part == "fffffff":
        return f"{moment:%f}0"
    short = {"d": moment.day, "M": moment.month, "H": moment.hour, "m": moment.minute, "s": moment.second}
    if part in short:
        return str(short[part])
    if part[:1] == "'":
        return part.strip("'")
    if part.isalpha() and part not in ("T", "Z"):
        raise fail("utcNow", f"the format {part!r} is not supported")
    return part


def add_days(moment: Any, days: Any) -> str:
    """`addDays()`: a time as ISO 8601 with seven fractional digits."""
    start = as_time(moment)
    if start is None:
        raise fail("addDays", f"{moment!r} is not a time")
    try:
        return format_time(start + timedelta(days=integer_of("addDays", days)))
    except OverflowError:
        raise fail("addDays", "out of range") from None


def format_time(moment: datetime) -> str:
    """A time as Azure Policy writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def from_epoch(seconds: Any) -> str:
    """`dateTimeFromEpoch()`: Unix seconds as a time; Key Vault gives `exp` and `created` so."""
    try:
        return datetime.fromtimestamp(integer_of("dateTimeFromEpoch", seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        raise fail("dateTimeFromEpoch", "out of range") from None


def to_epoch(moment: Any) -> int:
    """`dateTimeToEpoch()`: a time as Unix seconds."""
    found = as_time(moment)
    if found is None:
        raise fail("dateTimeToEpoch", f"{moment!r} is not a time")
    return int(found.timestamp())
