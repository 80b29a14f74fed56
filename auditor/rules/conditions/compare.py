"""The operators of conditions, as Azure Policy defines them.

https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#conditions:
everything compares without case but `match` and `notMatch`; a missing property is null, satisfies every negative
operator and no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor.expressions.values import MISSING, Undecidable, as_text, equal, is_null, member, order

Test = Callable[[Any], bool]
"""Answers for one value; may raise Undecidable."""


def contains(value: Any, operand: Any) -> bool:
    """Substring without case; for an array, whether it has the element."""
    if isinstance(value, list):
        return any(equal(element, operand) for element in value)
    return not isinstance(value, Mapping) and as_text(operand).lower() in as_text(value).lower()


@lru_cache(maxsize=4096)
def _like_pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.IGNORECASE | re.DOTALL)


def like(value: Any, operand: Any) -> bool:
    """`*` stands for any text; without case."""
    return not isinstance(value, list | Mapping) and bool(_like_pattern(as_text(operand)).fullmatch(as_text(value)))


_MATCH = {"#": r"\d", "?": r"[^\W\d_]", ".": "."}


@lru_cache(maxsize=4096)
def _match_pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join(_MATCH.get(letter) or re.escape(letter) for letter in text)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def match(value: Any, operand: Any, *, ignore_case: bool = False) -> bool:
    """`#` a digit, `?` a letter, `.` any character, anything else itself; with case unless told otherwise."""
    if isinstance(value, list | Mapping):
        return False
    return bool(_match_pattern(as_text(operand), ignore_case).fullmatch(as_text(value)))


def one_of(value: Any, operand: Any) -> bool:
    """Whether a list holds the value."""
    if not isinstance(operand, list):
        raise Undecidable("in and notIn need a list")
    return any(equal(value, element) for element in operand)


def has_key(value: Any, operand: Any) -> bool:
    """Whether an object has the member."""
    return member(value, as_text(operand)) is not MISSING


def truthy(operand: Any) -> bool:
    """The operand of `exists`: true, false, or either as text."""
    return operand if isinstance(operand, bool) else as_text(operand).lower() == "true"


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of the grammar."""

    name: str
    holds: Callable[[Any, Any], bool]
    """Whether it holds for a present value and the operand, negation left aside."""
    negative: bool = False
    """Holds where `holds` does not, and for missing values."""
    right: str = "{}"
    """In words, what a value must be for it to hold; `{}` is the operand."""
    wrong: str = "not {}"
    """In words, what a value must be for it not to hold."""


def _match_any_case(value: Any, operand: Any) -> bool:
    return match(value, operand, ignore_case=True)


def _pair(name: str, holds: Callable[[Any, Any], bool], right: str, wrong: str) -> tuple[Operator, Operator]:
    negative_name = "not" + name[0].upper() + name[1:]
    return Operator(name, holds, False, right, wrong), Operator(negative_name, holds, True, wrong, right)


OPERATORS: Mapping[str, Operator] = {
    operator.name.lower(): operator
    for operator in (
        *_pair("equals", equal, "{}", "not {}"),
        *_pair("like", like, "like {}", "not like {}"),
        *_pair("match", match, "matching {}", "not matching {}"),
        *_pair("matchInsensitively", _match_any_case, "matching {}", "not matching {}"),
        *_pair("contains", contains, "containing {}", "without {}"),
        *_pair("in", one_of, "one of {}", "none of {}"),
        *_pair("containsKey", has_key, "with a member {}", "without a member {}"),
        Operator("less", lambda v, o: order(v, o) < 0, False, "less than {}", "at least {}"),
        Operator("lessOrEquals", lambda v, o: order(v, o) <= 0, False, "at most {}", "more than {}"),
        Operator("greater", lambda v, o: order(v, o) > 0, False, "more than {}", "at most {}"),
        Operator("greaterOrEquals", lambda v, o: order(v, o) >= 0, False, "at least {}", "less than {}"),
        Operator("exists", lambda v, o: is_null(v) != truthy(o), False, "{}", "{}"),
    )
}
"""Every operator by its lower-cased name."""
_EXISTS = OPERATORS["exists"]


def holds(operator: Operator, value: Any, operand: Any) -> bool:
    """Whether the operator holds for a value. Raises Undecidable where Azure Policy throws an error."""
    test = operator.holds
    if (value is not None and value is not MISSING) or operator is _EXISTS:
        return test(value, operand) != operator.negative
    # Equality with null is the one positive operator that a missing property can satisfy: [null()] or `null`.
    return (test is equal and is_null(operand)) != operator.negative


def wanted(operator: Operator, operand: Any, held: bool) -> str:
    """In words, what would have been right where the operator held (or did not) and decided a failure."""
    if operator.name == "exists":
        return "absent" if truthy(operand) == held else "present"
    shown = ", ".join(map(show, operand)) if isinstance(operand, list) else show(operand) or "an empty text"
    return (operator.wrong if held else operator.right).format(shown)


def show(value: Any) -> str:
    """A value as it is shown to users, shortened."""
    if is_null(value):
        return "(not set)"
    text = as_text(value)
    return text if len(text) <= 120 else text[:117] + "..."
