"""`auditor compliance`: which controls of a framework hold, fail, or have no answer."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.messages import plain, warn
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.inventory.source import Source
    from auditor.report.compliance import Posture


class ComplianceFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compliance", help="Which controls of a framework hold, fail, or have no answer.")(compliance)


def compliance(
    framework: options.Framework = None,
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
    output_format: Annotated[
        ComplianceFormat, typer.Option("--format", "-f", help="table or json.")
    ] = ComplianceFormat.TABLE,
    quiet: options.Quiet = False,
) -> None:
    """Which controls of a framework hold, fail, or have no answer."""
    from auditor.cli.audit import audit
    from auditor.cli.live import LiveOptions, collect_live
    from auditor.cli.rule_choice import choose_rules
    from auditor.report.compliance import postures

    if demo and source_path:
        raise UsageError("--demo and --from exclude each other", remedy="Give one of them.")
    choice = choose_rules(rule_paths, no_builtin, None, None, framework, None, None)
    found = _saved(source_path, demo=demo)
    if found is None:
        scopes = tuple(subscription or ())
        live = LiveOptions(cloud, credential, tenant, scopes, management_group, source.value, quiet=quiet)
        found = collect_live(live, choice.types)
    report = audit(found, choice.rules, notices=choice.notices, partial=choice.partial)
    wanted = {name.lower() for name in framework or ()}
    shown = [posture for posture in postures(report) if not wanted or posture.framework.lower() in wanted]
    typer.echo(as_json(shown) if output_format is ComplianceFormat.JSON else as_table(shown))
    for text in (*found.notices, *report.notices):
        warn(text)


def _saved(path: Path | None, *, demo: bool) -> Source | None:
    from auditor.inventory.demo import open_demo
    from auditor.inventory.source import open_source

    if demo:
        return open_demo()
    return open_source(path) if path else None


def _counts(posture: Posture) -> dict[str, int]:
    from auditor.report.compliance import ControlState

    return {state.value: sum(control.state is state for control in posture.controls) for state in ControlState}


def _percent(posture: Posture) -> float | None:
    """Passed of passed and failed; None where no control has an answer."""
    return round(100 * posture.passed / posture.assessed, 1) if posture.assessed else None


def as_json(shown: list[Posture]) -> str:
    """The postures as a JSON document, stable in its keys."""
    document: dict[str, Any] = {
        "schema_version": "1.0",
        "denominator": "controls that some rule covers and that passed or failed",
        "frameworks": [
            {
                "framework": posture.framework,
                "passed_percent": _percent(posture),
                "controls_covered": len(posture.controls),
                "counts": {name.replace(" ", "_"): number for name, number in _counts(posture).items()},
                "controls": [
                    {"id": c.id, "state": c.state.value, "findings": c.findings, "rules": list(c.rules)}
                    for c in posture.controls
                ],
            }
            for posture in shown
        ],
    }
    return json.dumps(document, indent=2)


def as_table(shown: list[Posture]) -> str:
    """The postures as text: a line a framework, and its controls below."""
    from auditor.rules.vocabulary import FRAMEWORKS

    lines: list[str] = []
    for posture in shown:
        percent = _percent(posture)
        counts = ", ".join(f"{number} {name}" for name, number in _counts(posture).items())
        share = "no control has an answer" if percent is None else f"{percent:g} % of {posture.assessed} assessed hold"
        lines += [plain(f"{FRAMEWORKS.get(posture.framework, posture.framework)} ({posture.framework})")]
        lines += [f"  {share}; {len(posture.controls)} controls covered by rules: {counts}"]
        width = max(len(control.id) for control in posture.controls)
        for control in posture.controls:
            findings = f"{control.findings:>5} findings" if control.findings else ""
            lines += [plain(f"    {control.id:<{width}}  {control.state.value:<12}  {findings}").rstrip()]
        lines += [""]
    lines += ["Percentages are of the controls that passed or failed. Controls that no rule covers are not listed:"]
    lines += ["they are neither passed nor failed, and need another way to be assessed."]
    return "\n".join(lines)
