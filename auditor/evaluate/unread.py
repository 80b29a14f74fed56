"""Results for what a rule would have judged and nobody read: children that a parent may or must have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.evaluate.model import Outcome, Result, Subject, fingerprint
from auditor.inventory import ids
from auditor.inventory.coverage import embedding_parent
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.inventory.selection import Selection
from auditor.inventory.standing import STANDING
from auditor.inventory.stumbles import attempt
from auditor.rules.model import Context, Rule

_ROOTS = (
    *("id", "name", "properties", "kind", "sku", "identity", "tags", "location", "zones", "plan"),
    *("managedby", "extendedlocation", "systemdata", "etag"),
)
"""Top-level keys of a body, lower-cased."""
_UNNAMED = "?"


@dataclass(frozen=True, slots=True)
class _Missing:
    """Children of one kind that were not read below a parent."""

    parent: Resource
    """The closest resource above them that was read."""
    name: str
    """Of the one child that must exist; "" where there may be some, whatever their names."""
    gap: Gap


def unread(
    rules: Sequence[Rule], inventory: Inventory, now: str, selection: Selection | None = None
) -> Iterator[Result]:
    """Unknown results for what the rules judge and nobody read: by scope, and by the parent of unread children.

    `now` is what `utcNow()` means in conditions; with a `selection` only what it holds is told.
    """
    yield from _unread_scopes(rules, inventory, selection)
    for result in _unread_children(rules, inventory, now):
        # A damaged snapshot may name a resource otherwise than its body does.
        parent = inventory.get(result.subject.id)
        if not selection or (parent and selection.holds(parent, inventory)):
            yield result


def _unread_scopes(rules: Sequence[Rule], inventory: Inventory, selection: Selection | None) -> Iterator[Result]:
    """One unknown result for each rule and each scope in which resources of its type could not be read."""
    by_type: dict[str, dict[str, Gap]] = {}
    for gap in inventory.gaps:
        if selection and not selection.touches(gap):
            continue
        by_type.setdefault(ids.type_key(gap.type), {}).setdefault(ids.id_key(gap.scope), gap)
    for rule in rules:
        behind: dict[str, Gap] = {}
        for wanted in map(ids.type_key, rule.resource):
            behind.update(by_type.get(wanted) or by_type.get(embedding_parent(wanted) or "", {}))
        for scope, gap in behind.items():
            itself = inventory.by_key.get(scope)
            if itself is not None and itself.unread and itself.type_key == ids.type_key(gap.type):
                continue  # it is known to exist and judged with what was not read of it
            yield Result(
                rule=rule,
                outcome=Outcome.UNKNOWN,
                subject=Subject.of_gap(gap),
                message=f"{rule.title}: cannot be decided, {gap.type} in {gap.scope} was not read ({gap.code})",
                fingerprint=fingerprint(rule.id, gap.scope),
                gaps=(gap,),
            )


def _unread_children(rules: Sequence[Rule], inventory: Inventory, now: str) -> Iterator[Result]:
    """One unknown result for each rule over children and each parent whose children of that kind were not read.

    A rule that judges the parent too, or another kind of children closer to it, has its answer there. Gaps that
    `_unread_scopes` tells are not told again.
    """
    search = _Search(inventory)
    for rule in rules:
        if not any(kind.count("/") > 1 for kind in rule.resource):
            continue
        told: set[str] = set()
        for kind in rule.resource:
            for missing in search.missing(ids.type_key(kind)):
                parent = missing.parent
                if parent.key in told or _answered_closer(rule, kind, parent):
                    continue
                if _applies(rule, kind, missing, inventory, now):
                    told.add(parent.key)
                    yield _result(rule, kind, missing)


def _result(rule: Rule, kind: str, missing: _Missing) -> Result:
    parent, gap = missing.parent, missing.gap
    what = f"{kind} {missing.name}" if missing.name else kind
    return Result(
        rule=rule,
        outcome=Outcome.UNKNOWN,
        subject=Subject.of_resource(parent),
        message=f"{rule.title}: cannot be decided, {what} of {parent.name} was not read ({gap.code})",
        fingerprint=fingerprint(rule.id, parent.id),
        gaps=(gap,),
    )


def _answered_closer(rule: Rule, kind: str, parent: Resource) -> bool:
    above = ids.type_key(kind).rpartition("/")[0]
    for other in map(ids.type_key, rule.resource):
        if other == parent.type_key or (above != parent.type_key and other.rpartition("/")[0] == parent.type_key):
            return True
    return False


def _applies(rule: Rule, kind: str, missing: _Missing, inventory: Inventory, now: str) -> bool:
    """False where it is known, without having read the child, that the rule does not apply to it."""
    if rule.when is None:
        return True
    needs, above = rule.when.needs, ids.type_key(kind)
    if needs.facts or not all(above == other or above.startswith(other + "/") for other in needs.types):
        return True  # facts and relations know nothing of an object that was not read
    child = _stand_in(kind, missing)
    context = Context(child, inventory, parameters=rule.parameters, now=now)
    return attempt(rule.when.evaluate, context) is not False


def _stand_in(kind: str, missing: _Missing) -> Resource:
    """The child as far as it is known."""
    parent = missing.parent
    below = kind.split("/")[parent.type_key.count("/") + 1 :]
    name = missing.name or _UNNAMED
    path = "".join(f"/{segment}/{_UNNAMED}" for segment in below[:-1]) + f"/{below[-1]}/{name}"
    known = ("id", "name") if missing.name and len(below) == 1 else ()
    unread = {root: missing.gap for root in _ROOTS if root not in known}
    return Resource.from_body({"id": parent.id + path, "name": name, "type": kind}, unread=unread)


class _Search:
    """Parents whose children were not read, worked out once a kind."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._told = frozenset(inventory.gaps)
        self._known: dict[str, tuple[_Missing, ...]] = {}

    def missing(self, kind: str) -> tuple[_Missing, ...]:
        """By parent: the children of this kind (a type key) that were not read."""
        if kind not in self._known:
            self._known[kind] = tuple(self._missing(kind)) if kind.count("/") > 1 else ()
        return self._known[kind]

    def _missing(self, kind: str) -> Iterator[_Missing]:
        standing = STANDING.get(kind)
        if standing is None and self._inventory.gap(kind, None) is None:
            return
        for parent in self._parents(kind):
            direct = kind.rpartition("/")[0] == parent.type_key
            if standing is None or not direct:
                yield from self._any(kind, parent)
            elif standing.below(parent):
                yield from self._each(kind, parent, standing.names)

    def _any(self, kind: str, parent: Resource) -> Iterator[_Missing]:
        gap = self._inventory.gap(kind, parent.id)
        if gap and gap not in self._told and not self._has(parent, kind):
            yield _Missing(parent, "", gap)

    def _each(self, kind: str, parent: Resource, names: Sequence[str]) -> Iterator[_Missing]:
        segment = kind.rpartition("/")[2]
        for name in names:
            child = f"{parent.key}/{segment}/{name}"
            if child not in self._inventory.by_key:
                gap = self._inventory.gap(kind, child)
                if gap and gap not in self._told:
                    yield _Missing(parent, name, gap)

    def _parents(self, kind: str) -> Iterator[Resource]:
        """The closest resources above objects of a kind: also those further up whose own children were not read."""
        above = kind.rpartition("/")[0]
        yield from self._inventory.of_type(above)
        if above.count("/") > 1:
            for parent in self._parents(above):
                if not self._has(parent, above) and self._inventory.gap(above, parent.id):
                    yield parent

    def _has(self, parent: Resource, kind: str) -> bool:
        return bool(self._inventory.children(parent, kind[len(parent.type_key) + 1 :]))
