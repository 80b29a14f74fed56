"""`auditor collect`: write what exists into a snapshot, to be judged later and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import note, say
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.snapshot.earlier import Earlier
    from auditor.snapshot.manifest import Manifest


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("collect", help="Collect what the rules need into a snapshot, for `scan --from`.")(collect)


def collect(
    output: Annotated[Path, typer.Option("--output", "-o", help="The snapshot to write.", metavar="FILE")] = Path(
        "tenant.db"
    ),
    demo: Annotated[
        bool, typer.Option("--demo", help="Write the built-in demo tenant, with everything; needs no Azure.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a snapshot that was interrupted; what was read stays read.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a snapshot that is there.")] = False,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            help="An earlier snapshot; of resources that Azure says did not change since, what is below them is taken"
            " over from it. Azure does not tell of every change there: see --full-after.",
            metavar="FILE",
        ),
    ] = None,
    full_after: Annotated[
        int | None,
        typer.Option(
            "--full-after",
            help="Days after which what --since took over is read again; 1 where not given.",
            metavar="DAYS",
            min=1,
            max=14,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every type that can be collected, not only what the rules need.")
    ] = False,
    policy_exemptions: options.CollectPolicyExemptions = False,
    changes: options.Changes = False,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    framework: options.Framework = None,
    min_severity: options.MinSeverity = None,
    policy_parameters: options.PolicyParameters = None,
    require_complete: options.RequireComplete = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Collect what the rules need into a snapshot, for `scan --from`."""
    from auditor.api import new_manifest
    from auditor.cli.live import collect_into, live_options
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.cli.terminal.steps import Steps
    from auditor.inventory.changes import CHANGES_KEY
    from auditor.snapshot.writing import write_snapshot

    if demo:
        given = {
            "--resume": resume,
            "--since": since,
            "--subscription": subscription,
            "--management-group": management_group,
        }
        if wrong := [name for name, value in given.items() if value]:
            raise UsageError(
                f"--demo and {wrong[0]} exclude each other",
                remedy=f"Leave {wrong[0]} out; `scan --from` chooses a part of a snapshot.",
            )
        _write_demo(output, force=force, quiet=quiet)
        return
    if resume and force:
        raise UsageError("--resume and --force exclude each other", remedy="Give one of them.")
    if full_after and not since:
        raise UsageError(
            "--full-after says how long --since may take over, and that is missing", remedy="Give --since."
        )
    days = full_after or 1
    steps = Steps(wanted=verbose)
    with steps.step("load rules"):
        choice = (rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters)
        types = choose_rules(*choice).types | (_all_types() if everything else frozenset())
    if policy_exemptions:
        from auditor.evaluate.policy_exemptions import NEEDED

        types |= {name.lower() for name in NEEDED}
    if changes:
        types |= {CHANGES_KEY}
    live = live_options(
        cloud, credential, tenant, subscription, management_group, source.value, verbose=verbose, quiet=quiet
    )
    manifest = new_manifest(live.target, types)
    with (
        _open_earlier(since, manifest, days) as earlier,
        write_snapshot(output, manifest, resume=resume, force=force) as snapshot,
    ):
        try:
            with steps.step("collect"):
                outcome = collect_into(snapshot, live, types, earlier=earlier)
        except KeyboardInterrupt:
            if not snapshot.is_empty:
                note(f"what was read is in {snapshot.path}; go on with --resume and the same options")
            raise
    steps.finish()
    if since and outcome.read_whole:
        note(f"{since}: everything was read anew, because {outcome.read_whole}")
    if not quiet:
        if outcome.taken_over:
            say(f"{outcome.taken_over:,} reads were taken over from {since}, none older than {days * 24} hours")
        say(f"wrote {output}: {len(outcome.subscriptions)} subscriptions, {outcome.gaps} reads failed")
    raise typer.Exit(ExitCode.INCOMPLETE if require_complete and not outcome.complete else ExitCode.OK)


@contextmanager
def _open_earlier(since: Path | None, manifest: Manifest, full_after: int) -> Iterator[Earlier | None]:
    """The snapshot of `--since`; None where nothing may be taken over from it, which is said."""
    from datetime import timedelta

    from auditor.snapshot.earlier import open_earlier

    if since is None:
        yield None
        return
    with open_earlier(since, manifest, full_after=timedelta(days=full_after)) as earlier:
        if isinstance(earlier, str):
            note(f"{since}: everything is read anew, because {earlier}")
        yield None if isinstance(earlier, str) else earlier


def _write_demo(output: Path, *, force: bool, quiet: bool) -> None:
    from dataclasses import replace

    from auditor.api import Target, choose_rules, new_manifest, open_demo
    from auditor.inventory.changes import CHANGES_KEY
    from auditor.snapshot.copying import copy_whole
    from auditor.snapshot.writing import write_snapshot

    if output.exists() and not force:
        raise UsageError("exists already", subject=str(output), remedy="Give --force to replace it.")
    source, types = open_demo(), _all_types() | choose_rules().types | {CHANGES_KEY}
    manifest = replace(
        source.manifest,
        tool_version=new_manifest(Target(), types).tool_version,
        needs=tuple(sorted(types)),
        finished_at=None,
    )
    with write_snapshot(output, manifest, force=force) as snapshot:
        copy_whole(snapshot, source, types)
    if not quiet:
        say(f"wrote {output}: the demo tenant, {len(source.manifest.subscriptions)} subscriptions")


def _all_types() -> frozenset[str]:
    from auditor.azure.collectors.directory import directory_types
    from auditor.azure.collectors.table import table
    from auditor.inventory import ids

    return frozenset(table()) | directory_types() | {ids.MANAGEMENT_GROUP_TYPE.lower()}
