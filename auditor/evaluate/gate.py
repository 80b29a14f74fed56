"""Whether a report lets a pipeline go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.errors import ExitCode
from auditor.evaluate.model import Outcome, Report, Result, Verdict
from auditor.rules.model import Severity

_NAMED = 5
"""Rules that a reason names; the report has them all."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What a report must satisfy."""

    fail_on: Severity | None = Severity.HIGH
    """Findings of this severity or worse fail the gate; None lets every finding through."""
    fail_on_unknown: bool = False
    """Rules of that severity that could not be answered fail it too; of every severity where `fail_on` is None."""
    require_complete: bool = False
    """Anything that could not be read fails it, with an exit code of its own."""


def judge(
    report: Report, policy: GatePolicy, *, known: frozenset[str] | None = None, lapsed: Sequence[str] = ()
) -> Verdict:
    """The verdict on a report.

    `known` holds fingerprints that a baseline accepts, None without one; `lapsed` names expired exemptions, each
    failing the gate. An incomplete collection outranks findings, since what was found is then not all there is.
    """
    findings = _failing(report, policy, Outcome.FAIL, known)
    unknown = _failing(report, policy, Outcome.UNKNOWN, known) if policy.fail_on_unknown else []
    reasons: list[str] = []
    if findings:
        new = "new or worse " if known is not None else ""
        noun = _plural(len(findings), "finding")
        reasons.append(f"{len(findings):,} {new}{noun} at or above {policy.fail_on} ({_rules(findings)})")
    if lapsed:
        reasons.append(f"{len(lapsed):,} expired {_plural(len(lapsed), 'exemption')} ({_named(list(lapsed))})")
    if unknown:
        noun = _plural(len(unknown), "result")
        reasons.append(f"{len(unknown):,} {noun} unknown, --fail-on-unknown ({_rules(unknown)})")
    code = ExitCode.GATE if reasons else ExitCode.OK
    if policy.require_complete and not report.scan.complete:
        gaps = len(report.gaps)
        reasons.insert(0, f"the collection is incomplete, {gaps:,} {_plural(gaps, 'gap')} (--require-complete)")
        code = ExitCode.INCOMPLETE
    return Verdict(
        code,
        tuple(reasons),
        failing=frozenset(result.fingerprint for result in (*findings, *unknown)),
        known=known,
        asked={
            "fail_on": policy.fail_on.value if policy.fail_on else "none",
            "fail_on_unknown": policy.fail_on_unknown,
            "require_complete": policy.require_complete,
        },
    )


def _failing(report: Report, policy: GatePolicy, outcome: Outcome, known: frozenset[str] | None) -> list[Result]:
    worst = policy.fail_on.rank if policy.fail_on else -1
    if outcome is Outcome.UNKNOWN and policy.fail_on is None:
        worst = Severity.INFO.rank  # --fail-on none --fail-on-unknown: unknown results alone decide
    return [
        result
        for result in report.results
        if result.outcome is outcome and result.severity.rank <= worst and result.fingerprint not in (known or ())
    ]


def _rules(results: Sequence[Result]) -> str:
    """Rules with their counts, in the results' order, the worst first."""
    counts = Counter(result.rule.id for result in results)
    return _named([f"{name}: {number:,}" if number > 1 else name for name, number in counts.items()], "rule")


def _named(names: Sequence[str], noun: str = "") -> str:
    hidden = len(names) - _NAMED
    more = f", and {hidden:,} more {_plural(hidden, noun)}".rstrip() if hidden > 0 else ""
    return ", ".join(names[:_NAMED]) + more


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 or not noun else noun + "s"
