"""A live collection on behalf of `scan` and `collect`: sign in, work out what to read, read it, show progress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.cli.terminal.messages import say, warn

if TYPE_CHECKING:
    from auditor.azure.collect import CollectionOutcome
    from auditor.azure.progress import Progress
    from auditor.snapshot.manifest import Manifest
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What the options say of a live collection."""

    cloud: str
    credential: str | None
    tenant: str | None
    subscriptions: tuple[str, ...]
    management_group: str | None
    source: str
    """auto, graph or arm."""
    verbose: bool = False
    quiet: bool = False


def collect_live(options: LiveOptions, types: frozenset[str]) -> Source:
    """Collect what `types` names into memory. Raises SignInError, CollectionError and ConfigError."""
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot

    with Snapshot.in_memory(new_manifest(options, types)) as snapshot:
        collect_into(snapshot, options, types)
        return Source(snapshot.manifest, snapshot.inventory())


def collect_into(snapshot: Snapshot, options: LiveOptions, types: frozenset[str]) -> CollectionOutcome:
    """Collect what `types` names into a snapshot and finish it; says on stderr what was asked and what failed."""
    import asyncio

    from auditor.cli.terminal.debug_log import event, learn
    from auditor.cli.terminal.progress import progress_for

    with progress_for(quiet=options.quiet) as progress:
        tenant, outcome = asyncio.run(_collect(snapshot, options, types, progress))
    learn(*outcome.subscriptions.values())
    event("collected", subscriptions=len(outcome.subscriptions), gaps=outcome.gaps, types=len(types))
    snapshot.finish(
        datetime.now(UTC),
        tenant=tenant,
        subscriptions=outcome.subscriptions,
        management_groups=outcome.management_groups,
    )
    if options.verbose:
        _say_requests(outcome)
    if outcome.gaps and not options.quiet:
        warn(f"{outcome.gaps} reads did not succeed; what depends on them is answered `unknown`")
    return outcome


async def _collect(
    snapshot: Snapshot, options: LiveOptions, types: frozenset[str], progress: Progress
) -> tuple[str, CollectionOutcome]:
    from auditor.azure.clouds import load_cloud
    from auditor.azure.collect import collect
    from auditor.azure.plan import CollectionPlan
    from auditor.azure.signin import sign_in
    from auditor.cli.terminal.debug_log import event

    plan = CollectionPlan(types, options.subscriptions, options.management_group, options.tenant, options.source)
    cloud = load_cloud(options.cloud)
    async with sign_in(cloud, credential=options.credential, tenant=options.tenant) as session:
        event("sign-in", credential=session.credential_name, passed_over="; ".join(session.passed_over) or None)
        return session.principal.tenant, await collect(session, plan, snapshot, progress)


def _say_requests(outcome: CollectionOutcome) -> None:
    """Requests by endpoint, most first: what `--verbose` adds."""
    say(f"requests: {sum(outcome.requests.values()):,}")
    for operation, count in sorted(outcome.requests.items(), key=lambda item: (-item[1], item[0])):
        say(f"  {count:>7,}  {operation}")
    for code, count in sorted(outcome.troubles.items(), key=lambda item: (-item[1], item[0])):
        say(f"  {count:>7,}  answered {code}")


def new_manifest(options: LiveOptions, types: frozenset[str]) -> Manifest:
    """The manifest of a collection that begins now."""
    from auditor import __version__
    from auditor.snapshot.manifest import Manifest

    return Manifest(
        tool_version=__version__,
        tenant=options.tenant or "",
        cloud=options.cloud,
        scopes=_scopes(options),
        subscriptions={},
        started_at=datetime.now(UTC),
        finished_at=None,
        needs=tuple(sorted(types)),
        source="live",
    )


def _scopes(options: LiveOptions) -> tuple[str, ...]:
    if options.subscriptions:
        return tuple(f"/subscriptions/{name}" for name in options.subscriptions)
    if options.management_group:
        return (f"/providers/Microsoft.Management/managementGroups/{options.management_group}",)
    return ("/",)
