"""Fact families that do not exist: a rule that asks for one would pass everything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from auditor.errors import Problem
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Rule


def unknown_families(rules: Sequence[Rule], families: Collection[str]) -> Iterator[Problem]:
    """Each mention of a family that is none of `families`, at its place in the rule's file."""
    for rule in rules:
        for name in sorted(rule.needs.facts - frozenset(families)):
            remedy = nearest(name, families) or "`auditor rules facts` lists them"
            line, column = _place(rule.source, f"facts.{name}")
            yield Problem(rule.source, line, column, f"there is no fact family {name!r}", remedy)


def _place(source: str, text: str) -> tuple[int, int]:
    """Line and column of a text's first mention in a file, 1-based; zeros where that cannot be told."""
    try:
        lines = Path(source).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError):
        return 0, 0
    return next(((n, line.index(text) + 1) for n, line in enumerate(lines, start=1) if text in line), (0, 0))
