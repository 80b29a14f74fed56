"""`auditor scan`: audit, report, and say by the exit code whether the gate holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.options.acceptance import choose_exemptions
from auditor.cli.options.rule_choice import choose_rules
from auditor.cli.options.selected import selected
from auditor.cli.scan.history import History
from auditor.cli.terminal.messages import say, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.evaluate.model import Report
    from auditor.snapshot.source import Source


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("scan", help="Audit: live by default, --from a snapshot or export, or the --demo tenant.")(scan)


def scan(
    code_paths: options.CodePaths = None,
    demo: Annotated[bool, typer.Option("--demo", help="Audit the built-in demo tenant; needs no Azure.")] = False,
    source_path: Annotated[
        Path | None,
        typer.Option("--from", help="Audit a snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
    ] = None,
    assume_complete: options.AssumeComplete = False,
    with_code: options.WithCode = None,
    deploy_scope: options.DeployScope = None,
    only_new: options.OnlyNew = None,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    resource_group: options.ResourceGroups = None,
    tag: options.Tags = None,
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
    overrides: options.Overrides = None,
    output_format: options.Format = "table",
    output: options.OutputFile = None,
    reports: options.Reports = None,
    include_passed: options.IncludePassed = False,
    group_by: options.GroupBy = "rule",
    owner_tag: options.OwnerTag = None,
    environment_tag: options.EnvironmentTag = None,
    data_class_tag: options.DataClassTag = None,
    width: options.Width = None,
    markdown_limit: options.MarkdownLimit = 1_000_000,
    source_root: options.SourceRoot = None,
    sarif_inventory: options.SarifInventory = None,
    sarif_prefix: options.SarifPrefix = None,
    sarif_category: options.SarifCategory = None,
    sarif_split: options.SarifSplit = None,
    sarif_split_by: options.SarifSplitBy = options.SplitChoice.SUBSCRIPTION,
    fail_on: options.FailOnOption = options.FailOn.HIGH,
    fail_on_unknown: options.FailOnUnknown = False,
    require_complete: options.RequireComplete = False,
    baseline: options.Baseline = None,
    history: options.History = None,
    exemptions: options.Exemptions = None,
    policy_exemptions: options.PolicyExemptions = False,
    changes: options.Changes = False,
    no_cache: options.NoCache = False,
    jobs: options.Jobs = 1,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Audit: live by default, --from a snapshot or export, or the --demo tenant."""
    from auditor import api
    from auditor.cli.saved import check_source, saved_source
    from auditor.cli.scan.again import Again
    from auditor.cli.scan.ahead import Ahead
    from auditor.cli.scan.sarif_output import SarifOptions, with_places, write_split
    from auditor.cli.terminal.output import outputs_of, render_options, with_meanings, write_reports
    from auditor.cli.terminal.steps import Steps
    from auditor.evaluate.baseline import load_baseline
    from auditor.report.registry import DRAWING
    from auditor.rules.model import Severity

    ahead = Ahead.of(code_paths, with_code, deploy_scope, only_new)
    check_source(source_path, demo=demo, assume_complete=assume_complete)
    for_scanning = SarifOptions(
        source_root, sarif_inventory, sarif_prefix, sarif_category, sarif_split, sarif_split_by.value
    )
    for_scanning.check()
    acceptance = choose_exemptions(exemptions, policy_exemptions, rule_paths)
    known_before = load_baseline(baseline) if baseline else None
    kept = History.of(history, alone=not code_paths and not with_code)
    outputs = outputs_of(output_format, output, reports or [])
    steps = Steps(wanted=verbose, quiet=quiet)
    with steps.step("load rules"):
        choice = choose_rules(
            rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters, overrides
        )
    formats = [wanted.format for wanted in outputs]
    again = Again.of(
        source_path,
        choice,
        rule_paths,
        # What passed, which the page for who answers for it all needs, is not kept.
        (no_cache, verbose, "html" in formats, ahead.paths, subscription, management_group, resource_group, tag),
        assume_complete=assume_complete,
        passed=include_passed,
    )
    with steps.step("read resources"):
        found = again.source(lambda: saved_source(source_path, demo=demo, assume_complete=assume_complete))
    if found is None and not ahead.is_alone:
        from auditor.cli.live import collect_live, live_options
        from auditor.inventory.changes import CHANGES_KEY

        with steps.step("collect"):
            found = collect_live(
                live_options(
                    cloud,
                    credential,
                    tenant,
                    subscription,
                    management_group,
                    source.value,
                    verbose=verbose,
                    quiet=quiet,
                ),
                choice.types | acceptance.types | for_scanning.types | ({CHANGES_KEY} if changes else frozenset()),
            )
    found = ahead.laid_over(found)
    reach = ahead.reached(found, choice)
    facts = None if again.report else ahead.facts_of(found)
    selection = selected(
        found, subscription, management_group, resource_group, tag, live=not demo and source_path is None
    )
    report = again.audited(
        found,
        lambda: api.audit(
            found,
            choice,
            facts=facts,
            keep_passed=include_passed,
            who_passed="html" in formats,
            watch=steps,
            selection=selection,
            jobs=jobs,
            reach=reach,
        ),
        choice.frameworks_for(formats),
    )
    accepted, refused = acceptance.of(found)
    report = api.judge(
        ahead.shown(report, choice, selection, jobs),
        found,
        fail_on=None if fail_on is options.FailOn.NONE else Severity(fail_on.value),
        fail_on_unknown=fail_on_unknown,
        require_complete=require_complete,
        exemptions=accepted,
        baseline=known_before,
    )
    report = kept.told(report)
    if not DRAWING.isdisjoint(formats):
        with steps.step("draw"):
            report = api.draw(report, found, facts, selection=selection)
    rendering = with_meanings(
        render_options(group_by, include_passed, width, verbose, markdown_limit),
        owner_tag,
        environment_tag,
        data_class_tag,
    )
    rendering = with_places(rendering, for_scanning, report, found, ahead)
    told = (
        *write_reports(report, outputs, rendering, steps),
        *write_split(for_scanning, report, rendering, found.manifest.management_groups),
    )
    kept.keep(report)
    _warn(
        *_one_process(jobs),
        *found.notices,
        *report.notices,
        *refused,
        *(known_before.notices(report) if known_before else ()),
        *told,
    )
    _warn(
        *_without_effect(found, saved=demo or bool(source_path), signed_in=bool(tenant or credential), changes=changes)
    )
    steps.finish()
    raise typer.Exit(_exit_code(report, quiet=quiet))


def _without_effect(found: Source, *, saved: bool, signed_in: bool, changes: bool) -> Iterator[str]:
    """What was asked of a live scan where nothing was read live."""
    if saved and signed_in:
        yield "--tenant and --credential are for live scans: they changed nothing"
    if saved and changes and not found.inventory.change_records:
        yield "--changes is for live scans, and what was read before holds none: collect with --changes"


def _one_process(jobs: int) -> tuple[str, ...]:
    from auditor.evaluate.jobs import can_fork

    return () if jobs == 1 or can_fork() else ("--jobs: this system cannot fork processes, one judged alone",)


def _exit_code(report: Report, *, quiet: bool) -> int:
    """What the gate says, by the exit code and in words."""
    verdict = report.verdict
    assert verdict is not None  # noqa: S101 - `judge` sets it
    if verdict.reasons and not quiet:
        say("gate: fails, " + "; ".join(verdict.reasons))
    return int(verdict.exit_code)


def _warn(*texts: str) -> None:
    for text in dict.fromkeys(texts):
        warn(text)
