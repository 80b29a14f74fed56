"""`auditor scan`: audit, report, and say by the exit code whether the gate holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import say, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.evaluate.baseline import Baseline
    from auditor.evaluate.exemptions import Acceptance
    from auditor.evaluate.gate import GatePolicy
    from auditor.evaluate.model import Report
    from auditor.inventory.inventory import Inventory


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("scan", help="Audit: live by default, --from a snapshot or export, or the --demo tenant.")(scan)


def scan(
    demo: Annotated[bool, typer.Option("--demo", help="Audit the built-in demo tenant; needs no Azure.")] = False,
    source_path: Annotated[
        Path | None,
        typer.Option("--from", help="Audit a snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
    ] = None,
    assume_complete: options.AssumeComplete = False,
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
    output_format: options.Format = "table",
    output: options.OutputFile = None,
    reports: options.Reports = None,
    include_passed: options.IncludePassed = False,
    group_by: options.GroupBy = options.GroupChoice.RULE,
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
    exemptions: options.Exemptions = None,
    policy_exemptions: options.PolicyExemptions = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Audit: live by default, --from a snapshot or export, or the --demo tenant."""
    from auditor.cli.audit import audit, with_pictures
    from auditor.cli.options.acceptance import choose_exemptions
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.cli.saved import check_source, saved_source
    from auditor.cli.scan.sarif_output import SarifOptions, with_places, write_split
    from auditor.cli.terminal.output import outputs_of, render_options, write_reports
    from auditor.cli.terminal.steps import Steps
    from auditor.evaluate.baseline import load_baseline
    from auditor.evaluate.gate import GatePolicy
    from auditor.facts.registry import FactStore
    from auditor.rules.model import Severity

    check_source(source_path, demo=demo, assume_complete=assume_complete)
    for_scanning = SarifOptions(
        source_root, sarif_inventory, sarif_prefix, sarif_category, sarif_split, sarif_split_by.value
    )
    for_scanning.check()
    acceptance = choose_exemptions(exemptions, policy_exemptions, rule_paths)
    known_before = load_baseline(baseline) if baseline else None
    outputs = outputs_of(output_format, output, reports or [])
    steps = Steps(wanted=verbose)
    with steps.step("load rules"):
        choice = choose_rules(rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters)
    with steps.step("read resources"):
        found = saved_source(source_path, demo=demo, assume_complete=assume_complete)
    if found is None:
        from auditor.cli.live import LiveOptions, collect_live

        live = LiveOptions(
            cloud, credential, tenant, tuple(subscription or ()), management_group, source.value, verbose, quiet
        )
        with steps.step("collect"):
            found = collect_live(live, choice.types | acceptance.types | for_scanning.types)
    facts = FactStore(found.inventory)
    report = audit(
        found,
        choice.rules,
        notices=choice.notices,
        partial=choice.partial,
        keep_passed=include_passed,
        steps=steps,
        quiet=quiet,
        facts=facts,
        frameworks=choice.frameworks_for([wanted.format for wanted in outputs]),
    )
    accepted, refused = acceptance.of(found)
    severity = None if fail_on is options.FailOn.NONE else Severity(fail_on.value)
    policy = GatePolicy(severity, fail_on_unknown, require_complete)
    report = with_pictures(
        _judged(report, accepted, found.inventory, policy, known_before),
        found,
        facts,
        [wanted.format for wanted in outputs],
        steps,
    )
    rendering = render_options(group_by.value, include_passed, width, verbose, markdown_limit)
    rendering = with_places(rendering, for_scanning, report, found.inventory, found.manifest.cloud)
    told = write_reports(report, outputs, rendering, steps)
    if sarif_split:
        told += write_split(for_scanning, report, rendering, found.manifest.management_groups)
    known = known_before.notices(report) if known_before else []
    for text in (*found.notices, *report.notices, *refused, *known, *told):
        warn(text)
    if (demo or source_path) and (tenant or subscription or management_group or credential):
        warn("--tenant, --subscription, --management-group and --credential are for live scans: nothing was filtered")
    steps.finish()
    verdict = report.verdict
    assert verdict is not None  # noqa: S101 - `_judged` sets it
    if verdict.reasons and not quiet:
        say("gate: fails, " + "; ".join(verdict.reasons))
    raise typer.Exit(int(verdict.exit_code))


def _judged(
    report: Report,
    accepted: Sequence[Acceptance],
    inventory: Inventory,
    policy: GatePolicy,
    known_before: Baseline | None,
) -> Report:
    """The report with exemptions applied and the gate's verdict on it."""
    from auditor.evaluate.exemptions import apply_exemptions
    from auditor.evaluate.gate import judge

    applied = apply_exemptions(report, accepted, inventory, datetime.now(UTC))
    known = known_before.accepts(applied.report) if known_before else None
    return replace(applied.report, verdict=judge(applied.report, policy, known=known, lapsed=applied.lapsed))
