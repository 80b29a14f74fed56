"""A SARIF file that was uploaded earlier, as the document of a JSON report: the last upload serves as a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.errors import ConfigError
from auditor.evaluate.model import TOOL_NAME


def is_sarif(document: Any) -> bool:
    """Whether this is SARIF."""
    return isinstance(document, dict) and isinstance(document.get("runs"), list)


def report_of_sarif(document: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """What the runs of this tool hold, as a JSON report has it. Raises ConfigError where there is none."""
    runs = [run for run in document["runs"] if _name(run) == TOOL_NAME]
    if not runs:
        raise ConfigError(
            "is SARIF of another tool",
            subject=subject,
            remedy="Write one with: auditor scan --format json (or sarif) --output FILE",
        )
    properties = runs[0].get("properties")
    return {
        "schema_version": "1.0",
        "tool": {},
        "scan": {"tenant": properties.get("tenant", "") if isinstance(properties, dict) else ""},
        "results": [result for run in runs for result in _results(run)],
    }


def _name(run: Any) -> str:
    try:
        return str(run["tool"]["driver"]["name"])
    except (KeyError, TypeError):
        return ""


def _results(run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for result in run.get("results") or ():
        try:
            properties = result["properties"]
            yield {
                "rule": result["ruleId"],
                "outcome": "exempt" if result.get("suppressions") else "fail",
                "severity": properties["severity"],
                "message": result["message"]["text"].replace("\\[", "[").replace("\\]", "]").replace("\\\\", "\\"),
                "fingerprint": result["partialFingerprints"]["primaryLocationLineHash"],
                "resource": {
                    "id": properties["resourceId"],
                    "type": properties["resourceType"],
                    "name": properties["resourceId"].rpartition("/")[2],
                    "location": properties.get("location", ""),
                    "tags": properties.get("resourceTags", {}),
                },
                "evidence": properties.get("evidence", []),
            }
        except (KeyError, TypeError, AttributeError):
            continue  # a result of another shape is none of ours
