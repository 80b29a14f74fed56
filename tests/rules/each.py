"""Checks of every rule, told by rule and run a topic at a time: thousands of tests of a millisecond cost minutes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from auditor.rules.model import Rule


def each_of(rules: Sequence[Rule]) -> Callable[[Callable[[Rule], None]], Callable[[str], None]]:
    """`@each_of(rules)` makes a test by topic of a check that takes one rule; it names every rule that fails it."""
    topics = sorted({rule.topic for rule in rules})

    def made(check: Callable[[Rule], None]) -> Callable[[str], None]:
        def test(topic: str) -> None:
            troubles: dict[str, str] = {}
            for rule in rules:
                if rule.topic == topic:
                    try:
                        check(rule)
                    except Exception as error:
                        troubles[rule.id] = f"{type(error).__name__}: {error}"
            assert not troubles, "\n".join(f"{rule}: {why}" for rule, why in troubles.items())

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return pytest.mark.parametrize("topic", topics)(test)

    return made
