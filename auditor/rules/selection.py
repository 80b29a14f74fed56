"""Which of the loaded rules run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from auditor.errors import UsageError
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Rule, Severity


def select_rules(
    rules: Sequence[Rule],
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    frameworks: Sequence[str] = (),
    min_severity: Severity | None = None,
    highest: Callable[[Rule], Severity] | None = None,
) -> tuple[Rule, ...]:
    """The rules that all options leave, in their order.

    A pattern is a rule id, a topic, or a glob over either or over `topic/id`. Raises UsageError for one that matches
    nothing, since a typing mistake in `--ignore` would otherwise go unnoticed. `highest` gives the highest
    severity that a rule can have for some resource; which resources these are is known when they are judged.
    """
    for option, patterns in (("--select", select), ("--ignore", ignore)):
        for pattern in patterns:
            if not any(matches(rule, (pattern,)) for rule in rules):
                names = {rule.id for rule in rules} | {rule.topic for rule in rules}
                hint = nearest(pattern, names)
                raise UsageError(
                    f"{option} {pattern!r} matches no rule",
                    remedy=f"{hint[:1].upper()}{hint[1:]} `auditor rules list` shows all.".strip(),
                )
    return tuple(
        rule
        for rule in rules
        if (not select or matches(rule, select))
        and not matches(rule, ignore)
        and (not frameworks or any(_maps_to(rule, framework) for framework in frameworks))
        and (min_severity is None or (highest(rule) if highest else rule.severity).rank <= min_severity.rank)
    )


def matches(rule: Rule, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names the rule, by id, topic or `topic/id`."""
    names = [name.lower() for name in (rule.id, rule.topic, f"{rule.topic}/{rule.id}")]
    wanted = [pattern.lower().removeprefix("rules/").removesuffix(".yaml") for pattern in patterns]
    return any(fnmatchcase(name, pattern) for pattern in wanted for name in names)


def _maps_to(rule: Rule, framework: str) -> bool:
    return any(name.lower() == framework.lower() for name in rule.frameworks)
