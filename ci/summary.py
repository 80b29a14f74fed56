"""The job summary of the GitHub action where everyone may read it: numbers of a JSON report, no names. On stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def summary(report: Mapping[str, Any]) -> Iterator[str]:
    """Markdown, line by line."""
    counts, gate = report["summary"], report["gate"]
    said = "No gate was set" if not gate["set"] else "Gate: holds" if gate["holds"] else "Gate: fails"
    yield from ("## Azure security audit", "", f"**{said}.**", "", "| result | count |", "|---|---:|")
    yield from (f"| {severity} | {number:,} |" for severity, number in counts["fail"].items())
    yield from (f"| {outcome} | {counts[outcome]:,} |" for outcome in ("unknown", "exempt", "pass"))
    yield from ("", "Names are left out: this may be read by everyone. `step-summary: true` shows the whole report.")


def main() -> None:
    """`summary.py FOLDER`: nothing where no report was written."""
    path = Path(sys.argv[1]) / "report.json"
    if path.is_file():
        print("\n".join(summary(json.loads(path.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
