"""The output formats by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.iac.place import Place
from auditor.report.model import Rendered, RenderOptions

if TYPE_CHECKING:
    from auditor.evaluate.model import Report

__all__ = ["DRAWING", "FORMATS", "Place", "RenderOptions", "Rendered", "render"]

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "table": "auditor.report.table",
        "json": "auditor.report.json_report",
        "sarif": "auditor.report.sarif",
        "junit": "auditor.report.junit",
        "csv": "auditor.report.csv_report",
        "markdown": "auditor.report.markdown",
        "html": "auditor.report.html",
        "ocsf": "auditor.report.ocsf",
        "sentinel": "auditor.report.sentinel",
        "defender": "auditor.report.defender",
        "jira": "auditor.report.jira",
        "azure-boards": "auditor.report.azure_boards",
        "teams": "auditor.report.teams",
        "slack": "auditor.report.slack",
    }
)
"""Format name to its module, which has `render(report, options) -> Rendered` and is imported when it is used."""

DRAWING = frozenset({"html"})
"""Formats that show `Report.pictures`; for the others they need not be made."""


def render(report: Report, name: str, options: RenderOptions) -> Rendered:
    """The report in the format called `name`; the same report and options give the same bytes.

    Raises UsageError for a name that is not in `FORMATS`.
    """
    module = FORMATS.get(name)
    if module is None:
        raise UsageError(f"there is no format {name!r}", remedy=f"Formats: {', '.join(FORMATS)}.")
    rendered = import_module(module).render(report, options)
    assert isinstance(rendered, Rendered)  # noqa: S101 - a format that gives anything else is a mistake of ours
    return rendered
