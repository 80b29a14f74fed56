"""What rules judged, as sets of resources: so that a resource which several rules judge is counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.evaluate.model import Outcome, Report


@dataclass(frozen=True, slots=True)
class Population:
    """Resources that some rules judged, each counted once, by the worst that one of the rules says of it.

    A scope whose resources could not be read counts as one that is unanswered: how many there are is not known.
    """

    passed: int = 0
    failed: int = 0
    unanswered: int = 0
    exempt: int = 0

    @property
    def judged(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.unanswered + self.exempt


class Populations:
    """The resources of a report as numbers, those of a rule and outcome as the bits of one integer.

    With sets of names the eleven frameworks of a large tenant would take seconds.
    """

    def __init__(self, report: Report) -> None:
        self._numbers: dict[str, int] = {}
        found: dict[tuple[str, Outcome], list[int]] = {}
        for result in report.results:
            found.setdefault((result.rule.id, result.outcome), []).append(self._number(result.subject.id))
        for rule, subjects in report.passed.items():
            found.setdefault((rule, Outcome.PASS), []).extend(self._number(subject.id) for subject in subjects)
        self._bits = {key: _bits(numbers) for key, numbers in found.items()}

    def of(self, rules: Iterable[str]) -> Population:
        """What these rules judged together."""
        failed = unknown = exempt = passed = 0
        for rule in rules:
            failed |= self._bits.get((rule, Outcome.FAIL), 0)
            unknown |= self._bits.get((rule, Outcome.UNKNOWN), 0)
            exempt |= self._bits.get((rule, Outcome.EXEMPT), 0)
            passed |= self._bits.get((rule, Outcome.PASS), 0)
        unknown &= ~failed
        exempt &= ~(failed | unknown)
        passed &= ~(failed | unknown | exempt)
        return Population(passed.bit_count(), failed.bit_count(), unknown.bit_count(), exempt.bit_count())

    def _number(self, resource_id: str) -> int:
        return self._numbers.setdefault(resource_id.lower(), len(self._numbers))


def _bits(numbers: list[int]) -> int:
    found = bytearray(max(numbers, default=0) // 8 + 1)
    for number in numbers:
        found[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(found, "little")
