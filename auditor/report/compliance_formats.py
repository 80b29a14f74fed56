"""Compliance for machines and pages: JSON, CSV, Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from auditor.report.compliance import STATE_ORDER, Control, ControlState, Listed, Posture
from auditor.report.csv_report import cell
from auditor.report.markdown import escape
from auditor.report.score import Score

_SHOWN = 20
Scores = Mapping[str, Sequence[Score]]
"""Scores by what they are of: `subscription`, `owner`; the worst first."""
NO_SCORES: Scores = MappingProxyType({})

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
    "resources_passed",
    "resources_failed",
    "resources_unanswered",
    "resources_exempt",
)


def as_json(shown: Sequence[Posture], listed: Listed, scores: Scores = NO_SCORES) -> str:
    """The postures as a JSON document, stable in its keys, with the controls that are listed."""
    document = {
        "schema_version": "1.0",
        "denominator": "controls that were assessed: passed, failed, exempt or unanswered",
        "frameworks": [_posture(posture, listed) for posture in shown],
        "scores": {kind: [_score(score) for score in found] for kind, found in scores.items()},
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
        "resources": _resources(control),
    }


def _resources(control: Control) -> dict[str, int]:
    found = control.resources
    return {
        "passed": found.passed,
        "failed": found.failed,
        "unanswered": found.unanswered,
        "exempt": found.exempt,
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "key": score.key,
        "name": score.name,
        "percent": score.percent,
        "checks_passed": score.passed,
        "findings": {severity.value: number for severity, number in score.failed.items()},
        "unknown": score.unknown,
        "exempt": score.exempt,
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
        *(str(number) for number in _resources(control).values()),
    ]


def as_markdown(shown: Sequence[Posture], listed: Listed, scores: Scores = NO_SCORES) -> str:
    """Frameworks at a glance, then each with its controls, for a job summary or a comment."""
    lines = ["## Compliance", "", f"| Framework | Passed of assessed | {' | '.join(STATE_ORDER)} | controls |"]
    lines += [f"| --- |{' --: |' * (len(STATE_ORDER) + 2)}"]
    for posture in shown:
        counts = " | ".join(f"{posture.count(state):,}" for state in STATE_ORDER)
        lines += [f"| {escape(posture.name or posture.framework)} | {_share(posture)} | {counts} | {posture.total:,} |"]
    lines += ["", "Passed is of the controls that were assessed: passed, failed, exempt or unanswered.", ""]
    for kind, found in scores.items():
        lines += _score_lines(kind, found)
    for posture in shown:
        lines += _section(posture, listed)
    return "\n".join(lines)


def _score_lines(kind: str, scores: Sequence[Score]) -> list[str]:
    if not scores:
        return []
    left = len(scores) - _SHOWN
    return [
        f"| By {kind} | Score | Findings | Unknown | Exempt |",
        "| --- | --: | --: | --: | --: |",
        *(
            f"| {escape(score.name)} | {score_words(score)} | {score.findings:,} | {score.unknown:,} "
            f"| {score.exempt:,} |"
            for score in scores[:_SHOWN]
        ),
        *([f"| {left:,} more | | | | |"] if left > 0 else []),
        "",
    ]


def score_words(score: Score) -> str:
    """A score in percent, in words where there is none."""
    return "nothing assessed" if score.percent is None else f"{score.percent:.1f} %"


def _share(posture: Posture) -> str:
    return "nothing assessed" if posture.passed_percent is None else f"{posture.passed_percent:g} %"


def _section(posture: Posture, listed: Listed) -> list[str]:
    left = 0 if listed.control or ControlState.NOT_COVERED in listed.states else posture.count(ControlState.NOT_COVERED)
    return [
        f"<details><summary><b>{escape(posture.name or posture.framework)}</b>: {_share(posture)} passed, "
        f"{posture.passed:,} of {posture.assessed:,} assessed</summary>",
        "",
        "| Control | Title | State | Findings | Worst | Rules | Resources passed | failed | unanswered | exempt |",
        "| --- | --- | --- | --: | --- | --: | --: | --: | --: | --: |",
        *(
            f"| {escape(control.id)} | {escape(control.title)} | {control.state} | {control.findings or ''} "
            f"| {control.worst or ''} | {len(control.rules)} | "
            + " | ".join(f"{number:,}" for number in _resources(control).values())
            + " |"
            for control in posture.every
            if control in listed
        ),
        *([f"| {left:,} more | | not covered | | | | | | | |"] if left else []),
        "",
        "</details>",
        "",
    ]
