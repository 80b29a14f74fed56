"""`auditor diff`: what changed between two JSON reports, or between two snapshots or exports."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import say, warn
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.api import RuleChoice
    from auditor.evaluate.difference import Change, Difference
    from auditor.inventory.inventory import Inventory

_LARGEST = 512 * 1024 * 1024


class DiffFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("diff", help="What got worse, better, appeared or went away between two audits.")(diff)


def diff(
    old: Annotated[Path, typer.Argument(help="The earlier JSON report, snapshot or export.")],
    new: Annotated[Path, typer.Argument(help="The later one, of the same kind.")],
    output_format: Annotated[
        DiffFormat, typer.Option("--format", "-f", help="table, json, markdown or html.")
    ] = DiffFormat.TABLE,
    output: options.OutputFile = None,
    width: options.Width = None,
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    overrides: options.Overrides = None,
    fail_on: Annotated[
        options.FailOn,
        typer.Option("--fail-on", help="Exit 1 for new or worse findings of this severity or worse."),
    ] = options.FailOn.NONE,
) -> None:
    """What got worse, better, appeared or went away between two audits.

    Reports tell results and their evidence; snapshots and exports are judged anew by the same rules, and their
    resources compared property by property.
    """
    for path in (old, new):
        if not path.exists():
            raise UsageError(
                "there is no such file or folder", subject=str(path), remedy="Name two reports, snapshots or exports."
            )
    documents = [_report(path) for path in (old, new)]
    if any(documents) and not all(documents):
        report, other = (old, new) if documents[0] else (new, old)
        raise UsageError(
            f"a report and a snapshot cannot be compared: {report} is a report, {other} is none",
            remedy="Give two of one kind.",
        )
    if all(documents):
        if rule_paths or no_builtin or select or ignore or overrides:
            raise UsageError("rules are chosen where two snapshots are compared", remedy="Leave these options out.")
        difference = _of_reports([document or {} for document in documents], old, new)
    else:
        from auditor.cli.options.rule_choice import choose_rules

        rules = choose_rules(rule_paths, no_builtin, select, ignore, None, None, None, overrides)
        difference = _of_sources(old, new, rules)
    _write(difference, output_format, output, width)
    for text in difference.notices:
        warn(text)
    failing = [change for change in difference.results if _fails(change, fail_on)]
    if failing:
        noun = "finding" if len(failing) == 1 else "findings"
        say(f"gate: fails, {len(failing):,} new or worse {noun} at or above {fail_on.value}")
    raise typer.Exit(ExitCode.GATE if failing else ExitCode.OK)


def _of_reports(
    documents: list[dict[str, Any]], old: Path, new: Path, inventories: Sequence[Inventory | None] = (None, None)
) -> Difference:
    from auditor.evaluate.diff import Audit, comparability, result_changes
    from auditor.evaluate.difference import Difference
    from auditor.evaluate.saved_report import check_report

    for document, path in zip(documents, (old, new), strict=True):
        check_report(document, str(path))
    before, after = (Audit.of(*pair) for pair in zip(documents, inventories, strict=True))
    return Difference(
        result_changes(before, after), (), compares_resources=False, notices=tuple(comparability(before, after))
    )


def _of_sources(old: Path, new: Path, rules: RuleChoice) -> Difference:
    from auditor.api import audit
    from auditor.evaluate.property_diff import property_changes
    from auditor.report.json_report import document
    from auditor.snapshot.opening import open_source

    sources = [open_source(path) for path in (old, new)]
    inventories = [source.inventory for source in sources]
    documents = [document(audit(source, rules)) for source in sources]
    difference = _of_reports(documents, old, new, inventories)
    properties = tuple(property_changes(inventories[0], inventories[1]))
    told = tuple(text for source in sources for text in source.notices)
    return replace(
        difference, properties=properties, compares_resources=True, notices=(*difference.notices, *dict.fromkeys(told))
    )


def _report(path: Path) -> dict[str, Any] | None:
    """The JSON report at a path; None where it is something else, which `open_source` then judges."""
    try:
        if path.suffix.lower() == ".db" or path.stat().st_size > _LARGEST:
            return None
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "schema_version" in value and "results" in value else None


def _write(difference: Difference, chosen: DiffFormat, output: Path | None, width: int | None) -> None:
    import shutil

    from auditor.cli.terminal.output import write_file
    from auditor.cli.terminal.streams import write_stdout
    from auditor.report.difference import as_html, as_json, as_markdown, as_table

    match chosen:
        case DiffFormat.JSON:
            text = as_json(difference)
        case DiffFormat.MARKDOWN:
            text = as_markdown(difference)
        case DiffFormat.HTML:
            text = as_html(difference)
        case DiffFormat.TABLE:
            text = as_table(difference, width or shutil.get_terminal_size((100, 24)).columns)
    data = (text + "\n").encode("utf-8", "replace")
    if output:
        write_file(output, data)
        return
    write_stdout(data)


def _fails(change: Change, fail_on: options.FailOn) -> bool:
    from auditor.rules.model import Severity

    if fail_on is options.FailOn.NONE:
        return False
    return change.is_new_finding and change.severity.rank <= Severity(fail_on.value).rank
