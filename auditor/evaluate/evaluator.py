"""Rules judged over an inventory."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from auditor import __version__
from auditor.evaluate.commands import command_for
from auditor.evaluate.grounds import with_grounds
from auditor.evaluate.managed import Managed
from auditor.evaluate.model import Outcome, Report, Result, Scan, Subject, Summary, fingerprint
from auditor.evaluate.unread import unread
from auditor.evaluate.wording import fill
from auditor.facts.registry import needs_of
from auditor.inventory import ids
from auditor.inventory.coverage import embedding_parent
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.inventory.selection import Selection, tags_of
from auditor.inventory.stumbles import Stumble, attempt
from auditor.rules.conditions import CompiledCondition
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.generated import Judge, generate
from auditor.rules.model import Context, Facts, Rule, Severity, Truth, Unknown
from auditor.rules.overrides import Overrides

Advance = Callable[[int], None]
"""Told how many resources were judged since the last call."""


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
) -> Report:
    """Judge every resource by every rule for its type.

    `now` is what `utcNow()` means in conditions. Passed and not applicable results are counted, and kept in
    `Report.results` only with `keep_passed`: a large tenant has millions of them. What passed is in
    `Report.passed`. Where `spent` is given it gets the seconds that each rule took, by rule id. With a `selection`
    only what it holds is judged, in sight of all. A rule that stumbles over a resource is unknown for it, and a
    notice says so. `overrides` are what is set for some resources only: what is set for all is in the rules.
    """
    judge = _judge if spent is None else _timed(spent)
    tallies: dict[str, Counter[Outcome]] = {rule.id: Counter() for rule in rules}
    kept = (Outcome.FAIL, Outcome.UNKNOWN, *((Outcome.PASS, Outcome.NOT_APPLICABLE) if keep_passed else ()))
    good = Outcome.PASS
    told_of = frozenset((*kept, good))
    passed: dict[str, list[Subject]] = {rule.id: [] for rule in rules}
    results: list[Result] = []
    stumbles: dict[str, list[str]] = {}
    managed = Managed(inventory)
    batches = _Batches(inventory) if spent is None else None
    scoped = overrides.scoped(rules) if overrides else {}
    for resource, applicable in _pairs(rules, inventory):
        if selection and not selection.holds(resource, inventory):
            continue
        shared = Context(resource, inventory, facts, {}, now.isoformat())
        subject: Subject | None = None
        answers: Mapping[str, tuple[Outcome, Truth]] = {}
        if batches:
            answers = batches.judge(resource, applicable, shared)
        for base in applicable:
            rule = base
            if overrides and base.id in scoped:
                shown = Subject.of_resource(resource).name
                rule = overrides.at(base, scoped[base.id], resource.id, shown, inventory)
            context = (
                shared if not rule.parameters else Context(resource, inventory, facts, rule.parameters, shared.now)
            )
            answered = answers.get(rule.id) if rule.fail_if is base.fail_if else None
            judged = answered if answered is not None else attempt(judge, rule, context)
            if isinstance(judged, Stumble):
                stumbles.setdefault(rule.id, []).append(f"{resource.id} ({judged})")
                judged = Outcome.UNKNOWN, Unknown((), f"its body cannot be understood: {judged}")
            outcome, truth = judged
            outcome = managed.outcome(rule, resource, outcome)
            tallies[rule.id][outcome] += 1
            if outcome not in told_of:
                continue
            if subject is None:
                subject = _subject(resource, inventory)
            if outcome is good:
                passed[rule.id].append(subject)
            if outcome in kept:
                told = attempt(_result, rule, outcome, truth, context, subject)
                results.append(_bare_result(rule, outcome, truth, subject) if isinstance(told, Stumble) else told)
        if advance:
            advance(1)
    for result in unread(rules, inventory, now.isoformat(), selection):
        tallies[result.rule.id][Outcome.UNKNOWN] += 1
        results.append(result)
    results.sort(key=lambda result: result.order)
    return Report(
        tool_version=__version__,
        scan=scan,
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        results=tuple(results),
        gaps=relevant_gaps(rules, inventory, selection),
        summary=summarise(tallies, rules, results),
        tallies=tallies,
        notices=(*notices, *facts.notices, *managed.notices, *_stumbled(stumbles)),
        passed=passed,
    )


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
    failed = [gap for gap in inventory.gaps if every or ids.type_key(gap.type) in wanted]
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


def _pairs(rules: Sequence[Rule], inventory: Inventory) -> Iterator[tuple[Resource, Sequence[Rule]]]:
    """Each resource that some rule judges, with those rules."""
    by_type: dict[str, list[Rule]] = {}
    for rule in rules:
        for resource_type in dict.fromkeys(map(ids.type_key, rule.resource)) or inventory.types:
            by_type.setdefault(resource_type, []).append(rule)
    for resource_type in sorted(by_type):
        for resource in inventory.of_type(resource_type):
            yield resource, by_type[resource_type]


def _judge(rule: Rule, context: Context) -> tuple[Outcome, Truth]:
    """The outcome, and the truth value that decided it."""
    applies: Truth = rule.when.evaluate(context) if rule.when else True
    if applies is False:
        return Outcome.NOT_APPLICABLE, applies
    return _decided(applies, rule.fail_if.evaluate(context))


def _decided(applies: Truth, fails: Truth) -> tuple[Outcome, Truth]:
    if fails is False:  # decided from what was read: it cannot fail, even where it is unknown whether it applies
        return Outcome.PASS, fails
    if applies is not True:
        return Outcome.UNKNOWN, applies
    return (Outcome.FAIL, fails) if fails is True else (Outcome.UNKNOWN, fails)


GENERATED_FROM = 50
"""Resources of a type from which on it pays to turn the conditions over it into code."""


class _Batches:
    """Rules of one type judged together by generated code, where there are many resources of it."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._by_type: dict[str, tuple[Judge, list[str]] | None] = {}

    def judge(self, resource: Resource, rules: Sequence[Rule], context: Context) -> Mapping[str, tuple[Outcome, Truth]]:
        """Outcomes by rule id; of rules that are not here, and where code stumbles, nothing."""
        kind = resource.type_key
        if kind not in self._by_type:
            worth_it = len(self._inventory.of_type(kind)) >= GENERATED_FROM
            self._by_type[kind] = _batch(rules) if worth_it else None
        batch = self._by_type[kind]
        if batch is None:
            return {}
        answers = attempt(batch[0], context, Frame(context, resource))
        if answers is None or isinstance(answers, Stumble):
            return {}
        return {
            rule_id: (Outcome.NOT_APPLICABLE, applies) if applies is False else _decided(applies, fails)
            for rule_id, (applies, fails) in zip(batch[1], answers, strict=True)
        }


def _batch(rules: Sequence[Rule]) -> tuple[Judge, list[str]] | None:
    pairs: list[tuple[CompiledCondition | None, CompiledCondition]] = []
    names: list[str] = []
    for rule in rules:
        when, fail_if = rule.when, rule.fail_if
        plain = not rule.parameters and isinstance(fail_if, CompiledCondition)
        if plain and (when is None or isinstance(when, CompiledCondition)) and isinstance(fail_if, CompiledCondition):
            pairs.append((when, fail_if))
            names.append(rule.id)
    return (generate(pairs), names) if pairs else None


def _timed(spent: dict[str, float]) -> Callable[[Rule, Context], tuple[Outcome, Truth]]:
    def judge(rule: Rule, context: Context) -> tuple[Outcome, Truth]:
        begun = time.perf_counter()
        try:
            return _judge(rule, context)
        finally:
            spent[rule.id] = spent.get(rule.id, 0.0) + time.perf_counter() - begun

    return judge


def _subject(resource: Resource, inventory: Inventory) -> Subject:
    """One for all results on a resource: a large tenant has many a resource."""
    tags = attempt(tags_of, resource, inventory)
    return Subject.of_resource(resource, None if isinstance(tags, Stumble) else tags)


def _result(rule: Rule, outcome: Outcome, truth: Truth, context: Context, subject: Subject) -> Result:
    explained = rule.when if outcome is Outcome.NOT_APPLICABLE else rule.fail_if
    gaps = truth.gaps if isinstance(truth, Unknown) else ()
    evidence = leaves = tuple(explained.explain(context)) if explained else ()
    if outcome is Outcome.UNKNOWN:
        message = f"{rule.title}: cannot be decided, {_why(truth)}"
    else:
        message = fill(rule.message, context, evidence) if outcome is Outcome.FAIL and rule.message else rule.title
    if outcome is Outcome.FAIL:
        evidence = with_grounds(evidence, context)
    return Result(
        rule=rule,
        outcome=outcome,
        subject=subject,
        message=rule.told(message),
        fingerprint=fingerprint(rule.id, subject.id),
        evidence=evidence,
        gaps=gaps,
        command=command_for(rule.remediation, context, leaves) if outcome is Outcome.FAIL else "",
    )


def _bare_result(rule: Rule, outcome: Outcome, truth: Truth, subject: Subject) -> Result:
    """A result without what explains it, where the explanation stumbles over the body."""
    message = rule.title if outcome is not Outcome.UNKNOWN else f"{rule.title}: cannot be decided, {_why(truth)}"
    return Result(rule, outcome, subject, message, fingerprint(rule.id, subject.id))


def _stumbled(stumbles: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for rule, places in sorted(stumbles.items()):
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield f"{rule} is unknown for what it cannot understand: {places[0]}{more}"


def _why(truth: Truth) -> str:
    if not isinstance(truth, Unknown):
        return "the answer is not known"
    if truth.gaps:
        gap = truth.gaps[0]
        # Of what lies outside of every read a fact says in words what it does not know.
        if gap.code == "NotCollected" and gap.message:
            return gap.message
        return f"{gap.type} in {gap.scope} was not read ({gap.code})"
    return truth.reason or "the answer is not known"
