"""How a report looks from a framework's side: which controls hold, fail, or were not answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from auditor.evaluate.model import Outcome, Report
from auditor.report.populations import Population, Populations
from auditor.rules.model import Framework, FrameworkControl, Rule, Severity


class ControlState(StrEnum):
    """What the rules of a control say together. The first of these that is true of it holds."""

    FAILED = "failed"
    UNANSWERED = "unanswered"
    """Nothing failed, and something could not be read."""
    EXEMPT = "exempt"
    """What failed is accepted by an exemption: neither passed nor failed, and it counts against the percentage."""
    PASSED = "passed"
    NOT_ASSESSED = "not assessed"
    """Its rules had nothing to judge."""
    NOT_COVERED = "not covered"
    """No rule looks at it; it needs another way to be assessed."""


ASSESSED = (ControlState.FAILED, ControlState.UNANSWERED, ControlState.EXEMPT, ControlState.PASSED)
"""States of controls for which a rule had something to judge: what percentages are of."""
STATE_ORDER = (
    ControlState.PASSED,
    ControlState.FAILED,
    ControlState.UNANSWERED,
    ControlState.EXEMPT,
    ControlState.NOT_ASSESSED,
    ControlState.NOT_COVERED,
)
"""As people read them, the best first."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a framework, with the rules that look at it."""

    id: str
    state: ControlState
    findings: int
    rules: tuple[str, ...]
    title: str = ""
    section: str = ""
    assessable: str = ""
    """`technical`, `manual` or `partly`, where the publisher says so."""
    worst: Severity | None = None
    """Of its findings."""
    unknown: int = 0
    """Results that could not be decided."""
    exempt: int = 0
    """Findings that are accepted."""
    resources: Population = field(default_factory=Population)
    """What its rules judged, each resource once."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Which controls are listed; counts and percentages are of all in any case."""

    states: frozenset[ControlState] = frozenset(ControlState)
    control: str = ""
    """The id of the one that is listed, in any case; "" for all."""

    def __contains__(self, control: Control) -> bool:
        return control.state in self.states and self.control.lower() in ("", control.id.lower())


@dataclass(frozen=True, slots=True)
class Posture:
    """One framework."""

    framework: str
    every: tuple[Control, ...]
    """All its controls, in its publisher's order; of a framework without a list of controls, those that rules name."""
    name: str = ""
    version: str = ""
    source: str = ""

    @property
    def controls(self) -> tuple[Control, ...]:
        """Those that some rule covers."""
        return tuple(control for control in self.every if control.rules)

    @property
    def uncovered(self) -> tuple[Control, ...]:
        """Those that no rule covers."""
        return tuple(control for control in self.every if not control.rules)

    @property
    def passed(self) -> int:
        """Controls that hold."""
        return self.count(ControlState.PASSED)

    @property
    def assessed(self) -> int:
        """Controls for which a rule had something to judge, answered or not: so that no gap makes a share better."""
        return sum(self.count(state) for state in ASSESSED)

    @property
    def total(self) -> int:
        """All controls of the framework."""
        return len(self.every)

    @property
    def passed_percent(self) -> float | None:
        """Passed of assessed, rounded down so that only all of them are 100; None where nothing was assessed."""
        return 1000 * self.passed // self.assessed / 10 if self.assessed else None

    def count(self, state: ControlState) -> int:
        """Controls in a state."""
        return sum(control.state is state for control in self.every)

    def share(self, state: ControlState) -> float:
        """Percent of all controls that are in a state."""
        return 100 * self.count(state) / self.total if self.total else 0.0


def postures(report: Report) -> tuple[Posture, ...]:
    """The report's frameworks, in their order; without any, those that its rules name, by name.

    A framework's controls stand in its publisher's order, and behind them those that only rules name.
    """
    rules: dict[str, dict[str, list[Rule]]] = {framework.id: {} for framework in report.frameworks}
    for rule in report.rules:
        for name, controls in rule.frameworks.items():
            if name in rules or not report.frameworks:
                for control in controls:
                    rules.setdefault(name, {}).setdefault(control, []).append(rule)
    listed = {framework.id: framework for framework in report.frameworks}
    names = rules if report.frameworks else sorted(rules)
    populations = Populations(report)
    return tuple(
        _posture(report, populations, listed.get(name) or Framework(name, "", ()), rules[name]) for name in names
    )


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts `AC-2` before `AC-10` and `1.9` before `1.10`."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.findall(r"\d+|\D+", text))


def _posture(
    report: Report, populations: Populations, framework: Framework, rules: Mapping[str, Sequence[Rule]]
) -> Posture:
    known = {control.id for control in framework.controls}
    unlisted = "Named by rules, not by the framework" if known else ""
    others = [FrameworkControl(control, "", unlisted) for control in sorted(rules, key=natural) if control not in known]
    every = tuple(
        _control(report, populations, each, rules.get(each.id, ())) for each in (*framework.controls, *others)
    )
    return Posture(framework.id, every, framework.name, framework.version, framework.source)


def _control(report: Report, populations: Populations, control: FrameworkControl, rules: Sequence[Rule]) -> Control:
    tallies = [report.tallies.get(rule.id, {}) for rule in rules]
    counts = {outcome: sum(tally.get(outcome, 0) for tally in tallies) for outcome in Outcome}
    failed = [rule.severity for rule, tally in zip(rules, tallies, strict=True) if tally.get(Outcome.FAIL)]
    return Control(
        control.id,
        _state(counts, covered=bool(rules)),
        counts[Outcome.FAIL],
        tuple(rule.id for rule in rules),
        control.title,
        control.section,
        control.assessable,
        min(failed, key=lambda severity: severity.rank, default=None),
        counts[Outcome.UNKNOWN],
        counts[Outcome.EXEMPT],
        populations.of(rule.id for rule in rules),
    )


def _state(counts: Mapping[Outcome, int], *, covered: bool) -> ControlState:
    if not covered:
        return ControlState.NOT_COVERED
    for outcome, state in (
        (Outcome.FAIL, ControlState.FAILED),
        (Outcome.UNKNOWN, ControlState.UNANSWERED),
        (Outcome.EXEMPT, ControlState.EXEMPT),
        (Outcome.PASS, ControlState.PASSED),
    ):
        if counts[outcome]:
            return state
    return ControlState.NOT_ASSESSED
