"""Rules judged over an inventory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from auditor import __version__
from auditor.evaluate.jobs import judge_together
from auditor.evaluate.judging import Advance, Scoped, Stumbled, World, judge
from auditor.evaluate.managed import Managed
from auditor.evaluate.model import Outcome, Report, Result, Scan, Subject, Summary
from auditor.evaluate.reach import Reach
from auditor.evaluate.unread import unread
from auditor.facts.registry import needs_of
from auditor.inventory import ids
from auditor.inventory.changes import CHANGES_KEY
from auditor.inventory.coverage import embedding_parent
from auditor.inventory.cycles import uncollected
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.inventory.selection import Selection
from auditor.rules.model import Facts, Rule, Severity
from auditor.rules.overrides import Overrides


@uncollected()
def evaluate(
    rules: Sequence[Rule],
    inventory: Inventory,
    scan: Scan,
    *,
    facts: Facts,
    now: datetime,
    keep_passed: bool = False,
    notices: Sequence[str] = (),
    advance: Advance | None = None,
    spent: dict[str, float] | None = None,
    selection: Selection | None = None,
    overrides: Overrides | None = None,
    jobs: int = 1,
    who_passed: bool = False,
    reach: Reach | None = None,
) -> Report:
    """Judge every resource by every rule for its type.

    `now` is what `utcNow()` means in conditions. Passed and not applicable results are counted, and kept in
    `Report.results` only with `keep_passed`: a large tenant has millions of them; with `who_passed` what passed is in
    `Report.passed`. Where `spent` is given it gets the
    seconds that each rule took, by rule id. With a `selection` only what it holds is judged, in sight of all. A rule
    that stumbles over a resource is unknown for it, and a notice says so. `overrides` are what is set for some
    resources only: what is set for all is in the rules. With several `jobs` as many processes judge, where nothing is
    timed or set for some resources; they give the same. With a `reach` only what a change can have changed is judged.
    """
    tallies: dict[str, Counter[Outcome]] = {rule.id: Counter() for rule in rules}
    kept = (Outcome.FAIL, Outcome.UNKNOWN, *((Outcome.PASS, Outcome.NOT_APPLICABLE) if keep_passed else ()))
    scoped = Scoped(overrides, overrides.scoped(rules)) if overrides else None
    world = World(inventory, facts, now.isoformat(), kept, selection, scoped, who_passed=who_passed)
    pairs = _pairs(rules, inventory, reach)
    if jobs > 1 and spent is None and not scoped:
        shares = judge_together(list(pairs), world, jobs, advance, rules)
    else:
        shares = [judge(pairs, world, advance=advance, spent=spent)]
    managed = Managed(inventory)
    passed: dict[str, list[Subject]] = {}
    for share in shares:
        managed.add(share.left_out)
        for rule_id, counts in share.tallies.items():
            tallies[rule_id].update(counts)
        for rule_id, subjects in share.passed.items():
            passed.setdefault(rule_id, []).extend(subjects)
    results = [result for share in shares for result in share.results]
    stumbles = sorted(stumble for share in shares for stumble in share.stumbles)
    for result in unread(rules, inventory, now.isoformat(), selection):
        tallies[result.rule.id][Outcome.UNKNOWN] += 1
        results.append(result)
    results = _ordered(results)
    return Report(
        tool_version=__version__,
        scan=scan,
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        results=tuple(results),
        gaps=relevant_gaps(rules, inventory, selection),
        summary=summarise(tallies, rules, results),
        tallies=tallies,
        passed=passed,
        notices=(*notices, *facts.notices, *managed.notices, *_stumbled(stumbles)),
    )


def _ordered(results: Iterable[Result]) -> list[Result]:
    """In the order of `Result.order`, without all keys at once: of a large tenant they are hundreds of megabytes."""
    groups: dict[tuple[int, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.severity.rank, result.rule.id), []).append(result)
    return [one for place in sorted(groups) for one in sorted(groups.pop(place), key=lambda result: result.order)]


def judged_count(rules: Sequence[Rule], inventory: Inventory) -> int:
    """How many resources some rule judges: what `advance` adds up to."""
    types = {ids.type_key(name) for rule in rules for name in rule.resource}
    types |= set(inventory.types) if any(not rule.resource for rule in rules) else set()
    return sum(len(inventory.of_type(name)) for name in types)


def relevant_gaps(rules: Iterable[Rule], inventory: Inventory, selection: Selection | None = None) -> tuple[Gap, ...]:
    """The gaps that some rule could run into: what other rules need is not missed by these.

    First the reads that did not succeed, in their order, then kinds that were not read at all, by name.
    """
    wanted: set[str] = set()
    every = False
    for rule in rules:
        every = every or not rule.resource  # it judges every type there is
        wanted |= rule.needs.types | needs_of(rule.needs.facts, rule.needs.types)
    wanted = {ids.type_key(name) for name in wanted}
    wanted |= {parent for name in wanted if (parent := embedding_parent(name))}
    # Changes are read only where somebody asked for them: that they could not be is worth knowing whatever the rules.
    asked = wanted | {CHANGES_KEY}
    failed = [gap for gap in inventory.gaps if every or ids.type_key(gap.type) in asked]
    met = {ids.type_key(gap.type) for gap in inventory.gaps}
    lacking = [
        gap for name in sorted(wanted - met) if not embedding_parent(name) and (gap := inventory.gap(name, None))
    ]
    return tuple(dict.fromkeys(gap for gap in (*failed, *lacking) if not selection or selection.touches(gap)))


def summarise(
    tallies: Mapping[str, Mapping[Outcome, int]], rules: Iterable[Rule], results: Iterable[Result]
) -> Summary:
    """Counts over all rules; failures, which `results` has all of, by their severity."""
    fail: Counter[Severity] = Counter(dict.fromkeys(Severity, 0))
    fail.update(result.severity for result in results if result.outcome is Outcome.FAIL)
    total: Counter[Outcome] = Counter()
    for rule in rules:
        total.update(tallies[rule.id])
    return Summary(
        fail=dict(fail),
        passed=total[Outcome.PASS],
        unknown=total[Outcome.UNKNOWN],
        exempt=total[Outcome.EXEMPT],
        not_applicable=total[Outcome.NOT_APPLICABLE],
    )


def _pairs(
    rules: Sequence[Rule], inventory: Inventory, reach: Reach | None
) -> Iterator[tuple[Resource, Sequence[Rule]]]:
    """Each resource that some rule judges, with those rules."""
    by_type: dict[str, list[Rule]] = {}
    for rule in rules:
        for resource_type in dict.fromkeys(map(ids.type_key, rule.resource)) or inventory.types:
            by_type.setdefault(resource_type, []).append(rule)
    for resource_type in sorted(by_type):
        for resource in inventory.of_type(resource_type):
            if reach is None:
                yield resource, by_type[resource_type]
            elif wanted := reach.rules_for(resource, by_type[resource_type]):
                yield resource, wanted


def _stumbled(stumbles: Sequence[Stumbled]) -> Iterator[str]:
    places: dict[str, list[str]] = {}
    for rule, _, _, place in stumbles:
        places.setdefault(rule, []).append(place)
    for rule, found in sorted(places.items()):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield f"{rule} is unknown for what it cannot understand: {found[0]}{more}"
