"""`auditor scan`: audit, report, and say by the exit code whether the gate holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options
from auditor.cli.messages import note, say, warn
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.inventory.source import Source


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("scan", help="Audit: live by default, --from a snapshot or export, or the --demo tenant.")(scan)


def scan(
    demo: Annotated[bool, typer.Option("--demo", help="Audit the built-in demo tenant; needs no Azure.")] = False,
    source_path: Annotated[
        Path | None,
        typer.Option("--from", help="Audit a snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
    ] = None,
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
    source_root: options.SourceRoot = None,
    sarif_inventory: options.SarifInventory = None,
    sarif_prefix: options.SarifPrefix = None,
    sarif_category: options.SarifCategory = None,
    sarif_split: options.SarifSplit = None,
    fail_on: options.FailOnOption = options.FailOn.HIGH,
    fail_on_unknown: options.FailOnUnknown = False,
    require_complete: options.RequireComplete = False,
    baseline: options.Baseline = None,
    exemptions: options.Exemptions = None,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Audit: live by default, --from a snapshot or export, or the --demo tenant."""
    from auditor.cli.audit import audit
    from auditor.cli.output import outputs_of, render_options, write_reports
    from auditor.cli.rule_choice import choose_rules
    from auditor.cli.sarif_output import SarifOptions, with_places, write_split
    from auditor.cli.steps import Steps
    from auditor.evaluate.baseline import load_baseline
    from auditor.evaluate.exemptions import apply_exemptions, load_exemptions
    from auditor.evaluate.gate import GatePolicy, judge
    from auditor.rules.model import Severity

    if demo and source_path:
        raise UsageError("--demo and --from exclude each other", remedy="Give one of them.")
    for_scanning = SarifOptions(source_root, sarif_inventory, sarif_prefix, sarif_category, sarif_split)
    for_scanning.check()
    accepted = load_exemptions(exemptions or [])
    known_before = load_baseline(baseline) if baseline else None
    outputs = outputs_of(output_format, output, reports or [])
    steps = Steps(wanted=verbose)
    with steps.step("load rules"):
        choice = choose_rules(rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters)
    if demo or source_path:
        with steps.step("read resources"):
            found = _saved(source_path)
    else:
        from auditor.cli.live import LiveOptions, collect_live

        live = LiveOptions(
            cloud, credential, tenant, tuple(subscription or ()), management_group, source.value, verbose, quiet
        )
        with steps.step("collect"):
            found = collect_live(live, choice.types)
    report = audit(
        found,
        choice.rules,
        notices=choice.notices,
        partial=choice.partial,
        keep_passed=include_passed,
        steps=steps,
        quiet=quiet,
    )
    applied = apply_exemptions(report, accepted, found.inventory, datetime.now(UTC))
    report = applied.report
    rendering = render_options(group_by.value, include_passed, width, verbose)
    rendering = with_places(rendering, for_scanning, report, found.inventory, found.manifest.cloud)
    told = write_reports(report, outputs, rendering, steps)
    if sarif_split:
        told += write_split(sarif_split, report, rendering)
    for text in (*found.notices, *report.notices, *told):
        warn(text)
    if (demo or source_path) and (tenant or subscription or management_group or credential):
        note("--tenant, --subscription, --management-group and --credential are for live scans: nothing was filtered")
    steps.finish()
    policy = GatePolicy(
        fail_on=None if fail_on is options.FailOn.NONE else Severity(fail_on.value),
        fail_on_unknown=fail_on_unknown,
        require_complete=require_complete,
    )
    known = known_before.accepts(report) if known_before else frozenset()
    verdict = judge(report, policy, known=known, lapsed=applied.lapsed)
    if verdict.reasons and not quiet:
        say("gate: fails, " + "; ".join(verdict.reasons))
    raise typer.Exit(int(verdict.exit_code))


def _saved(path: Path | None) -> Source:
    """A snapshot or export; the demo tenant where no path is given."""
    from auditor.inventory.demo import open_demo
    from auditor.inventory.source import open_source

    return open_source(path) if path else open_demo()
