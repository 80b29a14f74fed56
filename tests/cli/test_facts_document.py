"""The pages of fact families are what the code says, and every family has its place on one."""

from __future__ import annotations

from pathlib import Path

from auditor.cli.rules.facts_document import render
from auditor.facts.registry import family_names

FOLDER = Path(__file__).parents[2] / "docs" / "facts"


def test_the_pages_are_what_the_code_says_and_name_every_family() -> None:
    pages = render()

    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == pages, (
        "python -m auditor.cli.rules.facts_document docs/facts"
    )
    whole = "\n".join(pages.values())
    assert [name for name in family_names() if whole.count(f"\n## {name}\n") != 1] == []
    assert "$secret" not in whole
