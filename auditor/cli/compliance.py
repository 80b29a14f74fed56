"""`auditor compliance`: which controls of a framework hold, fail, or have no answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import note, say, warn
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.api import RuleChoice
    from auditor.cli.options.acceptance import AcceptanceChoice
    from auditor.evaluate.model import Report
    from auditor.report.compliance import Listed, Posture
    from auditor.report.compliance_formats import Scores
    from auditor.report.model import RenderOptions
    from auditor.snapshot.source import Source

_CONTROLS = "Which controls"


class ComplianceFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class StateChoice(StrEnum):
    """What `--state` takes: `auditor.report.compliance.ControlState`, with hyphens."""

    FAILED = "failed"
    UNANSWERED = "unanswered"
    EXEMPT = "exempt"
    PASSED = "passed"
    NOT_ASSESSED = "not-assessed"
    NOT_COVERED = "not-covered"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compliance", help="Which controls of a framework hold, fail, or have no answer.")(compliance)


def compliance(
    framework: options.Framework = None,
    control: Annotated[
        str | None,
        typer.Option("--control", metavar="ID", help="One control: its rules, what fails.", rich_help_panel=_CONTROLS),
    ] = None,
    state: Annotated[
        list[StateChoice] | None,
        typer.Option("--state", help="Only controls in this state. Repeatable.", rich_help_panel=_CONTROLS),
    ] = None,
    failed_only: Annotated[
        bool, typer.Option("--failed-only", help="Only controls that failed.", rich_help_panel=_CONTROLS)
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Those that no rule covers too.", rich_help_panel=_CONTROLS)
    ] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Audit the built-in demo tenant; needs no Azure.")] = False,
    source_path: Annotated[
        Path | None,
        typer.Option("--from", help="Audit a snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
    ] = None,
    assume_complete: options.AssumeComplete = False,
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
    overrides: options.Overrides = None,
    exemptions: options.Exemptions = None,
    policy_exemptions: options.PolicyExemptions = False,
    output_format: Annotated[
        ComplianceFormat, typer.Option("--format", "-f", help="table, json, csv or markdown.")
    ] = ComplianceFormat.TABLE,
    output: options.OutputFile = None,
    owner_tag: options.OwnerTag = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="DIR",
            help="Write what an auditor asks for into this folder: CSV and XLSX for each control, a summary.",
        ),
    ] = None,
    width: options.Width = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            metavar="PERCENT",
            min=0,
            max=100,
            help="Exit 1 where a framework passed less of its assessed controls.",
        ),
    ] = None,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Which controls of a framework hold, fail, or have no answer."""
    from auditor import api
    from auditor.cli.live import collect_live, live_options
    from auditor.cli.options.acceptance import choose_exemptions
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.cli.options.selected import selected
    from auditor.cli.own_folder import OwnFolder
    from auditor.cli.saved import check_source, saved_source
    from auditor.cli.terminal.output import check_place, render_options, with_meanings
    from auditor.cli.terminal.steps import Steps
    from auditor.report.compliance import postures
    from auditor.report.evidence.pack import files
    from auditor.report.score import by_owner, by_subscription

    check_source(source_path, demo=demo, assume_complete=assume_complete)
    if output:
        check_place(output)
    pack = OwnFolder(evidence) if evidence else None
    listed = _listed(
        state or [], control or "", failed_only=failed_only, every=every, machine=output_format in _MACHINE
    )
    acceptance = choose_exemptions(exemptions, policy_exemptions, rule_paths)
    steps = Steps(wanted=verbose, quiet=quiet)
    with steps.step("load rules"):
        choice = choose_rules(rule_paths, no_builtin, None, None, framework, None, None, overrides)
    if control:
        _check_control(control, choice)
    with steps.step("read resources"):
        found = saved_source(source_path, demo=demo, assume_complete=assume_complete)
    saved = found is not None
    if found is None:
        live = live_options(
            cloud, credential, tenant, subscription, management_group, source.value, verbose=verbose, quiet=quiet
        )
        with steps.step("collect"):
            found = collect_live(live, choice.types | acceptance.types)
    selection = selected(found, subscription, management_group, resource_group, tag, live=not saved)
    report = api.audit(
        found,
        choice,
        frameworks=choice.frameworks,
        keep_passed=bool(pack),
        who_passed=True,
        watch=steps,
        selection=selection,
    )
    report, refused = _accepted(report, acceptance, found)
    names = choice.framework_names
    shown = [posture for posture in postures(report) if posture.framework in names or (posture.controls and not names)]
    rendering = with_meanings(render_options("rule", False, width, verbose), owner_tag, None, None)
    if output:
        rendering = replace(rendering, colour=False, hyperlinks=False)
    scores = {"subscription": by_subscription(report), "owner": by_owner(report, rendering.meanings)}
    glance = not (names or state or failed_only or every)
    _write(_text(report, shown, listed, output_format, rendering, scores, glance=glance), output)
    if pack:
        with steps.step("write evidence"):
            written = pack.write(files(report, shown, scores, rendering.meanings, control or ""))
        note(f"evidence: {written:,} files in {evidence}; begin with summary.html")
    for message in dict.fromkeys((*found.notices, *report.notices, *refused)):
        warn(message)
    steps.finish()
    _gate(shown, fail_under, quiet=quiet)


def _accepted(report: Report, acceptance: AcceptanceChoice, found: Source) -> tuple[Report, tuple[str, ...]]:
    from auditor.evaluate.exemptions import apply_exemptions

    accepted, refused = acceptance.of(found)
    return apply_exemptions(report, accepted, found.inventory, datetime.now(UTC)).report, tuple(refused)


_MACHINE = (ComplianceFormat.JSON, ComplianceFormat.CSV)


def _listed(chosen: list[StateChoice], control: str, *, failed_only: bool, every: bool, machine: bool) -> Listed:
    """What was asked for; without that all, and what no rule covers only for machines and one control."""
    from auditor.report.compliance import ControlState, Listed

    if failed_only and (chosen or every):
        raise UsageError("--failed-only excludes --state and --all", remedy="Give one of them.")
    states = {ControlState(each.value.replace("-", " ")) for each in chosen} or set(ControlState)
    if failed_only:
        states = {ControlState.FAILED}
    elif every:
        states.add(ControlState.NOT_COVERED)
    elif not (chosen or machine or control):
        states.remove(ControlState.NOT_COVERED)
    return Listed(frozenset(states), control)


def _check_control(control: str, choice: RuleChoice) -> None:
    """Refuse a control that no framework has, before anything is collected."""
    from auditor.rules.conditions.problems import nearest

    known = {each.id for framework in choice.frameworks for each in framework.controls}
    known |= {
        each
        for rule in choice.rules
        for name, controls in rule.frameworks.items()
        if name in choice.framework_names or not choice.framework_names
        for each in controls
    }
    if control.lower() not in {each.lower() for each in known}:
        hint = nearest(control, known)
        where = ", ".join(choice.framework_names) or "any framework"
        raise UsageError(
            f"--control {control!r} is not in {where}",
            remedy=f"{hint[:1].upper()}{hint[1:]} --framework NAME --all lists all controls of one.".strip(),
        )


def _text(
    report: Report,
    shown: list[Posture],
    listed: Listed,
    output_format: ComplianceFormat,
    rendering: RenderOptions,
    scores: Scores,
    *,
    glance: bool,
) -> str:
    from auditor.report import compliance_formats, compliance_table

    if listed.control:
        shown = [posture for posture in shown if any(control in listed for control in posture.every)]
    match output_format:
        case ComplianceFormat.JSON:
            return compliance_formats.as_json(shown, listed, scores)
        case ComplianceFormat.CSV:
            return compliance_formats.as_csv(shown, listed)
        case ComplianceFormat.MARKDOWN:
            return compliance_formats.as_markdown(shown, listed, scores)
    if listed.control:
        return compliance_table.control_page(report, shown, listed, rendering)
    if glance:
        return compliance_table.overview(report, shown, rendering, scores)
    return compliance_table.details(report, shown, rendering, listed, scores)


def _write(text: str, path: Path | None) -> None:
    from auditor.cli.terminal.output import write_file
    from auditor.cli.terminal.streams import write_stdout

    if path:
        write_file(path, text.encode("utf-8", "replace"))
        return
    write_stdout(text)


def _gate(shown: list[Posture], fail_under: float | None, *, quiet: bool) -> None:
    """Exit 1 where a framework passed less than asked for; one of which nothing was assessed passed nothing."""
    if fail_under is None:
        return
    low = [each for each in shown if (each.passed_percent if each.passed_percent is not None else -1.0) < fail_under]
    told = [
        f"{each.framework} passed {each.passed_percent:g} %"
        if each.passed_percent is not None
        else f"of {each.framework} no control was assessed"
        for each in low
    ]
    if low and not quiet:
        say(f"gate: fails, below {fail_under:g} %: " + "; ".join(told))
    if low:
        raise typer.Exit(int(ExitCode.GATE))
