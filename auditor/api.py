"""The audit as a library: open a source, or collect one; audit it; render the report.

    from auditor import api

    report = api.audit(api.open_source("tenant.db"))
    api.write(report, "html", "report.html")

Nothing here prints, exits, asks a terminal or reads a configuration file; what goes wrong is an `AuditorError` with
what happened, to what, and what to do. What a user may follow while it runs (progress, the time that each step takes)
is handed in as a `Watch`. The command line is built on it. docs/python.md has examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.azure.collect import CollectionOutcome
    from auditor.azure.progress import Progress
    from auditor.azure.session import Session
    from auditor.evaluate.baseline import Baseline
    from auditor.evaluate.exemptions import Acceptance
    from auditor.evaluate.model import Report, Result, Scan
    from auditor.evaluate.reach import Reach
    from auditor.facts.registry import FactStore
    from auditor.fixes.model import Plan
    from auditor.fixes.world import World
    from auditor.iac.declaration import Declaration
    from auditor.iac.deployed import Target as DeploymentTarget
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.selection import Selection
    from auditor.report.model import Rendered, RenderOptions
    from auditor.rules.model import Change, Framework, Rule, Severity
    from auditor.rules.overrides import Overrides
    from auditor.snapshot.earlier import Earlier
    from auditor.snapshot.manifest import Manifest
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot

__all__ = [
    "RuleChoice",
    "Silent",
    "Target",
    "Watch",
    "audit",
    "choose_rules",
    "collect",
    "collect_into",
    "draw",
    "foresee",
    "judge",
    "new_manifest",
    "only_new",
    "open_demo",
    "open_source",
    "plan_fixes",
    "render",
    "select",
    "what_if",
    "write",
]


class Watch(Protocol):
    """Who follows an audit while it runs."""

    @property
    def detailed(self) -> bool:
        """Whether fact families and rules are to be timed one by one, which costs a little."""

    @property
    def rules(self) -> dict[str, float]:
        """Gets the seconds that each rule took, by its id, where `detailed`."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Entered when a step begins (`facts internet_exposure`, `judge`, `draw`), left when it ends."""

    def judging(self, total: int) -> AbstractContextManager[Callable[[int], None] | None]:
        """Entered when judging of `total` resources begins; gives what is told how many more are done, or None."""


class Silent:
    """A `Watch` that does not look."""

    detailed = False

    def __init__(self) -> None:
        self.rules: dict[str, float] = {}

    def step(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the protocol's arguments
        """See `Watch.step`."""
        return nullcontext()

    def judging(self, total: int) -> AbstractContextManager[Callable[[int], None] | None]:  # noqa: ARG002
        """See `Watch.judging`."""
        return nullcontext()


def open_source(path: str | Path, *, assume_complete: bool = False) -> Source:
    """A snapshot, an export or a folder of exports. Raises SnapshotError for anything else.

    With `assume_complete`, what an export lacks does not exist; without it, that counts as not read.
    """
    from auditor.snapshot.opening import open_source

    return open_source(Path(path), assume_complete=assume_complete)


def open_demo() -> Source:
    """The built-in demo tenant."""
    from auditor.snapshot.demo import open_demo

    return open_demo()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A world that code says will be."""

    source: Source
    declared: Mapping[str, Declaration]
    """Where the code declares resources, by lower-cased id."""
    changed: frozenset[str]
    """What it creates, changes or deletes, by lower-cased id."""
    addresses: Mapping[str, str]
    """Terraform's addresses of resources in a plan, by lower-cased id."""


def foresee(
    paths: Sequence[str | Path], base: Source | None = None, *, scope: str = "", repository: Path | None = None
) -> Foreseen:
    """What code says will be, laid over a base; without one, a world of its own in which the rest is not known.

    `paths` are ARM templates with their parameter files, Bicep (where its compiler is on the path), what-if results,
    or folders of these. `scope` is the resource group or subscription that templates are deployed to:
    `/subscriptions/ID/resourceGroups/NAME`. Places are relative to `repository`. Raises ConfigError for what cannot be
    read, and UsageError for a scope that is none.
    """
    from auditor.iac.forecast import read_forecast
    from auditor.iac.overlay import overlaid
    from auditor.secrets.redactor import Redactor
    from auditor.snapshot.manifest import Manifest
    from auditor.snapshot.source import Source

    redactors: list[Redactor] = []

    def redact_with(key: bytes) -> Callable[[str, Mapping[str, Any]], Mapping[str, Any]]:
        redactors.append(Redactor(key))
        return lambda kind, body: redactors[0].redact(kind.lower(), body)

    target = _deployment_target(scope, base)
    forecast = read_forecast([Path(path) for path in paths], target, redact_with, base=repository)
    inventory = overlaid(base.inventory if base else None, forecast.changes, forecast.source)
    now = datetime.now(UTC)
    # Without a base nothing is known of when: dates are compared with today.
    manifest = replace(
        base.manifest if base else Manifest(forecast.source, now, now),
        source=f"{base.manifest.source} with {forecast.source}" if base else forecast.source,
    )
    notices = (*(base.notices if base else ()), *forecast.notices)
    return Foreseen(Source(manifest, inventory, notices), forecast.declared, forecast.changed, forecast.addresses)


def _deployment_target(scope: str, base: Source | None) -> DeploymentTarget:
    from auditor.iac.deployed import NOWHERE, Target
    from auditor.inventory import ids

    known = [*base.manifest.subscriptions] if base else []
    subscription = known[0] if len(known) == 1 else NOWHERE
    group = ""
    if scope:
        if not ids.subscription_of(scope):
            raise UsageError(
                f"{scope!r} is no scope that templates can be deployed to",
                remedy="Write /subscriptions/ID/resourceGroups/NAME or /subscriptions/ID.",
            )
        subscription, group = ids.subscription_of(scope), ids.resource_group_of(scope)
    around = base.inventory.get(f"/subscriptions/{subscription}/resourceGroups/{group}") if base and group else None
    return Target(
        subscription,
        group or "{resource group}",
        around.location if around else "",
        base.manifest.tenant if base else "",
        base.manifest.cloud if base else "public",
    )


def reach_of(before: Source, after: Source, rules: RuleChoice) -> Reach | None:
    """What of the verdicts a change can have changed; None where that is everything. For `audit`, of both sources."""
    from auditor.evaluate.reach import reach_of

    # What is set for some resources can depend on tags that they have of others.
    return None if rules.overrides else reach_of(before.inventory, after.inventory, rules.types)


def only_new(before: Report, after: Report) -> Report:
    """The report after a change, with what is new or worse alone; what went away is told in a notice."""
    from auditor.evaluate.only_new import only_new

    return only_new(before, after)


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """The chosen rules."""

    rules: tuple[Rule, ...]
    notices: tuple[str, ...] = ()
    """What the user should know of rules that do not run."""
    partial: bool = False
    """Whether rules were left out."""
    framework_names: tuple[str, ...] = ()
    """The frameworks that were asked for; none where all are meant."""
    own_frameworks: tuple[Framework, ...] = ()
    """Those that are the user's own, policy initiatives included."""
    total: int = 0
    """How many rules there are to choose from."""
    notes: tuple[str, ...] = ()
    """How the names of frameworks were understood, where that was not obvious."""
    policies: tuple[Path, ...] = ()
    """Files of Azure Policy that rules among them come from."""
    policy_parameters: Mapping[str, Any] = field(default_factory=dict)
    """Values of their parameters."""
    overrides: Overrides | None = None
    """What the user has set in them; what is set for every resource is in `rules` already."""

    @property
    def frameworks(self) -> tuple[Framework, ...]:
        """The frameworks to report on, with all their controls where these are listed."""
        from auditor.rules.framework_choice import frameworks_of

        return frameworks_of(self.framework_names, self.own_frameworks, self.rules)

    def frameworks_for(self, formats: Sequence[str]) -> tuple[Framework, ...]:
        """The frameworks, where one of these report formats shows every control; other runs need not read the lists."""
        return self.frameworks if "html" in formats else ()

    @property
    def types(self) -> frozenset[str]:
        """Type keys that must be collected to judge by these rules, those of the facts they ask for included."""
        from auditor.facts.registry import needs_of
        from auditor.inventory.managed import GROUP_TYPE

        # Whose a resource group is decides what can be mended in it.
        needed: set[str] = {GROUP_TYPE} if self.rules else set()
        for rule in self.rules:
            needed |= rule.needs.types | needs_of(rule.needs.facts, rule.needs.types)
        if self.policies:
            from auditor.rules.policy.aliases import PROVIDERS

            needed.add(PROVIDERS)
        return frozenset(needed)

    def with_aliases(self, inventory: Inventory) -> RuleChoice:
        """The same rules, those of Azure Policy with aliases as the tenant's own providers define them, where known."""
        if not self.policies:
            return self
        from auditor.rules.policy import load_policies
        from auditor.rules.policy.aliases import TenantAliases

        aliases = TenantAliases(inventory)
        if not aliases:
            return self
        again = {rule.id: rule for rule in load_policies(self.policies, self.policy_parameters, aliases).rules}
        rules = tuple(
            replace(again[rule.id], severity=rule.severity, overridden=rule.overridden) if rule.id in again else rule
            for rule in self.rules
        )
        return replace(self, rules=rules)


def choose_rules(
    paths: Sequence[Path] = (),
    *,
    builtin: bool = True,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    min_severity: Severity | None = None,
    policy_parameters: Mapping[str, Any] | None = None,
    overrides: Sequence[Path] = (),
) -> RuleChoice:
    """The built-in rules and those below `paths`, as far as the filters leave them; deprecated ones never run.

    `select` and `ignore` hold rule ids, topics and globs of these; `policy_parameters` the values of Azure Policy
    parameters by name; `overrides` are files that set severities and parameters (`auditor.rules.overrides`), before
    `min_severity` chooses. Raises RuleError for rules that cannot be loaded, ConfigError for overrides with mistakes
    and UsageError where nothing is left to run.
    """
    from auditor.rules.framework_choice import choose_frameworks
    from auditor.rules.loader import load_rules
    from auditor.rules.selection import select_rules

    catalogue = load_rules(paths, builtin=builtin, policy_parameters=policy_parameters)
    _check_families([rule for rule in catalogue.rules if not rule.source.startswith("builtin:")])
    wanted = choose_frameworks(frameworks, catalogue.rules, catalogue.frameworks)
    live = tuple(rule for rule in wanted.rules if not rule.deprecated)
    own = None
    if overrides:
        from auditor.rules.overrides import load_overrides

        own = load_overrides(overrides, catalogue.rules)
        live = own.everywhere(live)
        own = replace(own, least=min_severity)
    chosen = select_rules(
        live,
        select=select,
        ignore=ignore,
        frameworks=wanted.names,
        min_severity=min_severity,
        highest=own.raised if own else None,
    )
    if not chosen:
        raise UsageError("no rule is left to run", remedy="Loosen --select, --ignore, --framework or --min-severity.")
    partial = not builtin or len(chosen) < len(live)
    sources = {rule.source for rule in chosen}
    notices = (*catalogue.notices, *(own.notices(chosen) if own else ()))
    return RuleChoice(
        chosen,
        notices,
        partial,
        wanted.names,
        wanted.own,
        len(live),
        wanted.notes,
        catalogue.policies if any(str(path) in sources for path in catalogue.policies) else (),
        policy_parameters or {},
        own or None,
    )


def _check_families(rules: Sequence[Rule]) -> None:
    """Refuse rules that ask for facts which nobody computes: they would pass everything. Raises RuleError."""
    if not rules:
        return
    from auditor.errors import RuleError
    from auditor.facts.registry import family_names
    from auditor.rules.lint_facts import unknown_families

    if problems := list(unknown_families(rules, family_names())):
        raise RuleError("rules ask for facts that there are not", problems=problems)


@dataclass(frozen=True, slots=True)
class Target:
    """What a live collection reads, and as whom."""

    cloud: str = "public"
    """`public`, `usgov`, `china`, or the path of a cloud file."""
    credential: str | None = None
    """A part of DefaultAzureCredential by its name; None for the whole chain."""
    tenant: str | None = None
    subscriptions: tuple[str, ...] = ()
    """Ids or names; empty for all that can be seen."""
    management_group: str | None = None
    source: str = "auto"
    """Where the breadth is read: `auto`, `graph` or `arm`."""


def collect(
    target: Target | None = None, rules: RuleChoice | Iterable[Rule] | None = None, *, progress: Progress | None = None
) -> Source:
    """Collect into memory what rules need (all built-in ones, where none are given).

    Reads only. Not from inside a running event loop: there, call it in a thread. Raises SignInError, CollectionError
    and ConfigError; a read that fails is a gap of the source, not an error.
    """
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot

    target, types = target or Target(), _chosen(rules).types
    with Snapshot.in_memory(new_manifest(target, types)) as snapshot:
        collect_into(snapshot, target, types, progress=progress)
        return Source(snapshot.manifest, snapshot.inventory())


def collect_into(
    snapshot: Snapshot,
    target: Target,
    types: frozenset[str],
    *,
    progress: Progress | None = None,
    signed_in: Callable[[Session], None] | None = None,
    earlier: Earlier | None = None,
) -> CollectionOutcome:
    """Collect into a snapshot what `types` (type keys) names, and finish it; `signed_in` is told who answered.

    `earlier` (`auditor.snapshot.earlier.open_earlier`) is a collection to take over what did not change since.
    """
    import asyncio

    from auditor.azure import progress as progresses

    told = progress or progresses.Silent()
    tenant, outcome = asyncio.run(_collect(snapshot, target, types, told, signed_in, earlier))
    snapshot.finish(
        datetime.now(UTC),
        tenant=tenant,
        subscriptions=outcome.subscriptions,
        management_groups=outcome.management_groups,
    )
    return outcome


async def _collect(
    snapshot: Snapshot,
    target: Target,
    types: frozenset[str],
    progress: Progress,
    signed_in: Callable[[Session], None] | None,
    earlier: Earlier | None,
) -> tuple[str, CollectionOutcome]:
    from auditor.azure.clouds import load_cloud
    from auditor.azure.collect import collect
    from auditor.azure.plan import CollectionPlan
    from auditor.azure.signin import sign_in

    plan = CollectionPlan(types, target.subscriptions, target.management_group, target.tenant, target.source)
    cloud = load_cloud(target.cloud)
    async with sign_in(cloud, credential=target.credential, tenant=target.tenant) as session:
        if signed_in:
            signed_in(session)
        return session.principal.tenant, await collect(session, plan, snapshot, progress, earlier=earlier)


def new_manifest(target: Target, types: frozenset[str]) -> Manifest:
    """The manifest of a collection that begins now."""
    from auditor import __version__
    from auditor.snapshot.manifest import Manifest

    return Manifest(
        tool_version=__version__,
        tenant=target.tenant or "",
        cloud=target.cloud,
        scopes=_scopes(target),
        subscriptions={},
        started_at=datetime.now(UTC),
        finished_at=None,
        needs=tuple(sorted(types)),
        source="live",
    )


def _scopes(target: Target) -> tuple[str, ...]:
    if target.subscriptions:
        return tuple(f"/subscriptions/{name}" for name in target.subscriptions)
    if target.management_group:
        return (f"/providers/Microsoft.Management/managementGroups/{target.management_group}",)
    return ("/",)


def select(
    source: Source,
    *,
    subscriptions: Sequence[str] = (),
    management_group: str | None = None,
    resource_groups: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> Selection | None:
    """The part of a source to judge; None where nothing is chosen, which is all of it.

    Subscriptions by GUID or name, resource groups by name, tags as `NAME` or `NAME=VALUE`. What lies outside stays to
    be related to. Raises UsageError for what the source does not have.
    """
    from auditor.snapshot.selecting import selection_of

    return selection_of(source, tuple(subscriptions), management_group, tuple(resource_groups), tuple(tags))


def audit(
    source: Source,
    rules: RuleChoice | Iterable[Rule] | None = None,
    *,
    facts: FactStore | None = None,
    frameworks: Sequence[Framework] = (),
    keep_passed: bool = False,
    who_passed: bool = False,
    watch: Watch | None = None,
    selection: Selection | None = None,
    jobs: int = 1,
    reach: Reach | None = None,
) -> Report:
    """Judge a source by rules: all built-in ones, where none are given.

    `facts` are those of the source's inventory, where the caller goes on to use them; `frameworks` those whose every
    control the report shall know. Passed and not applicable results are counted, and listed only with `keep_passed`;
    with `who_passed` the report knows what passed, which scores by subscription and owner need.
    With a `selection` (see `select`) only that part is judged, in sight of the rest. With several `jobs` as many
    processes judge, where the system can fork; the report is the same. Not from a process with threads of its own.
    With a `reach` (see `reach_of`) only what a change can have changed is judged: what `only_new` compares.
    Dates are compared with the time at which the data was collected, so that an old snapshot gives the same report
    whenever it is read.
    """
    from auditor.evaluate.changed import with_changes
    from auditor.evaluate.evaluator import evaluate, judged_count
    from auditor.facts.registry import FactStore
    from auditor.inventory.stored import is_large

    watch = watch or Silent()
    choice = _chosen(rules).with_aliases(source.inventory)
    scan = _scan_of(source, choice, selection)
    facts = facts or FactStore(source.inventory, scan.finished_at)
    large = is_large(len(source.inventory))  # then nothing but facts is kept of what they are made from
    if watch.detailed or jobs > 1 or large:
        for family in _asked([one for one in choice.rules if not reach or reach.concerns(one)], source.inventory):
            with watch.step(f"facts {family}"):
                facts.prepare(family)
    if large:
        facts.settle()
    with watch.step("judge"), watch.judging(judged_count(choice.rules, source.inventory)) as advance:
        report = evaluate(
            choice.rules,
            source.inventory,
            scan,
            facts=facts,
            now=scan.finished_at,
            keep_passed=keep_passed,
            who_passed=who_passed,
            notices=(*source.manifest.age_notice, *choice.notices),
            advance=advance,
            spent=watch.rules if watch.detailed else None,
            selection=selection,
            overrides=choice.overrides,
            jobs=jobs,
            reach=reach,
        )
    return replace(with_changes(report, source.inventory), frameworks=tuple(frameworks))


def judge(
    report: Report,
    source: Source,
    *,
    fail_on: Severity | None = None,
    fail_on_unknown: bool = False,
    require_complete: bool = False,
    exemptions: Sequence[Acceptance] = (),
    baseline: Baseline | None = None,
) -> Report:
    """The report with exemptions applied and a gate's verdict on it: whether a pipeline may go on.

    `fail_on` is the severity from which on findings fail the gate; None lets all through.
    """
    from auditor.evaluate.carrying import carried_over
    from auditor.evaluate.exemptions import apply_exemptions
    from auditor.evaluate.gate import GatePolicy, judge
    from auditor.inventory.inventory import Inventory

    around = source.inventory if exemptions else Inventory(())  # without any, nothing is looked up
    applied = apply_exemptions(report, exemptions, around, datetime.now(UTC))
    known = baseline.accepts(applied.report) if baseline else None
    carried = carried_over(applied.report, baseline, source.inventory) if baseline else ()
    policy = GatePolicy(fail_on, fail_on_unknown, require_complete)
    return replace(
        applied.report, carried=carried, verdict=judge(applied.report, policy, known=known, lapsed=applied.lapsed)
    )


def draw(
    report: Report, source: Source, facts: FactStore | None = None, *, selection: Selection | None = None
) -> Report:
    """The report with pictures of the source, each node with the worst finding on it; formats that draw show them.

    With a `selection` they show that part, what leads there and where it leads.
    """
    from auditor.facts.registry import FactStore
    from auditor.pictures import pictures_of
    from auditor.pictures.marks import marked
    from auditor.pictures.part import part_of

    notices = list(report.notices)
    facts = facts or FactStore(source.inventory, report.scan.finished_at)
    pictures = pictures_of(source.inventory, facts, notices=notices)
    chosen = selection.within(source.inventory) if selection else None
    shown = [part_of(picture, source.inventory, chosen) for picture in pictures]
    return replace(report, pictures=marked(shown, report.results), notices=tuple(notices))


def plan_fixes(
    source: Source,
    rules: RuleChoice | Iterable[Rule] | None = None,
    *,
    chosen: Callable[[Result], bool] | None = None,
    selection: Selection | None = None,
) -> Plan:
    """The fixes of findings (all, or those for which `chosen` holds), and who depends on what they change.

    Reads only: what a fix would do is laid over the inventory and judged. Findings are those of the rules; what comes
    and goes is told of the same rules.
    """
    from auditor.fixes.plan import plan_of
    from auditor.fixes.world import World

    scan = _scan_of(source, _chosen(rules).with_aliases(source.inventory), selection)
    return plan_of(World(source.inventory, scan.finished_at), _judge_of(source, rules, selection), chosen or bool)


def what_if(
    source: Source, changes: Mapping[str, Sequence[Change]], rules: RuleChoice | Iterable[Rule] | None = None
) -> Plan:
    """What would come of changes of one's own, by the id of the resource that each is for."""
    from auditor.fixes.plan import what_if
    from auditor.fixes.world import World

    scan = _scan_of(source, _chosen(rules).with_aliases(source.inventory), None)
    return what_if(World(source.inventory, scan.finished_at), _judge_of(source, rules, None), changes)


def _judge_of(
    source: Source, rules: RuleChoice | Iterable[Rule] | None, selection: Selection | None
) -> Callable[[World], Report]:
    def judge(world: World) -> Report:
        changed = replace(source, inventory=world.inventory)
        return audit(changed, rules, facts=world.facts, selection=selection)

    return judge


def render(report: Report, output_format: str = "json", options: RenderOptions | None = None) -> Rendered:
    """The report in a format: json, sarif, html, junit, csv, markdown, ocsf or table."""
    from auditor.inventory.cycles import uncollected
    from auditor.report.registry import FORMATS, RenderOptions, render

    if output_format not in FORMATS:
        raise UsageError(f"there is no format {output_format!r}", remedy=f"Formats: {', '.join(FORMATS)}.")
    with uncollected():
        return render(report, output_format, options or RenderOptions())


def write(report: Report, output_format: str, path: str | Path, options: RenderOptions | None = None) -> None:
    """Render the report into a file. Raises OSError where it cannot be written."""
    rendered = render(report, output_format, options)
    with Path(path).open("wb") as stream:
        stream.writelines(rendered.pieces())


def _chosen(rules: RuleChoice | Iterable[Rule] | None) -> RuleChoice:
    if rules is None:
        return choose_rules()
    return rules if isinstance(rules, RuleChoice) else RuleChoice(tuple(rules))


def _asked(rules: Sequence[Rule], inventory: Inventory) -> Sequence[str]:
    """The fact families that rules over resources that exist ask for."""
    from auditor.facts.registry import family_names

    asked: set[str] = set()
    for rule in rules:
        if any(inventory.of_type(name) for name in rule.resource or inventory.types):
            asked |= set(rule.needs.facts)
    return sorted(asked & set(family_names()))


def _scan_of(source: Source, choice: RuleChoice, selection: Selection | None) -> Scan:
    from auditor.evaluate.evaluator import relevant_gaps
    from auditor.evaluate.model import Scan

    manifest, inventory = source.manifest, source.inventory
    held = [one for one in inventory if selection.holds(one, inventory)] if selection else None
    names = dict(manifest.subscriptions)
    found = {resource.subscription_id for resource in inventory.by_key.values()} - {""}
    started = manifest.started_at or datetime.now(UTC)
    finished = manifest.finished_at or started
    chosen = selection.subscriptions if selection else frozenset()
    return Scan(
        source=manifest.source,
        tenant=manifest.tenant,
        subscriptions=tuple(sorted(chosen or found | {guid.lower() for guid in names})),
        started_at=started,
        finished_at=finished,
        complete=manifest.complete and not relevant_gaps(choice.rules, inventory, selection),
        resources=inventory.collected if held is None else len(held),
        lies_in=tuple(sorted({one.subscription_id for one in held or ()} - {""})),
        subscription_names=names,
        scope=selection.words if selection else manifest.scope,
        selection=selection.words if selection else "",
        partial_selection=choice.partial,
        assumed_complete=manifest.assumed_complete,
    )
