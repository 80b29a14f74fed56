"""One SARIF file a subscription, for tenants with more results than code scanning shows of one upload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.evaluate.model import Report
from auditor.inventory import ids
from auditor.report.model import RenderOptions
from auditor.report.sarif import category, full_category, render


@dataclass(frozen=True, slots=True)
class SarifFile:
    """One upload."""

    name: str
    """What tells the files apart: the subscription's GUID, or `tenant` for what lies above subscriptions."""
    category: str
    """Its code-scanning category, the same from run to run."""
    data: bytes
    notices: tuple[str, ...] = ()


def split_sarif(report: Report, options: RenderOptions) -> Iterator[SarifFile]:
    """The report as one SARIF file for each subscription, and one for the tenant where it has results.

    Every subscription of the scan gets its file, so that alerts close where nothing is wrong any more. None has the
    category of an audit of that subscription alone.
    """
    own: set[str] = {result.subject.subscription_id for result in report.results}
    own |= {ids.subscription_of(gap.scope) for gap in report.gaps}
    for guid in sorted({*report.scan.subscriptions, *own}):
        name = guid or "tenant"
        part = replace(
            report,
            results=tuple(result for result in report.results if result.subject.subscription_id == guid),
            gaps=tuple(gap for gap in report.gaps if ids.subscription_of(gap.scope) == guid),
        )
        base = f"{full_category(report, options)}/split/{name}"
        chosen = replace(options, category=base)
        rendered = render(part, chosen)
        data = rendered.data if isinstance(rendered.data, bytes) else rendered.data.encode()
        yield SarifFile(name, category(part, chosen), data, tuple(f"{name}: {text}" for text in rendered.notices))
