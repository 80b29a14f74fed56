"""From a source of resources to a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.cli.terminal.steps import Steps
    from auditor.evaluate.model import Report, Scan
    from auditor.facts.registry import FactStore
    from auditor.inventory.inventory import Inventory
    from auditor.rules.model import Framework, Rule
    from auditor.snapshot.source import Source


def audit(
    source: Source,
    rules: Sequence[Rule],
    *,
    notices: Sequence[str] = (),
    partial: bool = False,
    keep_passed: bool = False,
    steps: Steps | None = None,
    quiet: bool = True,
    facts: FactStore | None = None,
    frameworks: Sequence[Framework] = (),
) -> Report:
    """Judge a source by rules, with progress on stderr unless `quiet`.

    `facts` are those of the source's inventory, where the caller goes on to use them; `frameworks` those whose every
    control the report shall know.

    Dates are compared with the time at which the data was collected, so that an old snapshot gives the same report
    whenever it is read.
    """
    from auditor.cli.terminal.progress import judging
    from auditor.cli.terminal.steps import Steps
    from auditor.evaluate.evaluator import evaluate, judged_count
    from auditor.facts.registry import FactStore

    steps = steps or Steps()
    scan = _scan_of(source, rules, partial=partial)
    facts = facts or FactStore(source.inventory)
    if steps.detailed:
        for family in _asked(rules, source.inventory):
            with steps.step(f"facts {family}"):
                facts.prepare(family)
    with steps.step("judge"), judging(judged_count(rules, source.inventory), quiet=quiet) as advance:
        report = evaluate(
            rules,
            source.inventory,
            scan,
            facts=facts,
            now=scan.finished_at,
            keep_passed=keep_passed,
            notices=notices,
            advance=advance,
            spent=steps.rules if steps.detailed else None,
        )
    return replace(report, frameworks=tuple(frameworks))


def _asked(rules: Sequence[Rule], inventory: Inventory) -> Sequence[str]:
    """The fact families that rules over resources that exist ask for."""
    from auditor.facts.registry import family_names

    asked: set[str] = set()
    for rule in rules:
        if any(inventory.of_type(name) for name in rule.resource or inventory.types):
            asked |= set(rule.needs.facts)
    return sorted(asked & set(family_names()))


def with_pictures(
    report: Report, source: Source, facts: FactStore, formats: Sequence[str], steps: Steps | None = None
) -> Report:
    """The report with pictures of the source, each node with the worst finding on it, where one of `formats` draws."""
    from dataclasses import replace

    from auditor.cli.terminal.steps import Steps
    from auditor.pictures import pictures_of
    from auditor.pictures.marks import marked
    from auditor.report.registry import DRAWING

    if DRAWING.isdisjoint(formats):
        return report
    with (steps or Steps()).step("draw"):
        pictures = pictures_of(source.inventory, facts, report.scan.finished_at)
        return replace(report, pictures=marked(pictures, report.results))


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
        complete=manifest.complete and not relevant_gaps(rules, inventory),
        resources=inventory.collected,
        subscription_names=names,
        scope=manifest.scope,
        partial_selection=partial,
        assumed_complete=manifest.assumed_complete,
    )
