"""A history on disk: one small JSON file a run in a folder, or JSON reports that were kept there.

Files are named after the time of the run and its series, so that the same run twice is one file. They hold ids of
resources and rules and no evidence, and are readable by their owner alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError
from auditor.evaluate.history import Entry, Run, series_of
from auditor.evaluate.model import Outcome
from auditor.evaluate.saved_report import check_report
from auditor.expressions.values import as_time
from auditor.rules.model import Severity

_VERSION = 1
_LARGEST = 256 * 1024 * 1024
_REMEDY = "Take the file out of the folder; `auditor scan --history DIR` writes such files."


def file_name(run: Run) -> str:
    """The name of a run's file: `20261101T080100Z-3f2a9c01.json`."""
    return f"{run.at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(run.series.encode()).hexdigest()[:8]}.json"


def as_document(run: Run) -> dict[str, Any]:
    """A run as JSON values."""
    return {
        "history": _VERSION,
        "at": run.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "series": run.series,
        "complete": run.complete,
        "passed": run.passed,
        "rules": sorted(run.rules),
        "results": [
            [mark, entry.rule, entry.outcome.value, entry.severity.value, entry.name, entry.resource_id]
            for mark, entry in run.entries.items()
        ],
    }


def load_history(folder: Path) -> tuple[Run, ...]:
    """Every run in a folder, in no order. Raises ConfigError for a file that is none, and where there is no folder."""
    if folder.is_file():
        raise ConfigError("is no folder", subject=str(folder), remedy="Name the folder of scan --history.")
    if not folder.is_dir():
        raise ConfigError(
            "there is no such folder", subject=str(folder), remedy="auditor scan --history DIR makes one."
        )
    return tuple(_load(path) for path in sorted(folder.glob("*.json")))


def _load(path: Path) -> Run:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError("is too large for a run", subject=str(path), remedy=_REMEDY)
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path), remedy=_REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not JSON: {error}", subject=str(path), remedy=_REMEDY) from error
    if isinstance(document, dict) and "history" in document:
        return _of_record(document, str(path))
    check_report(document, str(path))
    return _of_report(document, str(path))


def _of_record(document: Mapping[str, Any], subject: str) -> Run:
    if document["history"] != _VERSION:
        raise ConfigError("is of a newer version", subject=subject, remedy="Update auditor.")
    try:
        rows: Sequence[Any] = document["results"]
        texts = (document["series"], *document["rules"], *(part for row in rows for part in row))
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a text is of another kind")  # noqa: TRY301 - told below with the others
        entries = {
            mark: Entry(rule, Outcome(outcome), Severity(severity), name, resource_id)
            for mark, rule, outcome, severity, name, resource_id in rows
        }
        return Run(
            _moment(document["at"]),
            document["series"],
            frozenset(document["rules"]),
            int(document["passed"]),
            bool(document["complete"]),
            entries,
            subject,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"is no run of a history: {error}", subject=subject, remedy=_REMEDY) from error


def _of_report(document: Mapping[str, Any], subject: str) -> Run:
    scan, tool = document["scan"], document["tool"]
    rules = frozenset(tool.get("rule_ids", ()))
    try:
        entries = {
            result["fingerprint"]: Entry(
                result["rule"],
                Outcome(result["outcome"]),
                Severity(result["severity"]),
                str(result["resource"].get("name", "")),
                result["resource"]["id"],
            )
            for result in document["results"]
            if result["outcome"] in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT)
        }
        return Run(
            _moment(scan["finished_at"]),
            series_of(
                str(scan.get("tenant", "")),
                scan.get("subscriptions", []),
                str(scan.get("selection", "")),
                rules if scan.get("partial") else (),
            ),
            rules,
            int(document.get("summary", {}).get("pass", 0)),
            scan.get("complete") is True,
            entries,
            subject,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"is no report with a time: {error}", subject=subject, remedy=_REMEDY) from error


def _moment(text: Any) -> datetime:
    found = as_time(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is no time")
    return found
