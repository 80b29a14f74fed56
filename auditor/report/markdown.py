"""Markdown for GITHUB_STEP_SUMMARY, Azure Pipelines summaries and pull-request comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from auditor.evaluate.model import Outcome, Report, Result
from auditor.inventory.model import Gap
from auditor.report.model import Rendered, RenderOptions
from auditor.report.remedies import generic
from auditor.report.text import (
    ASSUMED_COMPLETE,
    count,
    gap_remedy,
    plain,
    portal_link,
    rule_link,
    scope_words,
    shorten,
    subscription_words,
    subscriptions_counted,
    value_words,
)
from auditor.report.trend import steps_in_words
from auditor.rules.model import Severity

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$^=])")
_SHOWN = 20
_SHOWN_GAPS = 20
_SHOWN_ACCEPTED = 50
_VALUE = 80
_MESSAGE = 240
_SIGNS = {
    Severity.CRITICAL: "🟥",
    Severity.HIGH: "🟧",
    Severity.MEDIUM: "🟨",
    Severity.LOW: "🟦",
    Severity.INFO: "⬜",
}


def render(report: Report, options: RenderOptions) -> Rendered:
    """The summary, then rules with their findings, the worst first, as many as `options.max_bytes` holds."""
    parts = [_summary(report)]
    end = _accepted(report) + _gaps(report)
    room = options.max_bytes - len(end.encode()) - len(parts[0].encode()) - 200
    groups = _groups(report)
    for number, group in enumerate(groups):
        part = _rule(report, group, options)
        room -= len(part.encode()) + 1
        if room < 0:
            left = sum(len(rest) for rest in groups[number:])
            rules = count(len(groups) - number, "rule")
            parts.append(f"\n**{count(left, 'more finding')} of {rules} left out:** `--report html=FILE` has all.\n")
            notice = f"Markdown: {count(left, 'finding')} left out, a summary takes {options.max_bytes:,} bytes"
            return Rendered("\n".join([*parts, end]), (notice,))
        parts.append(part)
    return Rendered("\n".join([*parts, end]))


def escape(text: str) -> str:
    """The text with nothing in it that Markdown, HTML or GitHub (mentions, links, issues) would act on."""
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _MARKS.sub(r"\\\1", safe)
    return safe.replace("@", "&#64;").replace("://", "&#58;//").replace(":", "&#58;")


def _summary(report: Report) -> str:
    scan, totals = report.scan, report.summary
    head = f"{count(scan.resources, 'resource')}, {subscriptions_counted(scan)}, "
    head += f"{count(len(report.rules), 'rule')}; read {scan.finished_at:%Y-%m-%d %H:%M} UTC"
    cells = [f"{totals.fail.get(severity, 0):,}" for severity in Severity]
    cells += [f"{number:,}" for number in (totals.unknown, totals.exempt, totals.passed)]
    titles = [f"{_SIGNS[severity]} {severity}" for severity in Severity] + ["unknown", "exempt", "pass"]
    lines = [
        "## Azure security audit",
        "",
        f"{escape(scan.source)}: {head}.",
        "",
        *_gate(report),
        *(["> [!NOTE]", f"> {ASSUMED_COMPLETE}", ""] if scan.assumed_complete else []),
        *([] if scan.complete else ["> [!WARNING]", "> Not everything could be read.", ""]),
        f"| {' | '.join(titles)} |",
        f"|{' --: |' * len(titles)}",
        f"| {' | '.join(cells)} |",
        "",
        *_trend(report),
    ]
    return "\n".join(lines)


def _trend(report: Report) -> list[str]:
    """What came of the run before, where there is a history."""
    told = steps_in_words(report.trend) if report.trend else ""
    return (
        [f"Since the run of {report.trend.points[-2].at:%Y-%m-%d %H:%M}: {told}.", ""] if report.trend and told else []
    )


def _gate(report: Report) -> list[str]:
    """What the gate says, where one was asked."""
    if report.verdict is None:
        return []
    told = "; ".join(report.verdict.reasons)
    holds = "**Gate: holds.**" if report.verdict.is_set else "**No gate was set.**"
    return [f"**Gate: fails.** {escape(told)}." if told else holds, ""]


def _groups(report: Report) -> list[list[Result]]:
    groups: dict[str, list[Result]] = {}
    for result in report.with_outcome(Outcome.FAIL):
        groups.setdefault(result.rule.id, []).append(result)
    return sorted(groups.values(), key=lambda group: (group[0].severity.rank, -len(group), group[0].rule.id))


def _rule(report: Report, group: Sequence[Result], options: RenderOptions) -> str:
    rule = group[0].rule
    opened = " open" if rule.severity in (Severity.CRITICAL, Severity.HIGH) else ""
    shown = group if options.verbose else group[:_SHOWN]
    own = dict.fromkeys(each.rule.overridden.words(each.severity) for each in group if each.rule.overridden)
    lines = [
        f"<details{opened}><summary>{_SIGNS[rule.severity]} <b>{rule.severity.upper()}</b> {_html(rule.title)}: "
        f"{count(len(group), 'resource')}</summary>",
        "",
        f"{_linked(escape(rule.id), rule_link(rule))}. {escape(generic(rule.remediation.text))}",
        *(f"\nSet by an override: {escape(words)}." for words in own),
        "",
        "| Resource | Group | Subscription | Found | Wanted |",
        "| --- | --- | --- | --- | --- |",
        *(row for result in shown for row in _rows(report, result, options)),
    ]
    if hidden := len(group) - len(shown):
        lines.append(f"| and {hidden:,} more | | | | |")
    return "\n".join([*lines, "", "</details>", ""])


def _rows(report: Report, result: Result, options: RenderOptions) -> Iterator[str]:
    subject = result.subject
    name = _linked(escape(subject.name), portal_link(options.portal, subject, report.scan.tenant))
    # What was computed over several resources is told by the message, in words.
    leaves = [leaf for leaf in result.evidence if not leaf.path.startswith("facts.")][:3]
    found = "<br>".join(escape(f"{leaf.path} = {value_words(leaf.actual, _VALUE)}") for leaf in leaves)
    wanted = "<br>".join(escape(shorten(leaf.expected, _VALUE)) for leaf in leaves)
    group, subscription = (
        escape(subject.resource_group),
        escape(subscription_words(report.scan, subject.subscription_id)),
    )
    yield f"| {name} | {group} | {subscription} | {found or escape(shorten(result.message, _MESSAGE))} | {wanted} |"


def _accepted(report: Report) -> str:
    """Findings that exemptions accept: nothing is hidden."""
    results = report.with_outcome(Outcome.EXEMPT)
    if not results:
        return ""
    lines = ["### Accepted", "", "| Severity | Rule | Resource | Accepted |", "| --- | --- | --- | --- |"]
    for result in results[:_SHOWN_ACCEPTED]:
        why = result.exemption.words if result.exemption else ""
        cells = (result.severity.value, result.rule.id, result.subject.name, shorten(why, _MESSAGE))
        lines.append(f"| {' | '.join(map(escape, cells))} |")
    if (hidden := len(results) - _SHOWN_ACCEPTED) > 0:
        lines.append(f"| and {count(hidden, 'more finding')} | | | |")
    return "\n".join([*lines, "", ""])


def _gaps(report: Report) -> str:
    if not report.gaps:
        return ""
    groups: dict[tuple[str, str], list[Gap]] = {}
    for gap in report.gaps:
        groups.setdefault((gap.type.lower(), gap.code), []).append(gap)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = ["### Not read", "", "| What | Why | Where | What to do |", "| --- | --- | --- | --- |"]
    for _, gaps in ordered[:_SHOWN_GAPS]:
        scopes = sorted({scope_words(report.scan, gap.scope) for gap in gaps})
        where = ", ".join(scopes[:3]) + (f" and {len(scopes) - 3:,} more" if len(scopes) > 3 else "")
        why = f"{gaps[0].status or ''} {gaps[0].code}".strip()
        lines.append(f"| {' | '.join(map(escape, (gaps[0].type, why, where, gap_remedy(gaps[0]))))} |")
    if (hidden := len(ordered) - _SHOWN_GAPS) > 0:
        lines.append(f"| and {count(hidden, 'more kind')} | | | |")
    return "\n".join([*lines, ""])


def _linked(text: str, link: str) -> str:
    return f"[{text}](<{plain(link).replace('<', '%3C').replace('>', '%3E')}>)" if link and text else text


def _html(text: str) -> str:
    from html import escape as escape_html

    return escape_html(plain(text))
