"""A baseline: an earlier JSON report whose findings are known, so that only what is new or worse fails the gate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError
from auditor.evaluate.model import Outcome, Report
from auditor.rules.model import Severity

_REMEDY = "Write a baseline with: auditor scan --format json --output baseline.json"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier report said, by fingerprint."""

    source: str
    known: Mapping[str, tuple[Outcome, Severity]]

    def accepts(self, report: Report) -> frozenset[str]:
        """Fingerprints of the report's findings that are neither new nor worse than in the baseline.

        Worse is a higher severity, or a failure where the answer was unknown before.
        """
        return frozenset(
            result.fingerprint
            for result in report.results
            if (before := self.known.get(result.fingerprint))
            and before[1].rank <= result.severity.rank
            and not (before[0] is Outcome.UNKNOWN and result.outcome is Outcome.FAIL)
        )


def load_baseline(path: Path) -> Baseline:
    """Read a JSON report as a baseline. Raises ConfigError for a file that is not one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path), remedy=_REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not JSON: {error}", subject=str(path), remedy=_REMEDY) from error
    if not isinstance(document, dict) or not isinstance(document.get("results"), list):
        raise ConfigError("is not a JSON report of auditor: it has no results", subject=str(path), remedy=_REMEDY)
    version = str(document.get("schema_version", ""))
    if version.partition(".")[0] != "1":
        raise ConfigError(f"has report schema {version or 'unknown'}, not 1.x", subject=str(path), remedy=_REMEDY)
    return Baseline(str(path), dict(_entry(path, index, item) for index, item in enumerate(document["results"])))


def _entry(path: Path, index: int, item: Any) -> tuple[str, tuple[Outcome, Severity]]:
    try:
        return str(item["fingerprint"]), (Outcome(item["outcome"]), Severity(item["severity"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"results[{index}] is not a result: {error}", subject=str(path), remedy=_REMEDY) from error
