"""Results of large tenants, kept small: what explains one is compressed beside another of its rule."""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import Result
from auditor.inventory.packing import Kind, as_json, from_json
from auditor.rules.model import Evidence

PLAIN = 20_000
"""How many results are left as they are."""


class CompactResult(Result):
    """A result whose message, evidence and command are unpacked when they are asked for. Made by `Compact`."""

    __slots__ = ("_kind", "_pressed")
    _kind: Kind
    _pressed: bytes

    @property
    def message(self) -> str:
        """See `Result.message`."""
        return _told(self)[0]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """See `Result.evidence`."""
        return _told(self)[1]

    @property
    def command(self) -> str:
        """See `Result.command`."""
        return _told(self)[2]

    def __eq__(self, other: object) -> bool:
        """Equal to any result that says the same."""
        return isinstance(other, Result) and _fields(self) == _fields(other)

    __hash__ = Result.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        """Anywhere else it is a result like any other."""
        return Result, _fields(self)


class Compact:
    """Keeps results, those beyond the first ones small."""

    def __init__(self) -> None:
        self._count = 0
        self._kinds: dict[str, Kind] = {}

    def kept(self, result: Result) -> Result:
        """An equal result, as it is to be kept."""
        self._count += 1
        return result if self._count <= PLAIN else self._compact(result)

    def _compact(self, result: Result) -> Result:
        lines = [[line.path, line.actual, line.expected] for line in result.evidence]
        told = as_json([result.message, lines, result.command])
        if told is None:
            return result
        kind = self._kinds.setdefault(result.rule.id, Kind())
        made = CompactResult.__new__(CompactResult)
        for name, value in (
            ("rule", result.rule),
            ("outcome", result.outcome),
            ("subject", result.subject),
            ("fingerprint", result.fingerprint),
            ("gaps", result.gaps),
            ("exemption", result.exemption),
            ("changed", result.changed),
            ("_kind", kind),
            ("_pressed", kind.pressed(told)),
        ):
            object.__setattr__(made, name, value)
        return made


_last: tuple[CompactResult | None, tuple[str, tuple[Evidence, ...], str]] = (None, ("", (), ""))


def _told(result: CompactResult) -> tuple[str, tuple[Evidence, ...], str]:
    """Message, evidence and command; those of the result that was asked last stay at hand."""
    global _last  # noqa: PLW0603 - one program, one look at a time
    of, told = _last
    if of is not result:
        message, lines, command = from_json(result._kind.restored(result._pressed))
        told = message, tuple([Evidence(*line) for line in lines]), command
        _last = result, told
    return told


def _fields(result: Result) -> tuple[Any, ...]:
    return (
        result.rule,
        result.outcome,
        result.subject,
        result.message,
        result.fingerprint,
        result.evidence,
        result.gaps,
        result.exemption,
        result.command,
        result.changed,
    )
