"""Azure Policy exemptions (`Microsoft.Authorization/policyExemptions`) as exemptions of findings.

https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure: an exemption stands below the scope it
is for, names an assignment, and may name members of the assigned initiative. A rule is meant where its
`equivalents.azure-policy` has one of the exempted definitions.

Azure lets an exemption be without an end. Such a one is honoured, since refusing it would report what the tenant has
long decided, and told, since nobody is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.evaluate.model import Exemption, Result
from auditor.expressions.values import as_time
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json
from auditor.rules.model import Rule
from auditor.rules.policy.documents import PolicyObject
from auditor.snapshot.manifest import Manifest

EXEMPTIONS = "Microsoft.Authorization/policyExemptions"
ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
INITIATIVES = "Microsoft.Authorization/policySetDefinitions"
MANAGEMENT_GROUPS = ids.MANAGEMENT_GROUP_TYPE
NEEDED = (EXEMPTIONS, ASSIGNMENTS, INITIATIVES, MANAGEMENT_GROUPS)
"""Types that must have been collected for a tenant's exemptions to be understood."""
_GROUP_SCOPE = "/providers/microsoft.management/managementgroups/"
_OWNERS = ("requestedby", "owner", "approvedby", "createdby")
_TICKETS = ("ticketref", "ticket")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Selector:
    """One condition of a resource selector."""

    kind: str
    """Lower-cased: `resourcelocation`, `resourcetype`, `resourcewithoutlocation`."""
    values: frozenset[str]
    """Lower-cased."""
    wanted: bool
    """Whether the resource must have one of the values (`in`) or none of them (`notIn`)."""

    def selects(self, result: Result) -> bool:
        """Whether the result's resource is meant. An unknown kind selects nothing: never accept by guessing."""
        location = result.subject.location.lower().replace(" ", "")
        match self.kind:
            case "resourcelocation":
                return bool(location) and (location in self.values) is self.wanted
            case "resourcetype":
                return (ids.type_key(result.subject.type) in self.values) is self.wanted
            case "resourcewithoutlocation":
                return not location and self.wanted and "subscriptionlevelresources" in self.values
            case _:
                return False


@dataclass(frozen=True, slots=True)
class PolicyExemption:
    """One Azure Policy exemption that rules of ours stand for."""

    definitions: frozenset[str]
    """Names (GUIDs of built-in ones) of the exempted policy definitions, lower-cased."""
    scope: str
    """Lower-cased id of the management group, subscription, group or resource that is exempt."""
    subscriptions: frozenset[str] | None
    """Subscriptions below a management group; None where the scope is not one."""
    selectors: tuple[tuple[Selector, ...], ...]
    """Any one of these must select the resource, with all its conditions; empty selects everything."""
    exemption: Exemption
    evidence: str = ""
    is_broad: bool = False
    is_from_azure: bool = True

    def concerns(self, rule: Rule) -> bool:
        """See `Acceptance.concerns`."""
        return any(name.lower() in self.definitions for name in rule.equivalents.get("azure-policy", ()))

    def hint(self, names: Iterable[str]) -> str:  # noqa: ARG002 - the protocol's arguments
        """See `Acceptance.hint`: it names policies, not rules."""
        return ""

    def covers(self, result: Result, inventory: Inventory) -> bool:  # noqa: ARG002 - the protocol's arguments
        """See `Acceptance.covers`."""
        place = ids.id_key(result.subject.id)
        if self.subscriptions is not None:
            inside = result.subject.subscription_id in self.subscriptions
        else:
            inside = place == self.scope or place.startswith(self.scope + "/")
        chosen = not self.selectors or any(all(one.selects(result) for one in group) for group in self.selectors)
        return inside and chosen


@dataclass(frozen=True, slots=True)
class Tenant:
    """What is needed to understand exemptions, from a tenant or from files."""

    exemptions: Sequence[PolicyObject]
    assignments: Mapping[str, PolicyObject]
    """By lower-cased id."""
    initiatives: Mapping[str, PolicyObject]
    """By lower-cased name: built-in ones are written with different scopes."""
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Subscription to the management groups above it, names in lower case."""
    whole_group: str = ""
    """Lower-cased name of the management group that the whole audit is of; "" where it is of something else."""


def tenant_of(objects: Iterable[PolicyObject], inventory: Inventory, manifest: Manifest, *, stored: bool) -> Tenant:
    """Everything that files and the inventory have of policies; exemptions of the inventory only where `stored`."""
    read = [
        PolicyObject(resource.id, resource.name, resource.id, properties)
        for kind in (EXEMPTIONS, ASSIGNMENTS, INITIATIVES)
        if kind != EXEMPTIONS or stored
        for resource in inventory.of_type(kind)
        if isinstance(properties := resource.body.get("properties"), Mapping)
    ]
    known = [*read, *objects]  # files after the tenant: what a user gives is what the user means
    group = manifest.scopes[0].lower() if len(manifest.scopes) == 1 else ""
    return Tenant(
        exemptions=list({ids.id_key(item.id): item for item in known if item.kind == "exemption"}.values()),
        assignments={ids.id_key(item.id): item for item in known if item.kind == "assignment"},
        initiatives={item.name.lower(): item for item in known if item.kind == "initiative"},
        groups=manifest.management_groups,
        whole_group=group.removeprefix(_GROUP_SCOPE) if group.startswith(_GROUP_SCOPE) else "",
    )


def understand(tenant: Tenant, subscriptions: Iterable[str]) -> tuple[tuple[PolicyExemption, ...], tuple[str, ...]]:
    """The exemptions that can be applied, and why others cannot."""
    audited = frozenset(subscriptions)
    found: list[PolicyExemption] = []
    refused: dict[str, list[str]] = {}
    for item in sorted(tenant.exemptions, key=lambda one: one.id.lower()):
        definitions, why = _definitions(item, tenant)
        below, unplaced = _below(_scope(item), tenant, audited)
        if why or unplaced:
            refused.setdefault(why or unplaced, []).append(item.title)
        else:
            found.append(_built(item, definitions, below))
    return tuple(found), tuple(_refusal(why, names) for why, names in sorted(refused.items()))


def _refusal(why: str, names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"Azure Policy exemptions that are not applied, because {why}: {shown}{more}"


def _definitions(item: PolicyObject, tenant: Tenant) -> tuple[frozenset[str], str]:
    """Names of the exempted definitions, or why they are not known."""
    assigned = str(item.properties.get("policyAssignmentId") or "")
    assignment = tenant.assignments.get(ids.id_key(assigned))
    if assignment is None:
        return frozenset(), "their assignment was not read"
    target = str(assignment.properties.get("policyDefinitionId") or "").lower()
    if "/policysetdefinitions/" not in target:
        return frozenset({_last(target)}), ""
    initiative = tenant.initiatives.get(_last(target))
    if initiative is None:
        return frozenset(), f"the initiative {_last(target)} was not read (give it with --exemptions, as JSON)"
    chosen = item.properties.get("policyDefinitionReferenceIds")
    wanted = {str(name).lower() for name in chosen} if isinstance(chosen, list) and chosen else None
    return frozenset(
        _last(str(member.get("policyDefinitionId") or "").lower())
        for member in initiative.properties["policyDefinitions"]
        if isinstance(member, Mapping)
        and (wanted is None or str(member.get("policyDefinitionReferenceId") or "").lower() in wanted)
    ), ""


def _below(scope: str, tenant: Tenant, audited: frozenset[str]) -> tuple[frozenset[str] | None, str]:
    """Audited subscriptions below a management group; None for other scopes; or why that is not known."""
    if not scope.startswith(_GROUP_SCOPE):
        return None, ""
    name = scope.removeprefix(_GROUP_SCOPE)
    if name == tenant.whole_group:
        return audited, ""
    below = frozenset(guid for guid, above in tenant.groups.items() if name in {one.lower() for one in above})
    if not below:
        return None, "what is below their management group was not read (collect with --policy-exemptions)"
    return below, ""


def _built(item: PolicyObject, definitions: frozenset[str], below: frozenset[str] | None) -> PolicyExemption:
    properties = item.properties
    metadata = properties.get("metadata")
    named = {str(k).lower(): v for k, v in metadata.items()} if isinstance(metadata, Mapping) else {}
    category = str(properties.get("exemptionCategory") or "Exempt").capitalize()
    description = str(properties.get("description") or "")
    return PolicyExemption(
        definitions=definitions,
        scope=_scope(item),
        subscriptions=below,
        selectors=tuple(_selectors(properties.get("resourceSelectors"))),
        exemption=Exemption(
            reason=f"{category}: {item.title}" + (f". {description}" if description else ""),
            owner=_first(named, _OWNERS) or "nobody named",
            expires_at=as_time(str(properties.get("expiresOn") or "")),
            source=item.id,
            ticket=_first(named, _TICKETS),
        ),
    )


def _selectors(value: Json) -> Iterator[tuple[Selector, ...]]:
    """https://learn.microsoft.com/azure/governance/policy/concepts/assignment-structure#resource-selectors."""
    for group in value if isinstance(value, list) else []:
        conditions = group.get("selectors") if isinstance(group, Mapping) else None
        yield tuple(
            _selector(one) for one in (conditions if isinstance(conditions, list) else []) if isinstance(one, Mapping)
        )


def _selector(one: Mapping[str, Any]) -> Selector:
    wanted = isinstance(one.get("in"), list)
    values = one.get("in") if wanted else one.get("notIn")
    folded = (str(value).lower().replace(" ", "") for value in (values if isinstance(values, list) else []))
    return Selector(str(one.get("kind") or "").lower(), frozenset(folded), wanted)


def _scope(item: PolicyObject) -> str:
    return ids.id_key(item.id).rpartition("/providers/microsoft.authorization/policyexemptions/")[0]


def _first(named: Mapping[str, Json], keys: Iterable[str]) -> str:
    return next((str(named[key]) for key in keys if isinstance(named.get(key), str) and named[key]), "")


def _last(identifier: str) -> str:
    return identifier.rstrip("/").rpartition("/")[2]
