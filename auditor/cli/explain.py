"""`auditor explain`: everything that is known of one result."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.options import declared as options
from auditor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.evaluate.model import Report, Result
    from auditor.facts.registry import FactStore
    from auditor.snapshot.source import Source

_SHORTEST = 6
"""Digits of a fingerprint that are enough to look for."""
_LISTED = 20
"""References that the page shows of each direction; JSON has all."""
_LONGEST = 2_000


class ExplainFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain", help="Everything that is known of one finding, and how to mend or accept it.")(explain)


def explain(
    finding: Annotated[str, typer.Argument(help="A fingerprint or its beginning; or a rule, with RESOURCE.")],
    resource: Annotated[str, typer.Argument(help="Beside a rule: a resource by name or id.")] = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="The snapshot or export to look in.", metavar="PATH", show_default="tenant.db"),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Look in the built-in demo tenant; needs no Azure.")] = False,
    assume_complete: options.AssumeComplete = False,
    rule_paths: options.RulePaths = None,
    overrides: options.Overrides = None,
    output_format: Annotated[
        ExplainFormat, typer.Option("--format", "-f", help="table or json.")
    ] = ExplainFormat.TABLE,
) -> None:
    """Everything that is known of one finding, and how to mend or accept it."""
    from auditor import api
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.cli.saved import check_source, saved_source
    from auditor.cli.terminal.messages import plain
    from auditor.cli.terminal.streams import write_stdout
    from auditor.facts.registry import FactStore

    path = None if demo else source or Path("tenant.db")
    check_source(source if demo else path, demo=demo, assume_complete=assume_complete)
    select = [finding] if resource else None
    rules = choose_rules(rule_paths, False, select, None, None, None, None, overrides)
    found = saved_source(path, demo=demo, assume_complete=assume_complete)
    assert found is not None  # noqa: S101 - there is a path or the demo
    facts = FactStore(found.inventory, found.manifest.finished_at)
    report = api.audit(found, rules, facts=facts, keep_passed=True)
    chosen = _chosen(report, finding, resource)
    told = _told(chosen, found, facts)
    if output_format is ExplainFormat.JSON:
        write_stdout(json.dumps(told, indent=2, default=str) + "\n")
        return
    write_stdout(plain("\n".join(_page(told, chosen))) + "\n")


def _chosen(report: Report, finding: str, resource: str) -> Result:
    """The one result that is meant. Raises UsageError where there is none, or several."""
    if resource:
        wanted = resource.lower().rstrip("/")
        found = [
            one
            for one in report.results
            if wanted
            in (one.subject.id.lower().rstrip("/"), one.subject.name.lower(), one.subject.id.lower().rpartition("/")[2])
        ]
        what = f"{finding} of {resource}"
    else:
        if len(finding) < _SHORTEST:
            raise UsageError(
                f"{finding!r} is too short for a fingerprint",
                remedy=f"Give {_SHORTEST} digits or more, or a rule and a resource: auditor explain RULE RESOURCE.",
            )
        found = [one for one in report.results if one.fingerprint.startswith(finding.lower())]
        what = finding
    if not found:
        raise UsageError(
            f"there is no result {what}",
            remedy="Fingerprints are in every report but the table; or give a rule and a resource: "
            "auditor explain RULE RESOURCE.",
        )
    if len(found) > 1:
        names = ", ".join(f"{one.fingerprint[:12]} ({one.rule.id}, {one.subject.name})" for one in found[:5])
        raise UsageError(f"{what} is {len(found)} results", remedy=f"Give one fingerprint: {names}.")
    return found[0]


def _told(result: Result, source: Source, facts: FactStore) -> dict[str, Any]:
    from auditor.evaluate.model import evidence_hash
    from auditor.inventory.model import Unread
    from auditor.report.changed import changed_entry

    rule, subject = result.rule, result.subject
    held = source.inventory.get(subject.id)
    families: dict[str, Any] = {}
    for family in sorted(rule.needs.facts):
        value = facts.get(family, held) if held else None
        if value is not None:
            families[family] = {"unread": value.gap.message} if isinstance(value, Unread) else value
    out = [{"path": one.path, "resource": one.target} for one in source.inventory.references_from(held)] if held else []
    into = source.inventory.references_to(subject.id)
    return {
        "schema_version": "1.0",
        "rule": rule.id,
        "title": rule.title,
        "severity": rule.severity.value,
        "outcome": result.outcome.value,
        "message": result.message,
        "fingerprint": result.fingerprint,
        "resource": {"id": subject.id, "type": subject.type, "name": subject.name},
        "description": rule.description.strip(),
        "evidence": [{"path": one.path, "actual": one.actual, "expected": one.expected} for one in result.evidence],
        "evidence_hash": evidence_hash(result.evidence),
        **({"changed": changed_entry(result.changed)} if result.changed else {}),
        "gaps": [{"scope": gap.scope, "operation": gap.operation, "message": gap.message} for gap in result.gaps],
        "facts": families,
        "refers_to": out,
        "referred_to_by": [{"resource": one.source, "path": one.path} for one in into],
        "fix": {"text": rule.remediation.text.strip(), "command": result.command},
        "references": list(rule.references),
        "exemption": _snippet(result) if result.outcome.value == "fail" else "",
    }


def _snippet(result: Result) -> str:
    """An entry of an exemption file, with what only a person knows as words in capitals."""
    from auditor.evaluate.model import evidence_hash

    return "\n".join(
        (
            "exemptions:",
            f"  - rule: {result.rule.id}",
            f"    resource: {json.dumps(_literal(result.subject.id))}",
            "    reason: WHY IT IS ACCEPTED",
            "    owner: WHO ANSWERS FOR IT",
            "    expires: YYYY-MM-DD",
            f'    evidence: "{evidence_hash(result.evidence)}"   # lapses when what was looked at changes',
        )
    )


def _literal(name: str) -> str:
    """A name in which no letter is a glob's."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _page(told: dict[str, Any], result: Result) -> Iterator[str]:
    from auditor.report.changed import changed_words

    yield f"{told['severity'].upper()}  {told['outcome']}  {told['message']}"
    yield f"{told['rule']}: {told['title']}"
    yield told["resource"]["id"]
    yield f"fingerprint {told['fingerprint']}"
    yield from _part("Why", told["description"].splitlines())
    yield from _part(
        "What was found",
        [f"{one['path']} is {_short(one['actual'])}, wanted: {one['expected']}" for one in told["evidence"]],
    )
    if result.changed:
        yield from _part("Last changed", [changed_words(result.changed)])
    yield from _part("What was not read", [f"{gap['operation']}: {gap['message']}" for gap in told["gaps"]])
    yield from _part("Facts", [f"{name}: {_short(value)}" for name, value in told["facts"].items()])
    yield from _part("Refers to", _listed([f"{one['resource']} ({one['path']})" for one in told["refers_to"]]))
    yield from _part(
        "Referred to by", _listed([f"{one['resource']} ({one['path']})" for one in told["referred_to_by"]])
    )
    if told["outcome"] != "pass":
        yield from _part("How to mend it", [*told["fix"]["text"].splitlines(), *told["fix"]["command"].splitlines()])
    yield from _part("How to accept it, in a file for --exemptions", told["exemption"].splitlines())
    yield from _part("Read more", told["references"])


def _part(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield from ("", title, *(f"  {line}" for line in lines))


def _listed(lines: list[str]) -> list[str]:
    hidden = len(lines) - _LISTED
    return [*lines[:_LISTED], f"and {hidden:,} more: --format json"] if hidden > 0 else lines


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "… (--format json has all)"
