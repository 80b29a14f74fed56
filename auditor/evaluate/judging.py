"""A share of the resources judged by the rules of their types."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.evaluate.commands import command_for
from auditor.evaluate.compact import Compact
from auditor.evaluate.grounds import with_grounds
from auditor.evaluate.managed import Managed
from auditor.evaluate.model import Outcome, Result, Subject, fingerprint
from auditor.evaluate.wording import fill
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.inventory.selection import Selection, tags_of
from auditor.inventory.stumbles import Stumble, attempt
from auditor.rules.conditions import CompiledCondition
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.generated import Judge, generate
from auditor.rules.model import Context, Facts, Rule, Truth, Unknown
from auditor.rules.overrides import Overrides

Advance = Callable[[int], None]
"""Told how many resources were judged since the last call."""
Pair = tuple[Resource, Sequence[Rule]]
"""A resource, and the rules for its type."""
Stumbled = tuple[str, str, str, str]
"""A rule, the type and key of a resource that it cannot understand, and its id with the reason."""


@dataclass(frozen=True, slots=True)
class Scoped:
    """What is set in rules for some resources only."""

    overrides: Overrides
    by_rule: Mapping[str, Sequence[int]]
    """The entries that are about a rule, by its id."""

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.by_rule)

    def rule_at(self, rule: Rule, resource: Resource, inventory: Inventory) -> Rule:
        """The rule as it is for a resource."""
        if rule.id not in self.by_rule:
            return rule
        shown = Subject.of_resource(resource).name
        return self.overrides.at(rule, self.by_rule[rule.id], resource.id, shown, inventory)


@dataclass(frozen=True, slots=True)
class World:
    """What resources are judged in sight of."""

    inventory: Inventory
    facts: Facts
    now: str
    """What `utcNow()` means in conditions."""
    kept: tuple[Outcome, ...]
    """Outcomes whose results are listed; others are counted."""
    selection: Selection | None = None
    scoped: Scoped | None = None
    who_passed: bool = False
    """Whether it is told what passed each rule."""


@dataclass(slots=True)
class Judged:
    """What judging a share found."""

    results: list[Result] = field(default_factory=list)
    tallies: dict[str, Counter[Outcome]] = field(default_factory=dict)
    """Counts by rule id and outcome, those of results that are not listed included."""
    passed: dict[str, list[Subject]] = field(default_factory=dict)
    """What passed, by rule id, where that is asked for."""
    stumbles: list[Stumbled] = field(default_factory=list)
    left_out: list[tuple[str, str, int]] = field(default_factory=list)
    """Findings set aside because a service keeps the resource; see `Managed.left_out`."""


def judge(
    pairs: Iterable[Pair], world: World, *, advance: Advance | None = None, spent: dict[str, float] | None = None
) -> Judged:
    """Judge each resource by its rules; where `spent` is given it gets the seconds that each rule took."""
    judge_one = _judge if spent is None else _timed(spent)
    found, compact = Judged(), Compact()
    inventory = world.inventory
    managed = Managed(inventory)
    batches = _Batches(inventory) if spent is None else None
    subjects: dict[str, Subject] = {}
    for resource, applicable in pairs:
        if world.selection and not world.selection.holds(resource, inventory):
            continue
        shared = Context(resource, inventory, world.facts, {}, world.now)
        answers: Mapping[str, tuple[Outcome, Truth]] = {}
        if batches:
            answers = batches.judge(resource, applicable, shared)
        for base in applicable:
            rule = world.scoped.rule_at(base, resource, inventory) if world.scoped else base
            if world.scoped and world.scoped.overrides.leaves_out(rule):
                continue
            context = (
                shared if not rule.parameters else Context(resource, inventory, world.facts, rule.parameters, world.now)
            )
            answered = answers.get(rule.id) if rule.fail_if is base.fail_if else None
            judged = answered if answered is not None else attempt(judge_one, rule, context)
            if isinstance(judged, Stumble):
                found.stumbles.append((rule.id, resource.type_key, resource.key, f"{resource.id} ({judged})"))
                judged = Outcome.UNKNOWN, Unknown((), f"its body cannot be understood: {judged}")
            outcome, truth = judged
            outcome = managed.outcome(rule, resource, outcome)
            counts = found.tallies.get(rule.id)
            if counts is None:
                counts = found.tallies[rule.id] = Counter()
            counts[outcome] += 1
            if world.who_passed and outcome is Outcome.PASS:
                found.passed.setdefault(rule.id, []).append(_subject(resource, inventory, subjects))
            if outcome in world.kept:
                told = attempt(_result, rule, outcome, truth, context, subjects)
                result = _bare_result(rule, outcome, truth, context) if isinstance(told, Stumble) else told
                found.results.append(compact.kept(result))
        if advance:
            advance(1)
    found.left_out = managed.left_out
    return found


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


def _result(rule: Rule, outcome: Outcome, truth: Truth, context: Context, subjects: dict[str, Subject]) -> Result:
    explained = rule.when if outcome is Outcome.NOT_APPLICABLE else rule.fail_if
    gaps = truth.gaps if isinstance(truth, Unknown) else ()
    evidence = leaves = tuple(explained.explain(context)) if explained else ()
    if outcome is Outcome.UNKNOWN:
        message = f"{rule.title}: cannot be decided, {_why(truth)}"
    else:
        message = fill(rule.message, context, evidence) if outcome is Outcome.FAIL and rule.message else rule.title
    if outcome is Outcome.FAIL:
        evidence = with_grounds(evidence, context)
    resource = context.resource
    return Result(
        rule=rule,
        outcome=outcome,
        subject=_subject(resource, context.inventory, subjects),
        message=rule.told(message),
        fingerprint=fingerprint(rule.id, resource.id),
        evidence=evidence,
        gaps=gaps,
        command=command_for(rule.remediation, context, leaves) if outcome is Outcome.FAIL else "",
    )


def _subject(resource: Resource, inventory: Inventory, subjects: dict[str, Subject]) -> Subject:
    """One subject a resource: all results on it share it."""
    subject = subjects.get(resource.key)
    if subject is None:
        subject = subjects[resource.key] = Subject.of_resource(resource, tags_of(resource, inventory))
    return subject


def _bare_result(rule: Rule, outcome: Outcome, truth: Truth, context: Context) -> Result:
    """A result without what explains it, where the explanation stumbles over the body."""
    message = rule.title if outcome is not Outcome.UNKNOWN else f"{rule.title}: cannot be decided, {_why(truth)}"
    mark = fingerprint(rule.id, context.resource.id)
    return Result(rule, outcome, Subject.of_resource(context.resource), message, mark)


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
