"""Outputs of the GitHub action from a folder of reports: `name=value` lines on stdout, annotations on stderr.

Annotations are workflow commands, which the runner reads from either stream.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SEVERITIES = ("critical", "high", "medium", "low", "info")


def outputs(folder: Path, code: int) -> Iterator[tuple[str, str]]:
    """Every output that the reports tell; without a JSON report only the exit code."""
    yield "exit-code", str(code)
    yield "directory", str(folder)
    if (folder / "report.sarif").is_file():
        yield "sarif", str(folder / "report.sarif")
    elif any((folder / "sarif").glob("*.sarif")):
        yield "sarif", str(folder / "sarif")
    report = read_report(folder)
    if report is None:
        yield "holds", "false"
        return
    summary, gate = report["summary"], report["gate"]
    yield "json", str(folder / "report.json")
    yield "holds", str(gate["holds"]).lower()
    yield "findings", str(sum(summary["fail"].values()))
    for severity in _SEVERITIES:
        yield severity, str(summary["fail"][severity])
    yield "failing", str(len(gate["failing"]))
    yield "unknown", str(summary["unknown"])
    yield "exempt", str(summary["exempt"])


def annotations(folder: Path, code: int) -> Iterator[str]:
    """One error for each reason why the gate does not hold, or for an audit that did not come to its end."""
    report = read_report(folder)
    if report is None:
        yield f"::error title=Azure audit::no report was written, exit code {code}; see the log of this step"
        return
    for reason in report["gate"]["reasons"]:
        yield f"::error title=Azure audit::{escaped(reason)}"


def read_report(folder: Path) -> dict[str, Any] | None:
    """The JSON report; None where none was written."""
    path = folder / "report.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def escaped(text: str) -> str:
    """Text as a workflow command takes it: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def main() -> None:
    """`outputs.py FOLDER EXIT_CODE`."""
    folder, code = Path(sys.argv[1]), int(sys.argv[2])
    for name, value in outputs(folder, code):
        print(f"{name}={' '.join(value.splitlines())}")
    for line in annotations(folder, code):
        print(line, file=sys.stderr)


if __name__ == "__main__":
    main()
