"""Security admin rules of Azure Virtual Network Manager: which apply to a virtual network, in which order.

Resource Graph's table `networkresources` says for each virtual network which security admin configurations are in force
(`<network>/providers/Microsoft.Network/effectiveSecurityAdminRules/default`) and of which network groups it is a member
(`.../networkGroupMemberships/default`); a configuration's rule collections name the groups they apply to. A deployed
rule is a numbered snapshot of the rule, so an edit that is not deployed yet changes nothing; which snapshots are in
force in a region is in the manager's regional goal state:
https://learn.microsoft.com/azure/virtual-network-manager/query-azure-resource-graph and
https://learn.microsoft.com/azure/virtual-network-manager/how-to-view-applied-configurations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from auditor.facts.network.addresses import Interval, merge
from auditor.facts.network.bodies import items, name_of, text, value
from auditor.facts.network.security_rules import SecurityRule, admin_rules_of
from auditor.facts.network.space import Spaces
from auditor.facts.readable import is_of_one
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource

MANAGER = "microsoft.network/networkmanagers"
EFFECTIVE = "microsoft.network/effectivesecurityadminrules"
MEMBERSHIP = "microsoft.network/networkgroupmemberships"
CONFIGURATION = f"{MANAGER}/securityadminconfigurations"
COLLECTION = f"{CONFIGURATION}/rulecollections"
RULE = f"{COLLECTION}/rules"
COLLECTION_SNAPSHOT = f"{COLLECTION}/snapshots"
RULE_SNAPSHOT = f"{RULE}/snapshots"
GOAL = f"{MANAGER}/securityadminregionalgoalstates"
NEEDS = frozenset(
    (MANAGER, EFFECTIVE, MEMBERSHIP, CONFIGURATION, COLLECTION, RULE, COLLECTION_SNAPSHOT, RULE_SNAPSHOT, GOAL)
)

AdminRules = tuple[SecurityRule, ...]


class Administration:
    """The security admin rules of an inventory."""

    def __init__(self, inventory: Inventory, spaces: Spaces) -> None:
        self._inventory = inventory
        self._spaces = spaces
        self._by_network: dict[str, AdminRules | Gap] = {}

    def rules(self, network: str) -> AdminRules | Gap:
        """The rules that a virtual network's traffic meets first, in order; why they are not known."""
        if network not in self._by_network:
            self._by_network[network] = self._find(network)
        return self._by_network[network]

    def _find(self, network: str) -> AdminRules | Gap:
        effective = self._inventory.get(f"{network}/providers/{EFFECTIVE}/default")
        if effective is None:
            return self._gap(EFFECTIVE, network) or ()
        if gap := effective.unread.get("properties"):
            return gap
        configurations = _configurations(effective)
        order = self._order(network, sorted({_manager_of(key) for key in configurations}))
        if isinstance(order, Gap):
            return order
        found: list[SecurityRule] = []
        for manager in order:
            rules = self._of_manager(network, [key for key in configurations if _manager_of(key) == manager])
            if isinstance(rules, Gap):
                return rules
            found += rules
        return tuple(sorted(found, key=lambda rule: rule.inbound))

    def _gap(self, kind: str, scope: str) -> Gap | None:
        """Why what a manager applies may be missing.

        An export that has nothing of network managers is taken as one of a tenant without them: `resources` lists the
        managers, while what they apply is in another table. One that has a manager and not what it applies is not.
        """
        gap = self._inventory.gap(kind, scope)
        if gap is None or gap.code != "NotInExport" or self._inventory.of_type(MANAGER):
            return gap
        managers = self._inventory.gap(MANAGER, None)
        return gap if is_of_one(gap) or (managers and is_of_one(managers)) else None

    def _order(self, network: str, managers: list[str]) -> list[str] | Gap:
        """The managers, the one with the higher scope first: where they conflict, it wins.

        https://learn.microsoft.com/azure/virtual-network-manager/concept-network-manager-scope#hierarchy. Two managers
        over management groups cannot be told apart without the tree of groups above the subscription.
        """
        if len(managers) < 2:
            return managers
        ranks: dict[str, int] = {}
        for key in managers:
            manager = self._inventory.get(key)
            if manager is None:
                return self._inventory.gap(MANAGER, key) or _undecided(network)
            scoped = items(manager.body, "properties", "networkManagerScopes", "managementGroups")
            ranks[key] = 0 if scoped else 1
        if len(set(ranks.values())) < len(managers):
            return _undecided(network)
        return sorted(managers, key=ranks.__getitem__)

    def _of_manager(self, network: str, configurations: list[str]) -> AdminRules | Gap:
        groups = self._groups(network)
        bodies: list[Json] = []
        for configuration in configurations:
            collections = self._collections.get(configuration)
            if collections is None:
                return self._inventory.gap(COLLECTION, configuration) or _missing(COLLECTION, configuration)
            allow_only = self._allow_only(network, configuration)
            for collection, applies_to in collections.items():
                if len(collections) > 1 and isinstance(groups, Gap):
                    return groups
                if isinstance(groups, Gap) or applies_to & groups:
                    bodies += self._bodies(network, collection, allow_only=allow_only)
        return tuple(self._with_groups(rule) for rule in admin_rules_of(bodies))

    def _groups(self, network: str) -> frozenset[str] | Gap:
        membership = self._inventory.get(f"{network}/providers/{MEMBERSHIP}/default")
        if membership is None:
            gap = self._inventory.gap(MEMBERSHIP, network)
            return gap or _missing(MEMBERSHIP, network)
        return _member_of(membership)

    def _bodies(self, network: str, collection: str, *, allow_only: bool) -> Iterator[Json]:
        deployed = self._goals.get((_manager_of(collection), self._location(network)))
        for key, versions in self._rules.get(collection, {}).items():
            chosen = _version(versions, deployed)
            if chosen is not None and not (allow_only and text(chosen.body, "properties", "access") == "deny"):
                yield {**chosen.body, "id": key, "name": name_of(_base(chosen.id))}

    def _location(self, network: str) -> str:
        resource = self._inventory.get(network)
        return _region(resource.location) if resource else ""

    def _allow_only(self, network: str, configuration: str) -> bool:
        """Whether only Allow rules reach a network that holds a service with a network intent policy.

        https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins#nonapplication-of-security-admin-rules
        """
        resource = self._inventory.get(configuration)
        options = items(resource.body, "properties", "applyOnNetworkIntentPolicyBasedServices") if resource else []
        if "allowrulesonly" not in {str(option).lower() for option in options}:
            return False
        holder = self._inventory.get(network)
        return any(
            text(delegation, "properties", "serviceName") in _INTENT_SERVICES
            for subnet in (items(holder.body, "properties", "subnets") if holder else ())
            for delegation in items(subnet, "properties", "delegations")
        )

    def _with_groups(self, rule: SecurityRule) -> SecurityRule:
        """A rule whose network groups, as source or destination, are their members' addresses."""
        if not (rule.source.groups or rule.destination.groups):
            return rule
        sides = {}
        for name in ("source", "destination"):
            side = getattr(rule, name)
            spans = [span for group in side.groups for span in self._addresses(group)]
            sides[name] = replace(side, intervals=merge([*side.intervals, *spans]), groups=frozenset())
        return replace(rule, **sides)

    def _addresses(self, group: str) -> Iterator[Interval]:
        for membership in self._inventory.of_type(MEMBERSHIP):
            if group in _member_of(membership):
                yield from self._spaces.own(membership.key.partition(f"/providers/{MEMBERSHIP}")[0])

    @cached_property
    def _collections(self) -> dict[str, dict[str, frozenset[str]]]:
        """By configuration: its rule collections with the network groups they apply to, as they were deployed."""
        found: dict[str, dict[str, frozenset[str]]] = {}
        for key, versions in _versions(self._inventory, COLLECTION, COLLECTION_SNAPSHOT).items():
            newest = _version(versions, None)
            groups = frozenset(
                ids.id_key(group)
                for entry in (items(newest.body, "properties", "appliesToGroups") if newest else ())
                if isinstance(group := value(entry, "networkGroupId"), str)
            )
            found.setdefault(ids.parent_of(key), {})[key] = groups
        return found

    @cached_property
    def _rules(self) -> dict[str, dict[str, list[Resource]]]:
        """By rule collection and rule: the rule and its snapshots."""
        found: dict[str, dict[str, list[Resource]]] = {}
        for key, versions in _versions(self._inventory, RULE, RULE_SNAPSHOT).items():
            found.setdefault(ids.parent_of(key), {})[key] = versions
        return found

    @cached_property
    def _goals(self) -> dict[tuple[str, str], frozenset[str]]:
        """By manager and region: ids of the rule snapshots that are in force."""
        found: dict[tuple[str, str], frozenset[str]] = {}
        for state in self._inventory.of_type(GOAL):
            entries = items(state.body, "properties", "securityAdminRules")
            named = (entry if isinstance(entry, str) else value(entry, "id") for entry in entries)
            keys = frozenset(ids.id_key(name) for name in named if isinstance(name, str))
            place = (ids.parent_of(state.key), _region(state.location))
            found[place] = found.get(place, frozenset()) | keys
        return found


_INTENT_SERVICES = frozenset(("microsoft.sql/managedinstances", "microsoft.databricks/workspaces"))


def _versions(inventory: Inventory, kind: str, snapshot: str) -> dict[str, list[Resource]]:
    """Objects by key, each with its snapshots."""
    found: dict[str, list[Resource]] = {resource.key: [resource] for resource in inventory.of_type(kind)}
    for resource in inventory.of_type(snapshot):
        found.setdefault(_base(resource.key), []).append(resource)
    return found


def _version(versions: list[Resource], deployed: frozenset[str] | None) -> Resource | None:
    """The version in force: the one that is said to be deployed, or the newest snapshot; None where none is."""
    if deployed:
        exact = [resource for resource in versions if resource.key in deployed]
        if exact:
            return max(exact, key=_number)
        if _base(versions[0].key) not in deployed:
            return None
    return max(versions, key=_number)


def _number(resource: Resource) -> int:
    """The snapshot's number; -1 for the object itself, which may have been edited since it was deployed."""
    head, _, number = resource.key.rpartition("/snapshots/")
    return int(number) if head and number.isdecimal() else -1


def _region(location: str) -> str:
    return location.replace(" ", "").lower()


def _base(key: str) -> str:
    """An id without the snapshot at its end."""
    head, separator, _ = key.rpartition("/snapshots/")
    return head if separator else key


def _configurations(effective: Resource) -> list[str]:
    entries = items(effective.body, "properties", "effectiveSecurityAdminConfigurations")
    # `Id` in older rows: names compare without case.
    return sorted({_base(ids.id_key(found)) for entry in entries if isinstance(found := value(entry, "id"), str)})


def _manager_of(configuration: str) -> str:
    return configuration.partition("/securityadminconfigurations/")[0]


def _member_of(membership: Resource) -> frozenset[str]:
    entries = items(membership.body, "properties", "groupMemberships")
    return frozenset(ids.id_key(group) for entry in entries if isinstance(group := value(entry, "networkGroupId"), str))


def _missing(kind: str, scope: str) -> Gap:
    return Gap(scope, kind, "", None, "NotFound", "what the network manager applies names it, and it was not found")


def _undecided(network: str) -> Gap:
    words = "several network managers apply security admin rules here, and which comes first cannot be told"
    return Gap(network, MANAGER, "", None, "OrderUnknown", words)
