"""The first page of the evidence: what was audited and when, how the frameworks stand, who is behind."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from auditor.evaluate.model import Report
from auditor.report.compliance import STATE_ORDER, Posture
from auditor.report.compliance_formats import score_words
from auditor.report.compliance_table import MEANING, RESOURCES, SCORE_MEANING
from auditor.report.encoding import timestamp
from auditor.report.score import Score
from auditor.report.text import count, plain, subscriptions_counted

_MOST = 8


def summary(report: Report, shown: Sequence[Posture], scores: Mapping[str, Sequence[Score]]) -> bytes:
    """One page of HTML without any script, which prints on one A4 sheet."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("auditor.report.evidence")
    style = (folder / "summary.css").read_text(encoding="utf-8")
    mark = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page = environment.from_string((folder / "summary.html.j2").read_text(encoding="utf-8"))
    return page.render(
        policy=f"default-src 'none'; style-src 'sha256-{mark}'",
        style=Markup(style),  # noqa: S704 - our own file
        facts=_facts(report),
        states=[state.value for state in STATE_ORDER],
        frameworks=[_framework(posture) for posture in shown],
        scores=[
            (kind, [_score(score) for score in found[:_MOST]], max(len(found) - _MOST, 0))
            for kind, found in scores.items()
            if found
        ],
        meaning=f"{MEANING} {RESOURCES} {SCORE_MEANING}",
    ).encode()


def _facts(report: Report) -> list[tuple[str, Any]]:
    scan, total = report.scan, report.summary
    known = [
        ("Source", plain(scan.source)),
        ("Tenant", plain(scan.tenant)),
        ("Scope", plain(scan.selection or scan.scope)),
        ("Read", f"{timestamp(scan.started_at)} to {timestamp(scan.finished_at)}"),
        ("Resources", f"{scan.resources:,} in {subscriptions_counted(scan)}"),
        ("Complete", "yes" if scan.complete else f"no: {count(len(report.gaps), 'read')} did not succeed"),
        (
            "Checks",
            f"{total.passed:,} passed, {total.failed:,} failed, {total.unknown:,} unknown, {total.exempt:,} exempt",
        ),
        ("Tool", f"azure-auditor {report.tool_version}, {count(len(report.rules), 'rule')}"),
    ]
    return [(name, value) for name, value in known if value]


def _framework(posture: Posture) -> list[str]:
    percent = "nothing assessed" if posture.passed_percent is None else f"{posture.passed_percent:g} %"
    return [plain(posture.name or posture.framework), percent, *(f"{posture.count(state):,}" for state in STATE_ORDER)]


def _score(score: Score) -> list[str]:
    numbers = (score.findings, score.unknown, score.exempt)
    return [plain(score.name), score_words(score), *(f"{number:,}" for number in numbers)]
