"""What a change does to the findings: those that come or get worse with it, and those that it mends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from auditor.evaluate.evaluator import summarise
from auditor.evaluate.model import Outcome, Report, Result, evidence_hash

_NAMED = 5
_TOLD = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)


def only_new(before: Report, after: Report) -> Report:
    """The report after a change with the results that are new, worse or there for other reasons.

    A result is the same where its fingerprint is; a failure with other evidence is not the same: one more port that is
    open counts. What went away is told in a notice.
    """
    earlier = {result.fingerprint: result for result in before.results}
    kept = tuple(r for r in after.with_outcome(*_TOLD) if _is_new(earlier.get(r.fingerprint), r))
    counts: dict[str, Counter[Outcome]] = {rule.id: Counter() for rule in after.rules}
    for result in kept:
        counts[result.rule.id][result.outcome] += 1
    notices = (*after.notices, *_mended(before, after))
    return replace(
        after,
        results=kept,
        tallies=counts,
        summary=summarise(counts, after.rules, kept),
        passed={},
        notices=notices,
    )


def _is_new(before: Result | None, after: Result) -> bool:
    if before is None or before.outcome is not after.outcome:
        return True
    # Why an answer is not known is no finding, and what is accepted was looked at.
    return after.outcome is Outcome.FAIL and (
        before.severity is not after.severity or evidence_hash(before.evidence) != evidence_hash(after.evidence)
    )


def _mended(before: Report, after: Report) -> Iterator[str]:
    still = {result.fingerprint for result in after.with_outcome(*_TOLD)}
    gone = [result for result in before.with_outcome(Outcome.FAIL) if result.fingerprint not in still]
    if gone:
        names = ", ".join(f"{result.rule.id} on {result.subject.name}" for result in gone[:_NAMED])
        more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
        yield f"{len(gone):,} {'finding goes' if len(gone) == 1 else 'findings go'} away with the change: {names}{more}"
