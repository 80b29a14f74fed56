"""From a source of resources to a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.evaluate.model import Report, Scan
    from auditor.inventory.source import Source
    from auditor.rules.model import Rule


def audit(
    source: Source,
    rules: Sequence[Rule],
    *,
    notices: Sequence[str] = (),
    partial: bool = False,
    keep_passed: bool = False,
) -> Report:
    """Judge a source by rules.

    Dates are compared with the time at which the data was collected, so that an old snapshot gives the same report
    whenever it is read.
    """
    from auditor.evaluate.evaluator import evaluate
    from auditor.facts.registry import FactStore

    scan = _scan_of(source, rules, partial=partial)
    return evaluate(
        rules,
        source.inventory,
        scan,
        facts=FactStore(source.inventory),
        now=scan.finished_at,
        keep_passed=keep_passed,
        notices=notices,
    )


def _scan_of(source: Source, rules: Sequence[Rule], *, partial: bool) -> Scan:
    from auditor.evaluate.evaluator import relevant_gaps
    from auditor.evaluate.model import Scan

    manifest, inventory = source.manifest, source.inventory
    names = dict(manifest.subscriptions)
    found = {resource.subscription_id for resource in inventory.by_key.values()} - {""}
    started = manifest.started_at or datetime.now(UTC)
    finished = manifest.finished_at or started
    return Scan(
        source=manifest.source,
        tenant=manifest.tenant,
        subscriptions=tuple(sorted(found | {guid.lower() for guid in names})),
        started_at=started,
        finished_at=finished,
        complete=manifest.complete and not relevant_gaps(rules, inventory.gaps),
        resources=inventory.collected,
        subscription_names=names,
        scope=manifest.scope,
        partial_selection=partial,
    )
