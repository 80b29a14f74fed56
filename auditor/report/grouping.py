"""Findings in groups, as `--group-by` asks for them."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.evaluate.model import Outcome, Result
from auditor.report.meanings import meaning
from auditor.report.model import RenderOptions
from auditor.rules.model import Severity


def grouped(results: Sequence[Result], options: RenderOptions) -> list[list[Result]]:
    """Groups with the worst first, by how many findings of each severity they hold, then by name."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(group_key(result, options), []).append(result)
    return [groups[name] for name in sorted(groups, key=lambda name: (_badness(groups[name]), name))]


def group_key(result: Result, options: RenderOptions) -> str:
    """What names the group of a result: a rule, an id, a topic, or a tag's value ("" for none)."""
    match options.group_by:
        case "resource":
            return result.subject.id.lower()
        case "subscription":
            return result.subject.subscription_id
        case "topic":
            return result.rule.topic
        case "rule":
            return result.rule.id
        case chosen if chosen.startswith("tag:"):
            return result.subject.tags.get(chosen.removeprefix("tag:").lower(), "")
        case chosen:
            return meaning(result.subject, chosen, options.meanings)


def _badness(results: Sequence[Result]) -> tuple[int, ...]:
    failed = [result.severity for result in results if result.outcome is Outcome.FAIL]
    return tuple(-failed.count(severity) for severity in Severity)
