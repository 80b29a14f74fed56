"""Whether a report lets a pipeline go on."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import ExitCode
from auditor.evaluate.model import Outcome, Report
from auditor.rules.model import Severity


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What a report must satisfy."""

    fail_on: Severity | None = Severity.HIGH
    """Findings of this severity or worse fail the gate; None lets every finding through."""
    fail_on_unknown: bool = False
    """Rules of that severity that could not be answered fail it too."""
    require_complete: bool = False
    """Anything that could not be read fails it, with an exit code of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says."""

    exit_code: ExitCode
    reasons: tuple[str, ...]
    """One sentence for each thing that made it fail; empty when it holds."""


def judge(report: Report, policy: GatePolicy, *, known: frozenset[str] = frozenset(), lapsed: int = 0) -> Verdict:
    """The verdict on a report.

    `known` holds fingerprints that a baseline accepts; `lapsed` counts expired exemptions, each failing the gate.
    An incomplete collection outranks findings, since what was found is then not all there is.
    """
    reasons: list[str] = []
    code = ExitCode.OK
    findings = _count(report, policy, Outcome.FAIL, known)
    if findings:
        reasons.append(f"{findings} {_plural(findings, 'finding')} at or above {policy.fail_on}")
    if lapsed:
        reasons.append(f"{lapsed} expired {_plural(lapsed, 'exemption')}")
    if policy.fail_on_unknown and (unknown := _count(report, policy, Outcome.UNKNOWN, known)):
        reasons.append(f"{unknown} {_plural(unknown, 'result')} unknown (--fail-on-unknown)")
    if reasons:
        code = ExitCode.GATE
    if policy.require_complete and not report.scan.complete:
        gaps = len(report.gaps)
        reasons.insert(0, f"the collection is incomplete, {gaps} {_plural(gaps, 'gap')} (--require-complete)")
        code = ExitCode.INCOMPLETE
    return Verdict(code, tuple(reasons))


def _count(report: Report, policy: GatePolicy, outcome: Outcome, known: frozenset[str]) -> int:
    worst = policy.fail_on.rank if policy.fail_on else -1
    if outcome is Outcome.UNKNOWN and policy.fail_on is None:
        worst = Severity.INFO.rank  # --fail-on none --fail-on-unknown: unknown results alone decide
    return sum(
        1
        for result in report.results
        if result.outcome is outcome and result.severity.rank <= worst and result.fingerprint not in known
    )


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else noun + "s"
