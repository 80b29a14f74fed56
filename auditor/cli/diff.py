"""`auditor diff`: what changed between two JSON reports, or between two snapshots or exports."""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.messages import plain
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.evaluate.diff import Change


class DiffFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("diff", help="What got worse, better, appeared or went away between two audits.")(diff)


def diff(
    old: Annotated[Path, typer.Argument(help="The earlier JSON report, snapshot or export.")],
    new: Annotated[Path, typer.Argument(help="The later one, of the same kind.")],
    output_format: Annotated[DiffFormat, typer.Option("--format", "-f", help="table or json.")] = DiffFormat.TABLE,
    fail_on: options.FailOnOption = options.FailOn.HIGH,
) -> None:
    """What got worse, better, appeared or went away between two audits."""
    from auditor.cli.audit import audit
    from auditor.cli.rule_choice import choose_rules
    from auditor.evaluate.baseline import load_baseline
    from auditor.evaluate.diff import changes, property_changes
    from auditor.inventory.source import open_source
    from auditor.report.json_report import document

    reports = [_report(path) for path in (old, new)]
    properties: list[dict[str, Any]] = []
    if all(reports):
        documents = [report or {} for report in reports]
        known = load_baseline(old), load_baseline(new)
    elif any(reports):
        raise UsageError("a report and a snapshot cannot be compared", remedy="Give two of one kind.")
    else:
        rules = choose_rules(None, False, None, None, None, None, None).rules
        sources = [open_source(path) for path in (old, new)]
        documents = [document(audit(source, rules)) for source in sources]
        known = _baseline(old, documents[0]), _baseline(new, documents[1])
        properties = [
            {"resource": c.resource, "path": c.path, "before": c.before, "after": c.after}
            for c in property_changes(sources[0].inventory, sources[1].inventory)
        ]
    found = changes(*known)
    shown = _described(found, documents)
    if output_format is DiffFormat.JSON:
        typer.echo(json.dumps({"schema_version": "1.0", "results": shown, "properties": properties}, indent=2))
    else:
        typer.echo(_table(shown, properties))
    raise typer.Exit(ExitCode.GATE if any(_fails(change, fail_on) for change in found) else ExitCode.OK)


def _report(path: Path) -> dict[str, Any] | None:
    """The JSON report at a path; None where it is something else, which `open_source` then judges."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig")) if path.suffix == ".json" else None
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "schema_version" in value and "results" in value else None


def _baseline(path: Path, document: dict[str, Any]) -> Any:
    from auditor.evaluate.baseline import Baseline
    from auditor.evaluate.model import Outcome
    from auditor.rules.model import Severity

    known = {r["fingerprint"]: (Outcome(r["outcome"]), Severity(r["severity"])) for r in document["results"]}
    return Baseline(str(path), known)


def _described(found: tuple[Change, ...], documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_mark = {result["fingerprint"]: result for document in documents for result in document["results"]}
    return [
        {
            "direction": change.direction.value,
            "rule": by_mark[change.fingerprint]["rule"],
            "severity": by_mark[change.fingerprint]["severity"],
            "resource": by_mark[change.fingerprint]["resource"]["id"],
            "before": change.before[0].value if change.before else None,
            "after": change.after[0].value if change.after else None,
            "fingerprint": change.fingerprint,
        }
        for change in found
    ]


def _fails(change: Change, fail_on: options.FailOn) -> bool:
    from auditor.evaluate.diff import Direction
    from auditor.evaluate.model import Outcome
    from auditor.rules.model import Severity

    if fail_on is options.FailOn.NONE or change.after is None or change.after[0] is not Outcome.FAIL:
        return False
    worse = change.direction in (Direction.APPEARED, Direction.WORSE)
    return worse and change.after[1].rank <= Severity(fail_on.value).rank


def _table(shown: list[dict[str, Any]], properties: list[dict[str, Any]]) -> str:
    counts = Counter(item["direction"] for item in shown)
    lines = [", ".join(f"{number} {name}" for name, number in counts.items()) or "no result changed"]
    for item in shown:
        how = f"{item['before'] or '-'} -> {item['after'] or '-'}"
        lines.append(
            plain(f"  {item['direction']:<9}  {item['severity']:<8}  {item['rule']}  {how}  {item['resource']}")
        )
    resource = ""
    for item in properties:
        if item["resource"] != resource:
            resource = item["resource"]
            lines.append(plain(resource))
        before, after = (json.dumps(item[side]) for side in ("before", "after"))
        lines.append(plain(f"  {item['path'] or '(resource)'}: {before} -> {after}"))
    return "\n".join(lines)
