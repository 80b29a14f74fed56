"""How a report looks from a framework's side: which controls hold, fail, or were not answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from auditor.evaluate.model import Outcome, Report
from auditor.rules.model import Rule


class ControlState(StrEnum):
    """What the rules of a control say together."""

    FAILED = "failed"
    UNANSWERED = "unanswered"
    """Nothing failed, and something could not be read."""
    PASSED = "passed"
    NOT_ASSESSED = "not assessed"
    """Its rules had nothing to judge."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a framework, with the rules that look at it."""

    id: str
    state: ControlState
    findings: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Posture:
    """One framework. Only controls that some rule covers are here."""

    framework: str
    controls: tuple[Control, ...]

    @property
    def passed(self) -> int:
        """Controls that hold."""
        return sum(control.state is ControlState.PASSED for control in self.controls)

    @property
    def assessed(self) -> int:
        """Controls that hold or fail: the others count neither way."""
        return sum(control.state in (ControlState.PASSED, ControlState.FAILED) for control in self.controls)


def postures(report: Report) -> tuple[Posture, ...]:
    """Every framework that a rule of the report is mapped to, by name, its controls in natural order."""
    rules: dict[str, dict[str, list[Rule]]] = {}
    for rule in report.rules:
        for framework, controls in rule.frameworks.items():
            for control in controls:
                rules.setdefault(framework, {}).setdefault(control, []).append(rule)
    return tuple(
        Posture(
            name, tuple(_control(report, control, rules[name][control]) for control in sorted(rules[name], key=natural))
        )
        for name in sorted(rules)
    )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts `AC-2` before `AC-10` and `1.9` before `1.10`."""
    import re

    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.findall(r"\d+|\D+", text))


def _control(report: Report, control: str, rules: Sequence[Rule]) -> Control:
    tallies = [report.tallies.get(rule.id, {}) for rule in rules]
    findings, unknown, held = (
        sum(tally.get(outcome, 0) for tally in tallies for outcome in outcomes)
        for outcomes in ((Outcome.FAIL,), (Outcome.UNKNOWN,), (Outcome.PASS, Outcome.EXEMPT))
    )
    if findings:
        state = ControlState.FAILED
    elif unknown:
        state = ControlState.UNANSWERED
    else:
        state = ControlState.PASSED if held else ControlState.NOT_ASSESSED
    return Control(control, state, findings, tuple(rule.id for rule in rules))
