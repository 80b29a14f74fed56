"""From findings to a plan: which fixes can be made now, which wait and for what, and the world that comes of it.

All fixes are laid over the inventory together and the two worlds are compared; what is lost is told of the fix whose
properties decide it. The world that is foreseen at the end has the free fixes alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.evaluate.difference import Kind
from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.evaluate.property_diff import value_changes
from auditor.facts.paths.graph import Attack
from auditor.facts.readable import readable
from auditor.fixes.dependants import Loss, losses
from auditor.fixes.model import Dependant, Fix, Foreseen, Plan, Setting, Standing
from auditor.fixes.world import World, owners_of
from auditor.inventory import ids
from auditor.inventory.model import Gap, Json, Resource
from auditor.rules.model import Change, Context
from auditor.rules.patching import patched

Judge = Callable[[World], Report]

_BREAKING = re.compile(r"cmk-|storage-cmk-|disk-encryption-set-(broken|gone)|app-key-vault-reference-broken")
"""Rules whose findings say that something does not work."""
_ROUNDS = 5
_STILL = "setting it does not end the finding: something else decides too"


@dataclass(slots=True)
class _Draft:
    """One fix while it is worked out."""

    subject: Subject
    changes: Sequence[Change]
    bodies: Mapping[str, Mapping[str, Json]]
    results: list[Result] = field(default_factory=list)
    settings: tuple[Setting, ...] = ()
    dependants: list[Dependant] = field(default_factory=list)
    unread: list[Gap] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    by_hand: bool = False

    @property
    def standing(self) -> Standing:
        if self.by_hand:
            return Standing.BY_HAND
        if self.dependants:
            return Standing.NOT_YET
        return Standing.UNKNOWN if self.unread else Standing.FREE

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(ids.id_key(identifier) for identifier in self.bodies)

    def done(self) -> Fix:
        dependants = tuple(dict.fromkeys(self.dependants))
        unread, remarks = tuple(dict.fromkeys(self.unread)), tuple(dict.fromkeys(self.remarks))
        results = tuple(sorted(self.results, key=lambda result: result.order))
        return Fix(self.subject, self.standing, results, self.settings, dependants, unread, remarks)


def plan_of(before: World, judge: Judge, chosen: Callable[[Result], bool]) -> Plan:
    """A plan for the chosen findings of a world. `judge` gives a world's report."""
    report = judge(before)
    drafts = _drafts(before, [result for result in report.with_outcome(Outcome.FAIL) if chosen(result)])
    _weigh(before, report, judge, [draft for draft in drafts if not draft.by_hand])
    foreseen = Foreseen()
    for _ in range(_ROUNDS):
        free = [draft for draft in drafts if draft.standing is Standing.FREE]
        after = before.with_bodies(_together(before, free))
        then = judge(after)
        foreseen = _foreseen(before, after, report, then)
        if not _held_back(free, then, foreseen):
            break
    return Plan(tuple(draft.done() for draft in sorted(drafts, key=_order)), foreseen)


def what_if(before: World, judge: Judge, wanted: Mapping[str, Sequence[Change]]) -> Plan:
    """A plan for changes that the user asks for, by the id of the resource that each is for."""
    report = judge(before)
    drafts = []
    for identifier, changes in wanted.items():
        resource = before.inventory.get(identifier)
        if resource is not None:
            drafts.append(_draft(before, Subject.of_resource(resource), resource, changes))
    _weigh(before, report, judge, drafts)
    after = before.with_bodies(_together(before, drafts))
    foreseen = _foreseen(before, after, report, judge(after))
    return Plan(tuple(draft.done() for draft in drafts), foreseen, asked=True)


def _drafts(world: World, results: Iterable[Result]) -> list[_Draft]:
    """A draft for each change that findings want; findings that want the same share one."""
    found: dict[str, _Draft] = {}
    for result in results:
        resource = world.inventory.get(result.subject.id)
        changes = result.rule.remediation.patch
        draft = _draft(world, result.subject, resource, changes) if resource is not None and changes else None
        if draft is None or not draft.bodies:
            draft = _Draft(result.subject, (), {}, by_hand=True)
            key = f"{result.rule.id} {result.subject.id.lower()}"
        else:
            key = json.dumps(sorted((ids.id_key(place), body) for place, body in draft.bodies.items()), default=str)
        found.setdefault(key, draft).results.append(result)
    return list(found.values())


def _draft(world: World, subject: Subject, resource: Resource, changes: Sequence[Change]) -> _Draft:
    bodies = patched(changes, Context(resource, world.inventory, world.facts))
    return _Draft(subject, changes, bodies, settings=tuple(_settings(world, bodies)))


def _settings(world: World, bodies: Mapping[str, Mapping[str, Json]]) -> Iterator[Setting]:
    for identifier, body in bodies.items():
        earlier = world.inventory.get(identifier)
        old: Mapping[str, Json] = earlier.body if earlier else {}
        for name in sorted({*old, *body} - {"id", "name", "type"}):
            for change in value_changes(identifier, name, old.get(name), body.get(name)):
                after = None if change.kind is Kind.REMOVED else change.after
                yield Setting(identifier, change.path, change.before, after)


def _together(world: World, drafts: Iterable[_Draft]) -> Mapping[str, Mapping[str, Json]]:
    """The bodies after all drafts."""
    over: Mapping[str, Mapping[str, Json]] = {}
    for draft in drafts:
        resource = world.inventory.get(draft.subject.id)
        if resource is not None:
            over = patched(draft.changes, Context(resource, world.inventory, world.facts), over)
    return over


def _weigh(before: World, report: Report, judge: Judge, drafts: Sequence[_Draft]) -> None:
    """Tell each draft who depends on what it takes away."""
    after = before.with_bodies(_together(before, drafts))
    for key, loss in losses(before, after):
        for draft in _concerned(key, loss, drafts):
            draft.dependants += loss.dependants
            draft.unread += loss.unread
            draft.remarks += loss.remarks
    known = {result.fingerprint for result in report.with_outcome(Outcome.FAIL)}
    for result in judge(after).with_outcome(Outcome.FAIL):
        if result.fingerprint not in known and _BREAKING.match(result.rule.id):
            _blame(result, drafts)


def _concerned(key: str, loss: Loss, drafts: Sequence[_Draft]) -> list[_Draft]:
    """The drafts by whose change a loss comes."""
    near = [draft for draft in drafts if any(key in owners_of(one) or one in owners_of(key) for one in draft.touched)]
    by_path = [draft for draft in near if any(_decides(one.path, loss.paths) for one in draft.changes)]
    others = [draft for draft in drafts if _touches(draft, loss.touching)]
    return list({id(draft): draft for draft in [*(by_path or ([] if others else near)), *others]}.values())


def _decides(path: str, deciding: Iterable[str]) -> bool:
    lowered = path.lower()
    return any(lowered == one or one.startswith(f"{lowered}.") or lowered.startswith(f"{one}.") for one in deciding)


def _touches(draft: _Draft, keys: frozenset[str]) -> bool:
    if "*network*" in keys and any("/microsoft.network/" in one for one in draft.touched):
        return True
    return any(key in owners_of(one) or one in owners_of(key) for one in draft.touched for key in keys)


def _blame(result: Result, drafts: Iterable[_Draft]) -> bool:
    """Hold back the drafts that a new break names; gives whether there were any."""
    told = " ".join([result.subject.id, result.message, *(f"{line.path} {line.actual}" for line in result.evidence)])
    blamed = False
    for draft in drafts:
        names = {one.rpartition("/")[2] for one in draft.touched} | {draft.subject.name.lower()}
        if any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", told.lower()) for name in names if name):
            text = f"it breaks {result.subject.name}: {result.message}"
            draft.dependants.append(Dependant(result.subject.name, result.subject.id, text, ("mend that first",)))
            blamed = True
    return blamed


def _held_back(free: Sequence[_Draft], then: Report, foreseen: Foreseen) -> bool:
    """Whether free drafts turn out not to be: they break something, or do not mend what they are for."""
    changed = False
    for result in foreseen.new:
        if _BREAKING.match(result.rule.id):
            changed |= _blame(result, free)
    still = {result.fingerprint for result in then.with_outcome(Outcome.FAIL)}
    for draft in free:
        if draft.standing is Standing.FREE and all(result.fingerprint in still for result in draft.results):
            draft.by_hand, changed = True, True
            draft.remarks.append(_STILL)
    return changed


def _foreseen(before: World, after: World, report: Report, then: Report) -> Foreseen:
    old = {result.fingerprint: result for result in report.with_outcome(Outcome.FAIL)}
    new = {result.fingerprint: result for result in then.with_outcome(Outcome.FAIL)}
    ways, left = _ways(before), _ways(after)
    return Foreseen(
        gone=tuple(result for key, result in old.items() if key not in new),
        new=tuple(result for key, result in new.items() if key not in old),
        paths_before=len(ways),
        paths_after=len(left),
        cut=tuple(way for way in ways if way not in set(left)),
    )


def _ways(world: World) -> list[str]:
    """Attack paths from the internet, in short."""
    paths = Attack.of(readable(world.inventory)[0]).from_internet().paths
    return list(dict.fromkeys(path.short for path in paths if path.certain))


_PLACES = {Standing.FREE: 0, Standing.NOT_YET: 1, Standing.UNKNOWN: 2, Standing.BY_HAND: 3}


def _order(draft: _Draft) -> tuple[int, int, int, str, str]:
    """Free ones first; the worst and those that mend most first."""
    worst = min((result.severity.rank for result in draft.results), default=0)
    rule = draft.results[0].rule.id if draft.results else ""
    return _PLACES[draft.standing], worst, -len(draft.results), draft.subject.id.lower(), rule
