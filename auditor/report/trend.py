"""What became of findings from run to run, as a table and as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from auditor.evaluate.trend import Point, Standing, Step, Trend
from auditor.report.encoding import encode, timestamp
from auditor.report.model import RenderOptions
from auditor.report.terminal.console import text_of
from auditor.report.terminal.ink import Ink
from auditor.report.text import count, plain
from auditor.rules.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

SCHEMA_VERSION = "1.0"
_SHOWN = 20
_SHORT = {Severity.CRITICAL: "CRIT", Severity.MEDIUM: "MED"}
_RUNS = 30
_GROUPS = ((Step.NEW, "New"), (Step.FIRST_JUDGED, "Of rules that did not run before"), (Step.MENDED, "Mended"))


def steps_in_words(trend: Trend) -> str:
    """What came of the last run against the one before; "" of a first run: `3 new, 2 mended, 41 standing`."""
    last = trend.points[-1] if trend.points else None
    if last is None or last.is_first:
        return ""
    told = [f"{last.steps.get(step, 0):,} {step}" for step in (Step.NEW, Step.MENDED, Step.STANDING)]
    if extra := last.steps.get(Step.FIRST_JUDGED, 0):
        told.append(f"{extra:,} of rules that did not run before")
    return ", ".join(told)


def point_entry(point: Point) -> dict[str, Any]:
    """One run as JSON values."""
    share = point.passed_share
    steps = {step: None if point.is_first else point.steps.get(step, 0) for step in Step}
    return {
        "at": timestamp(point.at),
        "fail": {severity.value: point.fail.get(severity, 0) for severity in Severity},
        "pass": point.passed,
        "unknown": point.unknown,
        "exempt": point.exempt,
        "complete": point.complete,
        "passed_share": None if share is None else round(share, 1),
        "new": steps[Step.NEW],
        "first_judged": steps[Step.FIRST_JUDGED],
        "standing": steps[Step.STANDING],
        "mended": steps[Step.MENDED],
    }


def as_json(trends: Sequence[Trend]) -> str:
    """Every series with its runs and the findings of the last."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "series": [
            {
                "name": trend.series,
                "points": [point_entry(point) for point in trend.points],
                "findings": [_finding(each) for each in trend.findings],
            }
            for trend in trends
        ],
    }
    return encode(document).decode().rstrip("\n")


def _finding(each: Standing) -> dict[str, Any]:
    return {
        "fingerprint": each.fingerprint,
        "rule": each.rule,
        "severity": each.severity.value,
        "resource": each.resource_id,
        "name": each.name,
        "since": timestamp(each.since),
        "step": each.step.value,
    }


def as_table(trends: Sequence[Trend], options: RenderOptions) -> str:
    """Each series: a line a run, then what is new, what was mended, and what has stood for longest."""
    ink = Ink(options)
    return text_of((part for trend in trends for part in _series(ink, trend, options)), options)


def _series(ink: Ink, trend: Trend, options: RenderOptions) -> Iterator[RenderableType]:
    from rich.table import Table

    yield ink.line((plain(trend.series), "strong"), (f"  {count(len(trend.points), 'run')}", "quiet"))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="")
    table.add_column(ink.text(("READ", "strong")), no_wrap=True)
    for severity in Severity:
        table.add_column(
            ink.text((_SHORT.get(severity, severity.upper()), severity.value)), justify="right", no_wrap=True
        )
    for name in ("NEW", "MENDED", "STANDING", "PASSED"):
        table.add_column(ink.text((name, "strong")), justify="right", no_wrap=True)
    points = trend.points if options.verbose else trend.points[-_RUNS:]
    for point in points:
        share = point.passed_share
        row = point_entry(point)
        steps = ["-" if row[name] is None else f"{row[name]:,}" for name in ("new", "mended", "standing")]
        table.add_row(
            ink.text(f"{point.at:%Y-%m-%d %H:%M}" + ("" if point.complete else "*")),
            *(ink.text(f"{point.fail.get(severity, 0):,}") for severity in Severity),
            *map(ink.text, steps),
            ink.text("-" if share is None else f"{share:.1f}%"),
        )
    yield table
    if not all(point.complete for point in points):
        yield ink.line(("* not everything was read", "quiet"))
    if hidden := len(trend.points) - len(points):
        yield ink.line((f"and {count(hidden, 'earlier run')}: --verbose shows all", "quiet"))
    yield ""
    if not trend.points[-1].is_first:
        for step, title in _GROUPS:
            yield from _listed(ink, title, [each for each in trend.findings if each.step is step], options)
    standing = sorted(
        (each for each in trend.findings if each.step is Step.STANDING and each.severity.rank <= 1),
        key=lambda each: (each.since, each.severity.rank, each.rule, each.resource_id),
    )
    yield from _listed(ink, "Critical and high, standing for longest", standing, options, since=True)


def _listed(
    ink: Ink, title: str, found: Sequence[Standing], options: RenderOptions, *, since: bool = False
) -> Iterator[RenderableType]:
    if not found:
        return
    yield ink.line((title, "strong"), (f"  {count(len(found), 'finding')}", "quiet"))
    shown = found if options.verbose else found[:_SHOWN]
    for each in shown:
        when = f"  since {_day(each.since)}" if since else ""
        yield ink.line(
            ink.severity(each.severity),
            "  ",
            (each.rule, "command"),
            f"  {plain(each.name)}",
            (when, "quiet"),
            indent=2,
        )
    if hidden := len(found) - len(shown):
        yield ink.line((f"and {hidden:,} more: --verbose shows all", "quiet"), indent=2)
    yield ""


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
