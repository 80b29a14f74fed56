"""Compliance for machines and pages: JSON, CSV, Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from auditor.report.compliance import STATE_ORDER, Control, ControlState, Listed, Posture
from auditor.report.csv_report import cell
from auditor.report.markdown import escape

COLUMNS = (
    "framework",
    "control",
    "section",
    "title",
    "state",
    "findings",
    "worst_severity",
    "unknown",
    "exempt",
    "rules",
    "assessable",
)


def as_json(shown: Sequence[Posture], listed: Listed) -> str:
    """The postures as a JSON document, stable in its keys, with the controls that are listed."""
    document = {
        "schema_version": "1.0",
        "denominator": "controls that were assessed: passed, failed, exempt or unanswered",
        "frameworks": [_posture(posture, listed) for posture in shown],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _posture(posture: Posture, listed: Listed) -> dict[str, Any]:
    return {
        "framework": posture.framework,
        "name": posture.name,
        "version": posture.version,
        "source": posture.source,
        "passed_percent": posture.passed_percent,
        "controls_total": posture.total,
        "controls_covered": len(posture.controls),
        "controls_assessed": posture.assessed,
        "counts": {state.value.replace(" ", "_"): posture.count(state) for state in ControlState},
        "controls": [_control(control) for control in posture.every if control in listed],
    }


def _control(control: Control) -> dict[str, Any]:
    return {
        "id": control.id,
        "title": control.title,
        "section": control.section,
        "assessable": control.assessable or None,
        "state": control.state.value,
        "findings": control.findings,
        "worst_severity": control.worst.value if control.worst else None,
        "unknown": control.unknown,
        "exempt": control.exempt,
        "rules": list(control.rules),
    }


def as_csv(shown: Sequence[Posture], listed: Listed) -> str:
    """A control a line (RFC 4180), safe to open in a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for posture in shown:
        for control in posture.every:
            if control in listed:
                writer.writerow([cell(text) for text in _row(posture, control)])
    return stream.getvalue()


def _row(posture: Posture, control: Control) -> list[str]:
    return [
        posture.framework,
        control.id,
        control.section,
        control.title,
        control.state.value,
        str(control.findings),
        control.worst.value if control.worst else "",
        str(control.unknown),
        str(control.exempt),
        " ".join(control.rules),
        control.assessable,
    ]


def as_markdown(shown: Sequence[Posture], listed: Listed) -> str:
    """Frameworks at a glance, then each with its controls, for a job summary or a comment."""
    lines = ["## Compliance", "", f"| Framework | Passed of assessed | {' | '.join(STATE_ORDER)} | controls |"]
    lines += [f"| --- |{' --: |' * (len(STATE_ORDER) + 2)}"]
    for posture in shown:
        counts = " | ".join(f"{posture.count(state):,}" for state in STATE_ORDER)
        lines += [f"| {escape(posture.name or posture.framework)} | {_share(posture)} | {counts} | {posture.total:,} |"]
    lines += ["", "Passed is of the controls that were assessed: passed, failed, exempt or unanswered.", ""]
    for posture in shown:
        lines += _section(posture, listed)
    return "\n".join(lines)


def _share(posture: Posture) -> str:
    return "nothing assessed" if posture.passed_percent is None else f"{posture.passed_percent:g} %"


def _section(posture: Posture, listed: Listed) -> list[str]:
    left = 0 if listed.control or ControlState.NOT_COVERED in listed.states else posture.count(ControlState.NOT_COVERED)
    return [
        f"<details><summary><b>{escape(posture.name or posture.framework)}</b>: {_share(posture)} passed, "
        f"{posture.passed:,} of {posture.assessed:,} assessed</summary>",
        "",
        "| Control | Title | State | Findings | Worst | Rules |",
        "| --- | --- | --- | --: | --- | --: |",
        *(
            f"| {escape(control.id)} | {escape(control.title)} | {control.state} | {control.findings or ''} "
            f"| {control.worst or ''} | {len(control.rules)} |"
            for control in posture.every
            if control in listed
        ),
        *([f"| {left:,} more | | not covered | | | |"] if left else []),
        "",
        "</details>",
        "",
    ]
