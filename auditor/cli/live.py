"""A live collection on behalf of a command: collect, show progress, say what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.cli.terminal.messages import say, warn

if TYPE_CHECKING:
    from auditor.api import Target
    from auditor.azure.collect import CollectionOutcome
    from auditor.azure.session import Session
    from auditor.snapshot.earlier import Earlier
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What the options say of a live collection."""

    target: Target
    verbose: bool = False
    quiet: bool = False


def live_options(
    cloud: str,
    credential: str | None,
    tenant: str | None,
    subscriptions: list[str] | None,
    management_group: str | None,
    source: str,
    *,
    verbose: bool = False,
    quiet: bool = False,
) -> LiveOptions:
    """What the options say, given as typer gives them."""
    from auditor.api import Target

    target = Target(cloud, credential, tenant, tuple(subscriptions or ()), management_group, source)
    return LiveOptions(target, verbose, quiet)


def collect_live(options: LiveOptions, types: frozenset[str]) -> Source:
    """Collect what `types` names into memory. Raises SignInError, CollectionError and ConfigError."""
    from auditor.api import new_manifest
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot

    with Snapshot.in_memory(new_manifest(options.target, types)) as snapshot:
        collect_into(snapshot, options, types)
        return Source(snapshot.manifest, snapshot.inventory())


def collect_into(
    snapshot: Snapshot, options: LiveOptions, types: frozenset[str], *, earlier: Earlier | None = None
) -> CollectionOutcome:
    """Collect what `types` names into a snapshot and finish it; says on stderr what was asked and what failed."""
    from auditor import api
    from auditor.cli.terminal.debug_log import event, learn
    from auditor.cli.terminal.progress import progress_for

    with progress_for(quiet=options.quiet) as progress:
        outcome = api.collect_into(
            snapshot, options.target, types, progress=progress, signed_in=_log_sign_in, earlier=earlier
        )
    learn(*outcome.subscriptions.values())
    event("collected", subscriptions=len(outcome.subscriptions), gaps=outcome.gaps, types=len(types))
    if options.verbose:
        _say_requests(outcome)
    if outcome.gaps and not options.quiet:
        warn(f"{outcome.gaps} reads did not succeed; what depends on them is answered `unknown`")
    return outcome


def _log_sign_in(session: Session) -> None:
    from auditor.cli.terminal.debug_log import event

    event("sign-in", credential=session.credential_name, passed_over="; ".join(session.passed_over) or None)


def _say_requests(outcome: CollectionOutcome) -> None:
    """Requests by endpoint, most first: what `--verbose` adds."""
    say(f"requests: {sum(outcome.requests.values()):,}")
    for operation, count in sorted(outcome.requests.items(), key=lambda item: (-item[1], item[0])):
        say(f"  {count:>7,}  {operation}")
    for code, count in sorted(outcome.troubles.items(), key=lambda item: (-item[1], item[0])):
        say(f"  {count:>7,}  answered {code}")
