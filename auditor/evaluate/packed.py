"""Results as plain lists of JSON's kinds, and back: for what is kept between runs, and what other processes judged.

What comes back is equal to what was packed, value by value and in the same order: a value that JSON would change (a
tuple, a number that is not finite, text that is not Unicode) is refused. Nothing of it is ever run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import islice
from math import isfinite
from typing import Any

from auditor.evaluate.compact import Compact
from auditor.evaluate.model import Outcome, Result, Subject
from auditor.inventory.model import Gap, PropertyChange
from auditor.rules.model import Evidence, Rule

_TEXTS = (str, bool, int, type(None))
_TOGETHER = 2_000
"""Results that are packed into one."""


class UnpackableError(Exception):
    """A result holds what does not come back the same."""


def packed(results: Iterable[Result]) -> Iterator[dict[str, Any]]:
    """Many results, packed some at a time; see `pack`."""
    left = iter(results)
    while some := list(islice(left, _TOGETHER)):
        yield pack(some)


def unpacked(parts: Iterable[Mapping[str, Any]], rules: Sequence[Rule]) -> tuple[Result, ...]:
    """What `packed` gave, as results again; see `unpack`."""
    known: dict[tuple[Any, ...], Subject] = {}
    compact = Compact()
    return tuple(compact.kept(result) for part in parts for result in unpack(part, rules, known))


def pack(results: Iterable[Result]) -> dict[str, Any]:
    """Results before exemptions as `{"subjects": [...], "gaps": [...], "results": [...]}`. Raises UnpackableError."""
    subjects: dict[tuple[Any, ...], int] = {}
    gaps: dict[Gap, int] = {}
    packed = [
        (
            one.rule.id,
            one.outcome.value,
            subjects.setdefault(_subject(one.subject), len(subjects)),
            one.message,
            one.fingerprint,
            [(line.path, _plain(line.actual), line.expected) for line in one.evidence],
            [gaps.setdefault(gap, len(gaps)) for gap in one.gaps],
            one.command,
            _changed(one.changed),
        )
        for one in results
        if _is_before_exemptions(one)
    ]
    return {
        "subjects": [[*head, dict(tags)] for *head, tags in subjects],
        "gaps": pack_gaps(gaps),
        "results": packed,
    }


def unpack(
    packed: Mapping[str, Any], rules: Sequence[Rule], known: dict[tuple[Any, ...], Subject] | None = None
) -> list[Result]:
    """The results of these rules; `known` are subjects that others have already.

    Raises KeyError, TypeError, ValueError or IndexError for what `pack` did not make.
    """
    by_id = {rule.id: rule for rule in rules}
    outcomes = {outcome.value: outcome for outcome in Outcome}
    known = {} if known is None else known
    subjects = [_known(fields, known) for fields in packed["subjects"]]
    gaps = unpack_gaps(packed["gaps"])
    return [
        Result(
            by_id[rule],
            outcomes[outcome],
            subjects[subject],
            message,
            mark,
            tuple([Evidence(*line) for line in evidence]),
            tuple([gaps[index] for index in behind]),
            None,
            command,
            _change(changed),
        )
        for rule, outcome, subject, message, mark, evidence, behind, command, changed in packed["results"]
    ]


def _known(fields: Sequence[Any], known: dict[tuple[Any, ...], Subject]) -> Subject:
    """One object for each subject, however often it is read."""
    return known.setdefault((*fields[:-1], *fields[-1].items()), Subject(*fields))


def pack_gaps(gaps: Iterable[Gap]) -> list[Any]:
    """Gaps as lists of their fields."""
    return [[gap.scope, gap.type, gap.operation, gap.status, gap.code, gap.message] for gap in gaps]


def unpack_gaps(packed: Iterable[Sequence[Any]]) -> list[Gap]:
    """See `pack_gaps`."""
    return [Gap(*fields) for fields in packed]


def _changed(change: PropertyChange | None) -> list[Any] | None:
    if change is None:
        return None
    values = [getattr(change, field.name) for field in fields(change)]
    return [value.isoformat() if isinstance(value, datetime) else _plain(value) for value in values]


def _change(packed: Sequence[Any] | None) -> PropertyChange | None:
    if packed is None:
        return None
    path, before, after, truncated, at, *who = packed
    return PropertyChange(path, before, after, truncated, datetime.fromisoformat(at), *who)


def _subject(subject: Subject) -> tuple[Any, ...]:
    return (
        subject.id,
        subject.type,
        subject.name,
        subject.subscription_id,
        subject.resource_group,
        subject.location,
        tuple(subject.tags.items()),
    )


def _is_before_exemptions(result: Result) -> bool:
    if result.exemption is not None:
        raise UnpackableError("an exemption is applied already")
    return True


def _plain(value: Any) -> Any:
    """The value, where JSON gives it back as it is. Raises UnpackableError for any other."""
    kind = type(value)
    if kind in _TEXTS:
        return value
    if kind is dict:
        for key, inner in value.items():
            if type(key) is not str:
                raise UnpackableError(f"a key of {type(key).__name__}")
            _plain(inner)
    elif kind is list:
        for inner in value:
            _plain(inner)
    elif kind is not float or not isfinite(value):
        raise UnpackableError(f"a value of {kind.__name__}")
    return value
