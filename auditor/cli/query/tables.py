"""What `auditor query` knows beside resources: results of an audit, exemptions and facts, as tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.snapshot.query import Table

if TYPE_CHECKING:
    from auditor.api import RuleChoice
    from auditor.cli.options.acceptance import AcceptanceChoice
    from auditor.inventory.model import Resource
    from auditor.inventory.selection import Selection
    from auditor.snapshot.source import Source

NAMES = ("results", "findings", "exemptions", "facts")
_RESULT = (
    *("rule", "title", "severity", "topic", "outcome", "message", "fingerprint", "resource_id", "name", "type"),
    *("subscription_id", "subscription", "resource_group", "location", "owner", "environment", "tags", "evidence"),
    *("frameworks", "changed"),
)
_EXEMPTION = ("rule", "severity", "resource_id", "name", "type", "reason", "owner", "expires_at", "source", "ticket")
_FACT = ("family", "resource_id", "name", "type", "value", "unread")


def named_in(sql: str) -> frozenset[str]:
    """Those of our tables whose names a query has."""
    return frozenset(NAMES) & frozenset(re.findall(r"\w+", sql.lower()))


def tables_of(
    source: Source,
    wanted: frozenset[str],
    selection: Selection | None,
    acceptance: AcceptanceChoice,
    rules: RuleChoice | None = None,
) -> dict[str, Table]:
    """The wanted tables of a source, judged by these rules: all built-in ones, where none are given.

    Raises what `auditor.api.audit` raises.
    """
    from auditor import api
    from auditor.facts.registry import FactStore

    facts = FactStore(source.inventory, source.manifest.finished_at)
    made: dict[str, Table] = {}
    if wanted & {"results", "findings", "exemptions"}:
        accepted, _ = acceptance.of(source)
        report = api.judge(api.audit(source, rules, facts=facts, selection=selection), source, exemptions=accepted)
        made = dict(_of_report(report))
    if "facts" in wanted:
        made["facts"] = Table(_FACT, tuple(_facts(source, facts, selection)))
    return {name: table for name, table in made.items() if name in wanted}


def _of_report(report: Any) -> Iterator[tuple[str, Table]]:
    from auditor.report.json_report import document

    told = document(report)
    rows = [(one["outcome"], _result(one, told["rules"].get(one["rule"], {}))) for one in told["results"]]
    yield "results", Table(_RESULT, tuple(row for _, row in rows))
    yield "findings", Table(_RESULT, tuple(row for outcome, row in rows if outcome == "fail"))
    yield "exemptions", Table(_EXEMPTION, tuple(_exemption(one) for one in told["results"] if one["exemption"]))


def _result(one: Mapping[str, Any], rule: Mapping[str, Any]) -> tuple[str | None, ...]:
    place = one["resource"]
    return (
        *(one["rule"], one["title"], one["severity"], rule.get("topic"), one["outcome"], one["message"]),
        *(one["fingerprint"], place["id"], place["name"], place["type"], place["subscription_id"]),
        *(place["subscription"], place["resource_group"], place["location"], place["owner"], place["environment"]),
        *(json.dumps(place["tags"]), json.dumps(one["evidence"], default=str), json.dumps(rule.get("frameworks", {}))),
        json.dumps(one["changed"]) if "changed" in one else None,
    )


def _exemption(one: Mapping[str, Any]) -> tuple[str | None, ...]:
    place, told = one["resource"], one["exemption"]
    return (
        *(one["rule"], one["severity"], place["id"], place["name"], place["type"]),
        *(told["reason"], told["owner"], told["expires_at"], told["source"], told["ticket"]),
    )


def _facts(source: Source, facts: Any, selection: Selection | None) -> Iterator[tuple[str | None, ...]]:
    from auditor.facts.registry import family_names
    from auditor.inventory.model import Unread

    chosen = [one for one in source.inventory if selection is None or selection.holds(one, source.inventory)]
    for family in sorted(family_names()):
        for one in chosen:
            value = facts.get(family, one)
            if value is None:
                continue
            read = not isinstance(value, Unread)
            text = json.dumps(value, default=str) if read else None
            yield (
                family,
                one.id,
                one.display_name,
                one.type,
                text,
                None if read else value.gap.message or value.gap.code,
            )


@contextmanager
def as_snapshot(source: Source, selection: Selection | None) -> Iterator[Path]:
    """A file with the chosen resources and the gaps of a source, which is gone afterwards."""
    from tempfile import TemporaryDirectory

    from auditor.inventory.coverage import ReadState
    from auditor.snapshot.copying import put_resources
    from auditor.snapshot.store import Snapshot

    inventory = source.inventory
    with TemporaryDirectory(prefix="auditor-") as folder:
        path = Path(folder) / "source.db"
        with Snapshot.create(path, source.manifest) as snapshot:
            put_resources(snapshot, _chosen(source, selection))
            for gap in inventory.gaps:
                if selection is None or selection.touches(gap):
                    snapshot.close(gap.scope, gap.type, ReadState.FAILED, gap=gap)
            snapshot.finish(source.manifest.finished_at or source.manifest.started_at)  # type: ignore[arg-type]
        yield path


def _chosen(source: Source, selection: Selection | None) -> Iterator[Resource]:
    from auditor.inventory.changes import target_of

    for one in source.inventory:
        if not source.inventory.is_embedded(one) and (selection is None or selection.holds(one, source.inventory)):
            yield one
    for record in source.inventory.change_records:
        changed = source.inventory.get(target_of(record.body))
        if selection is None or (changed is not None and selection.holds(changed, source.inventory)):
            yield record
