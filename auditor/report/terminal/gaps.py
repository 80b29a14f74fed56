"""What could not be answered, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome
from auditor.inventory import ids
from auditor.inventory.model import Gap
from auditor.report.terminal.page import Page
from auditor.report.text import count, gap_remedy, scope_words

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN = 8
_SHOWN_SCOPES = 3


def unknowns(page: Page) -> Iterator[RenderableType]:
    """How many rules could not be answered, and for what."""
    results = page.report.with_outcome(Outcome.UNKNOWN)
    if not results:
        return
    rules = count(len({result.rule.id for result in results}), "rule")
    subscriptions = {result.subject.subscription_id for result in results}
    where = count(len(subscriptions - {""}), "subscription") if subscriptions - {""} else "the tenant"
    yield page.line(
        ("UNKNOWN", "medium"), f"  {rules} could not be answered for {where} ({count(len(results), 'result')})."
    )
    if page.options.verbose:
        for rule_id, number in sorted(Counter(result.rule.id for result in results).items()):
            yield page.line(f"{rule_id}  {number:,}", indent=2)
    yield ""


def gaps(page: Page) -> Iterator[RenderableType]:
    """What could not be read, alike gaps together, and what to do about it."""
    lacking = [gap for gap in page.report.gaps if _is_lacking(gap)]
    failed = [gap for gap in page.report.gaps if not _is_lacking(gap)]
    if lacking:
        yield from _not_in_export(page, lacking)
    groups = _grouped(failed)
    if not groups:
        return
    yield page.line(("NOT READ", "medium"), f"  {count(len(failed), 'read')} did not succeed.")
    shown = groups if page.options.verbose else groups[:_SHOWN]
    for group in shown:
        yield from _group(page, group)
    if hidden := len(groups) - len(shown):
        yield page.line(
            (f"... and {count(hidden, 'more kind')} of failed reads; --verbose lists them.", "quiet"), indent=2
        )
    yield ""


def _is_lacking(gap: Gap) -> bool:
    """Whether an export has none of a whole kind."""
    return gap.code == "NotInExport" and gap.scope == "/"


def _not_in_export(page: Page, lacking: Sequence[Gap]) -> Iterator[RenderableType]:
    """The kinds that an export has none of in one paragraph, those first on which most answers rest."""
    rest = Counter(
        ids.type_key(gap.type) for result in page.report.with_outcome(Outcome.UNKNOWN) for gap in result.gaps
    )
    kinds = sorted({gap.type for gap in lacking}, key=lambda kind: (-rest[ids.type_key(kind)], kind))
    shown = kinds if page.options.verbose else kinds[:_SHOWN]
    more = f" and {len(kinds) - len(shown):,} more (--verbose lists them)" if len(kinds) > len(shown) else ""
    asked = "kind that these rules ask for is" if len(kinds) == 1 else "kinds that these rules ask for are"
    yield page.line(("NOT READ", "medium"), f"  {len(kinds):,} {asked} not in the export.")
    yield page.line(", ".join(shown) + more, indent=2)
    yield page.line(
        (
            "If there are none of these, say so with --assume-complete; else audit what `auditor collect` wrote.",
            "quiet",
        ),
        indent=2,
    )
    yield ""


def _grouped(gaps: Sequence[Gap]) -> list[list[Gap]]:
    """Gaps of one type with one cause together, the largest group first."""
    groups: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in gaps:
        groups.setdefault((ids.type_key(gap.type), gap.code, str(gap.status)), []).append(gap)
    return [groups[key] for key in sorted(groups, key=lambda key: (-len(groups[key]), key))]


def _group(page: Page, group: Sequence[Gap]) -> Iterator[RenderableType]:
    gap = group[0]
    status = f"{gap.status} " if gap.status else ""
    scopes = sorted({scope_words(page.report.scan, each.scope) for each in group})
    named = ", ".join(scopes[:_SHOWN_SCOPES]) + (
        f" and {len(scopes) - _SHOWN_SCOPES:,} more" * (len(scopes) > _SHOWN_SCOPES)
    )
    yield page.line((gap.type, "strong"), f"  {status}{gap.code}, {count(len(group), 'time')}: {named}", indent=2)
    yield page.line((gap_remedy(gap), "quiet"), indent=6)
