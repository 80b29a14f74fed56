"""Results of large tenants, kept small: what explains one is compressed beside another of its rule.

The explanations of one rule's results differ in names and values alone, so that each takes a tenth of its room next to
the first. What is read back is equal, value by value.
"""

from __future__ import annotations

import zlib
from math import isfinite
from typing import Any

from auditor.evaluate.model import Result
from auditor.rules.model import Evidence

PLAIN = 20_000
"""How many results are left as they are."""
_TEXTS = (str, bool, int, type(None))


class UnpackableError(Exception):
    """A result holds what JSON does not give back the same."""


class CompactResult(Result):
    """A result whose message, evidence and command are unpacked when they are asked for. Made by `Compact`."""

    __slots__ = ("_beside", "_packed")
    _packed: bytes
    _beside: bytes

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
        self._first: dict[str, bytes] = {}

    def kept(self, result: Result) -> Result:
        """An equal result, as it is to be kept."""
        self._count += 1
        return result if self._count <= PLAIN else self._compact(result)

    def _compact(self, result: Result) -> Result:
        import orjson

        try:
            lines = [(line.path, plain(line.actual), line.expected) for line in result.evidence]
            told = orjson.dumps((result.message, lines, result.command))
        except (UnpackableError, TypeError, ValueError):
            return result
        beside = self._first.setdefault(result.rule.id, bytes(memoryview(told)))
        work = zlib.compressobj(level=1, zdict=beside)
        made = CompactResult.__new__(CompactResult)
        for name, value in (
            ("rule", result.rule),
            ("outcome", result.outcome),
            ("subject", result.subject),
            ("fingerprint", result.fingerprint),
            ("gaps", result.gaps),
            ("exemption", result.exemption),
            ("changed", result.changed),
            ("_beside", beside),
            ("_packed", work.compress(told) + work.flush()),
        ):
            object.__setattr__(made, name, value)
        return made


def plain(value: Any) -> Any:
    """The value, where JSON gives it back as it is. Raises UnpackableError for any other."""
    kind = type(value)
    if kind in _TEXTS:
        return value
    if kind is dict:
        for key, inner in value.items():
            if type(key) is not str:
                raise UnpackableError(f"a key of {type(key).__name__}")
            plain(inner)
    elif kind is list:
        for inner in value:
            plain(inner)
    elif kind is not float or not isfinite(value):
        raise UnpackableError(f"a value of {kind.__name__}")
    return value


_last: tuple[CompactResult | None, tuple[str, tuple[Evidence, ...], str]] = (None, ("", (), ""))


def _told(result: CompactResult) -> tuple[str, tuple[Evidence, ...], str]:
    """Message, evidence and command; those of the result that was asked last stay at hand."""
    global _last  # noqa: PLW0603 - one program, one look at a time
    of, told = _last
    if of is not result:
        import orjson

        work = zlib.decompressobj(zdict=result._beside)
        message, lines, command = orjson.loads(work.decompress(result._packed) + work.flush())
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
