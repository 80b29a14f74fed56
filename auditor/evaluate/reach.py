"""What a change to an inventory can have changed of the verdicts: all else need not be judged again.

A verdict depends on the body that is judged, and on the objects of the types that its rule says it needs. Where none of
these types was touched every verdict of the rule is the same before and after; a rule that reads nothing but the judged
body says something new only of bodies that were touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.facts.registry import FactFamily, family, family_names
from auditor.inventory import ids
from auditor.inventory.coverage import embedding_parent
from auditor.inventory.inventory import Inventory
from auditor.inventory.managed import ManagedGroups
from auditor.inventory.model import Resource
from auditor.rules.model import Rule

_SCOPES = frozenset({ids.type_key(ids.SUBSCRIPTION_TYPE), ids.type_key(ids.RESOURCE_GROUP_TYPE)})
_ROLES = "microsoft.authorization/roleassignments"
_USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities"
_RELATIONS = frozenset({"related", "child", "referencing", "matching"})


@dataclass(frozen=True, slots=True)
class Reach:
    """The objects that differ between two inventories."""

    touched: frozenset[str]
    """Keys of what is there in one of them only, or with another body."""
    types: frozenset[str]
    """Type keys of these, and those of which not as much is known of one inventory as of the other."""
    identities: bool = False
    """Whether a managed identity came or went with one of them: of whatever type it is, roles can be its."""
    _concerned: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)
    _local: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def rules_for(self, resource: Resource, rules: Sequence[Rule]) -> Sequence[Rule]:
        """Those of a resource's rules whose verdict on it the change can have changed."""
        if resource.key in self.touched:
            return [rule for rule in rules if self.concerns(rule)]
        return [rule for rule in rules if self.concerns(rule) and not self._is_local(rule)]

    def concerns(self, rule: Rule) -> bool:
        """Whether the change can have changed any verdict of a rule."""
        found = self._concerned.get(rule.id)
        if found is None:
            found = bool(self.types) and (not _is_own(rule) or self._touches(rule))
            self._concerned[rule.id] = found
        return found

    def keeps(self, family: FactFamily) -> bool:
        """Whether a family says the same of every resource before and after."""
        if self.types and (family.of_everything or (self.identities and _ROLES in family.needs)):
            return False
        return self.types.isdisjoint(_with_parents(family.types | family.needs))

    def _touches(self, rule: Rule) -> bool:
        own = rule.needs.types.union(map(ids.type_key, rule.resource))
        if not self.types.isdisjoint(_with_parents(own)):
            return True
        return not all(self.keeps(family(name)) for name in rule.needs.facts & set(family_names()))

    def _is_local(self, rule: Rule) -> bool:
        found = self._local.get(rule.id)
        if found is None:
            found = self._local[rule.id] = _is_own(rule) and not rule.needs.facts and not _relates(rule.definition)
        return found


def reach_of(before: Inventory, after: Inventory, types: Iterable[str]) -> Reach | None:
    """What differs; None where it can reach everything: a group or a subscription is another one now, or a new one.

    `types` are those that the rules need: code can be silent on whether there are more of one.
    """
    touched: set[str] = set()
    same: set[str] = set()
    for key in before.by_key.keys() | after.by_key.keys():
        old, new = before.by_key.get(key), after.by_key.get(key)
        if old is new or key in same:
            continue
        if old is None or new is None or not _is_same(old, new):
            touched.add(key)
    kinds = {key: (after.by_key.get(key) or before.by_key[key]).type_key for key in touched}
    if any(kind in _SCOPES and key in before.by_key for key, kind in kinds.items()):
        return None
    if ManagedGroups(before) != ManagedGroups(after) or _subscriptions(before) != _subscriptions(after):
        return None
    identities = any(_identity(before, key) != _identity(after, key) for key in touched)
    blurred = {kind for kind in map(ids.type_key, types) if before.gap(kind, None) != after.gap(kind, None)}
    return Reach(frozenset(touched), frozenset(kinds.values()) | blurred, identities)


def _subscriptions(inventory: Inventory) -> frozenset[str]:
    return frozenset(one.subscription_id for one in inventory)


def _identity(inventory: Inventory, key: str) -> Any:
    found = inventory.by_key.get(key)
    if found is None:
        return None
    return found.body if found.type_key == _USER_ASSIGNED else found.body.get("identity")


def _is_same(old: Resource, new: Resource) -> bool:
    return old.body == new.body and old.unread == new.unread and old.partial == new.partial


def _is_own(rule: Rule) -> bool:
    """Whether it is a rule of this program's language, which says what it needs, and over named types."""
    return bool(rule.resource) and "fail_if" in rule.definition


def _with_parents(types: frozenset[str]) -> frozenset[str]:
    """The types, with those whose bodies hold some of them."""
    return types | {parent for kind in types if (parent := embedding_parent(kind))}


def _relates(node: Any) -> bool:
    if isinstance(node, dict):
        return not _RELATIONS.isdisjoint(node) or any(
            _relates(inner) for key, inner in node.items() if key != "examples"
        )
    return isinstance(node, list) and any(map(_relates, node))
