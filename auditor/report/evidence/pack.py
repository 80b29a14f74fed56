"""The evidence pack: a summary of one page, and for each framework a workbook and a CSV file a control.

summary.html
FRAMEWORK/controls.csv          every control with its state and its resources
FRAMEWORK/evidence.xlsx         the same and everything below, as sheets
FRAMEWORK/controls/CONTROL.csv  what was judged, a row for each property that decided
FRAMEWORK/exemptions.csv        what is accepted, by whom, until when
not-read.csv                    what nobody can say anything of
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.evaluate.model import Report
from auditor.report.compliance import Control, Posture
from auditor.report.csv_report import cell
from auditor.report.evidence.names import distinct_names
from auditor.report.evidence.records import CONTROLS, EVIDENCE, EXEMPTIONS, GAPS, Records, Row
from auditor.report.evidence.summary import summary
from auditor.report.evidence.workbook import Sheet, workbook
from auditor.report.score import Score


def files(
    report: Report,
    shown: Sequence[Posture],
    scores: Mapping[str, Sequence[Score]],
    meanings: Mapping[str, tuple[str, ...]],
    control: str = "",
) -> Iterator[tuple[str, bytes]]:
    """The files of the pack, paths with `/` and below the pack's folder; of one control only where one is named.

    The report must hold passed results too. The same report gives the same bytes.
    """
    records = Records(report, meanings)
    yield "summary.html", summary(report, shown, scores)
    yield "not-read.csv", _csv(GAPS, records.gaps())
    folders = distinct_names([posture.framework for posture in shown])
    for posture in shown:
        wanted = [each for each in posture.every if control.lower() in ("", each.id.lower())]
        if wanted:
            for name, data in _framework(report, records, posture, wanted):
                yield f"{folders[posture.framework]}/{name}", data


def _framework(
    report: Report, records: Records, posture: Posture, wanted: Sequence[Control]
) -> Iterator[tuple[str, bytes]]:
    covered = [control for control in wanted if control.rules]
    yield "controls.csv", _csv(CONTROLS, records.controls(posture, wanted))
    yield "exemptions.csv", _csv(EXEMPTIONS, (row for control in covered for row in records.exemptions(control)))
    names = distinct_names([control.id for control in covered])
    for control in covered:
        yield f"controls/{names[control.id]}.csv", _csv(EVIDENCE, records.of(control))
    sheets = (
        Sheet("Controls", CONTROLS, records.controls(posture, wanted)),
        Sheet("Evidence", EVIDENCE, (row for control in covered for row in records.of(control))),
        Sheet("Exemptions", EXEMPTIONS, (row for control in covered for row in records.exemptions(control))),
        Sheet("Not read", GAPS, records.gaps()),
    )
    yield "evidence.xlsx", workbook(sheets, posture.name or posture.framework, report.scan.finished_at)


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """CSV (RFC 4180) that is safe to open in a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(text) for text in row])
    return stream.getvalue().encode("utf-8", "replace")
