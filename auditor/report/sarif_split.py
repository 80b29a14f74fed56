"""One SARIF file a subscription or management group, for tenants with more results than one upload shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.evaluate.model import Report
from auditor.inventory import ids
from auditor.report.model import RenderOptions
from auditor.report.sarif import category, full_category, render

_UNSAFE = re.compile(r"[^\w().-]|^\.+")


@dataclass(frozen=True, slots=True)
class SarifFile:
    """One upload."""

    name: str
    """What tells the files apart: the subscription's GUID, `management-group-` and its name, or `tenant` for what lies
    above subscriptions."""
    category: str
    """Its code-scanning category, the same from run to run."""
    data: bytes
    notices: tuple[str, ...] = ()


def split_sarif(report: Report, options: RenderOptions, groups: Mapping[str, str] | None = None) -> Iterator[SarifFile]:
    """The report as one SARIF file for each subscription, and one for the tenant where it has results.

    With `groups`, the management group of each subscription, one for each group instead; a subscription without one
    gets a file of its own. Every subscription of the scan is in a file, so that alerts close where nothing is wrong any
    more. None has the category of an audit of that subscription or group alone.
    """
    groups = groups or {}

    def part_of(subscription: str) -> str:
        group = groups.get(subscription)
        return f"management-group/{_UNSAFE.sub('_', group.lower())}" if group else subscription or "tenant"

    own = {result.subject.subscription_id for result in (*report.results, *report.carried)}
    own |= {ids.subscription_of(gap.scope) for gap in report.gaps}
    for name in sorted({part_of(guid) for guid in (*report.scan.subscriptions, *own)}):
        part = replace(
            report,
            scan=replace(report.scan, scope=""),  # the category below has it already
            results=tuple(result for result in report.results if part_of(result.subject.subscription_id) == name),
            carried=tuple(result for result in report.carried if part_of(result.subject.subscription_id) == name),
            gaps=tuple(gap for gap in report.gaps if part_of(ids.subscription_of(gap.scope)) == name),
        )
        chosen = replace(options, category=f"{full_category(report, options)}/split/{name}")
        rendered = render(part, chosen)
        data = rendered.data if isinstance(rendered.data, bytes) else rendered.data.encode()
        shown = name.replace("/", "-")
        yield SarifFile(shown, category(part, chosen), data, tuple(f"{shown}: {text}" for text in rendered.notices))
