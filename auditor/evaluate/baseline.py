"""A baseline: an earlier JSON report whose findings are known, so that only what is new or worse fails the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.evaluate.model import Outcome, Report, Result, evidence_hash
from auditor.evaluate.saved_report import load_report
from auditor.inventory import ids
from auditor.rules.model import Severity

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Known:
    """What the baseline says of one rule and resource."""

    outcome: Outcome
    severity: Severity
    evidence: str
    """Hash of the evidence; "" where the baseline has none."""
    subscription: str
    """GUID in lower case; "" above subscriptions."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier report said, by fingerprint."""

    source: str
    known: Mapping[str, Known]
    tenant: str = ""
    findings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Failures as the baseline has them, by fingerprint: what may have to be carried over."""

    def accepts(self, report: Report) -> frozenset[str]:
        """Fingerprints of the report's findings that are neither new nor worse than in the baseline.

        New is what the baseline does not have, or has as passed or exempt: an exemption that is gone accepts nothing
        any more. Worse is a failure where the answer was unknown, or a higher severity. That the same rule fails on the
        same resource for other reasons is neither, and told by `notices`.
        """
        return frozenset(result.fingerprint for result in report.results if self._covers(result))

    def _covers(self, result: Result) -> bool:
        before = self.known.get(result.fingerprint)
        if before is None or before.severity.rank > result.severity.rank:
            return False
        if result.outcome is Outcome.UNKNOWN:
            return before.outcome in (Outcome.UNKNOWN, Outcome.FAIL)
        return before.outcome is Outcome.FAIL

    def notices(self, report: Report) -> list[str]:
        """What the user should know: another tenant, findings for other reasons, findings that are gone."""
        told = []
        tenant = report.scan.tenant
        if self.tenant and tenant and self.tenant.lower() != tenant.lower():
            told.append(f"the baseline {self.source} is of tenant {self.tenant}, this audit of {tenant}")
        accepted = [result for result in report.with_outcome(Outcome.FAIL) if self._covers(result)]
        other = [result for result in accepted if self._reason_differs(result)]
        if other:
            names = ", ".join(f"{result.rule.id} on {result.subject.name}" for result in other[:_NAMED])
            more = f" and {len(other) - _NAMED:,} more" if len(other) > _NAMED else ""
            told.append(f"findings of the baseline have other reasons now, see `auditor diff`: {names}{more}")
        gone = self._gone(report)
        if gone and report.scan.complete and not report.scan.is_partial:
            noun = "finding" if gone == 1 else "findings"
            told.append(
                f"{gone:,} {noun} of the baseline {self.source} went away; write it anew so that they stay away"
            )
        return told

    def _reason_differs(self, result: Result) -> bool:
        before = self.known[result.fingerprint].evidence
        return before != "" and before != evidence_hash(result.evidence)

    def _gone(self, report: Report) -> int:
        present = {result.fingerprint for result in report.with_outcome(Outcome.FAIL, Outcome.EXEMPT, Outcome.UNKNOWN)}
        audited = {"", *report.scan.subscriptions}
        return sum(
            known.outcome is Outcome.FAIL and known.subscription in audited and mark not in present
            for mark, known in self.known.items()
        )


def load_baseline(path: Path) -> Baseline:
    """Read a JSON report, or the SARIF of one, as a baseline. Raises ConfigError for a file that is neither."""
    document = load_report(path)
    known = {result["fingerprint"]: _known(result) for result in document["results"]}
    failures = (result for result in document["results"] if result["outcome"] == Outcome.FAIL)
    carried = document.get("carried_over", [])
    for result in carried:  # it was known before, and nobody could look since
        known[result["fingerprint"]] = _known(result)
    findings = {result["fingerprint"]: result for result in (*failures, *carried)}
    return Baseline(str(path), known, str(document["scan"].get("tenant") or ""), findings)


def _known(result: Mapping[str, Any]) -> Known:
    evidence = result.get("evidence_hash")
    return Known(
        Outcome(result["outcome"]),
        Severity(result["severity"]),
        evidence if isinstance(evidence, str) else "",
        ids.subscription_of(result["resource"]["id"]),
    )
