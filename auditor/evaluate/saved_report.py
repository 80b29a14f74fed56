"""A JSON report that was written earlier, read again: for baselines and comparisons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError
from auditor.evaluate.model import Outcome
from auditor.evaluate.saved_sarif import is_sarif, report_of_sarif
from auditor.rules.model import Severity

REMEDY = "Write one with: auditor scan --format json --output report.json"
_MAJOR = "1"


def load_report(path: Path) -> dict[str, Any]:
    """The document, checked so far as baselines and comparisons use it. Raises ConfigError for what is no report."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path), remedy=REMEDY) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not JSON: it is no text", subject=str(path), remedy=REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not JSON: {error}", subject=str(path), remedy=REMEDY) from error
    if is_sarif(document):
        document = report_of_sarif(document, str(path))
    check_report(document, str(path))
    checked: dict[str, Any] = document
    return checked


def check_report(document: Any, subject: str) -> None:
    """Raises ConfigError where the document is no JSON report of ours, or of a newer major version."""
    if not isinstance(document, dict) or not isinstance(document.get("results"), list):
        raise ConfigError("is not a JSON report of auditor: it has no results", subject=subject, remedy=REMEDY)
    version = str(document.get("schema_version", ""))
    if version.partition(".")[0] != _MAJOR:
        raise ConfigError(
            f"has report schema {version or 'unknown'}; this version reads {_MAJOR}.x",
            subject=subject,
            remedy="Update auditor, or write it with this version: auditor scan --format json --output report.json",
        )
    for name in ("scan", "tool"):
        if not isinstance(document.get(name), dict):
            raise ConfigError(f"is not a JSON report of auditor: it has no {name}", subject=subject, remedy=REMEDY)
    texts = (document["scan"].get("subscriptions", []), document["tool"].get("rule_ids", []))
    if not all(_is_list_of(str, value) for value in texts) or not _is_list_of(dict, document.get("gaps", [])):
        raise ConfigError("is not a JSON report of auditor: its lists hold other kinds", subject=subject, remedy=REMEDY)
    for name in ("results", "carried_over"):
        listed = document.get(name, [])
        if not isinstance(listed, list):
            raise ConfigError(f"{name} is no list", subject=subject, remedy=REMEDY)
        for index, result in enumerate(listed):
            _check_result(result, f"{name}[{index}]", subject)


def _check_result(result: Any, place: str, subject: str) -> None:
    try:
        Outcome(result["outcome"])
        Severity(result["severity"])
        texts = (result["fingerprint"], result["rule"], result["resource"]["id"], result["resource"]["type"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{place} is not a result: {error}", subject=subject, remedy=REMEDY) from error
    leaves = result.get("evidence", [])
    if not all(isinstance(text, str) for text in texts) or not _is_list_of(dict, leaves):
        raise ConfigError(f"{place} is not a result: its values are of other kinds", subject=subject, remedy=REMEDY)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(element, kind) for element in value)
