"""Results as rows of text, for tables of other programs: one row a result, the same for every store."""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditor.evaluate.model import Report
from auditor.report.json_report import document

COLUMNS = (
    *("rule", "outcome", "severity", "title", "message", "fingerprint"),
    *("resource_id", "resource_type", "resource_name", "subscription_id", "subscription", "resource_group", "location"),
    *("tags", "evidence", "evidence_hash", "command", "exemption"),
)
"""What each row has, in this order, all of it text. `tags`, `evidence` and `exemption` are JSON, as the JSON report has
them; `exemption` is null where there is none."""


def rows(report: Report, *, include_passed: bool = False) -> Iterator[tuple[str | None, ...]]:
    """The results that the JSON report lists, in its order."""
    for result in document(report, include_passed=include_passed)["results"]:
        where = result["resource"]
        found = {
            **{name: result[name] for name in COLUMNS if name in result},
            **{f"resource_{name}": where[name] for name in ("id", "type", "name")},
            **{name: where[name] for name in ("subscription_id", "subscription", "resource_group", "location")},
            "tags": _json(where["tags"]),
            "evidence": _json(result["evidence"]),
            "exemption": _json(result["exemption"]) if result["exemption"] else None,
        }
        yield tuple(found[name] for name in COLUMNS)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
