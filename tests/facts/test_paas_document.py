"""The table of services in the documentation is the one in the code."""

from __future__ import annotations

from pathlib import Path

from auditor.facts.paas.document import render
from auditor.facts.paas.services import SERVICES

DOCUMENT = Path(__file__).parents[2] / "docs" / "network-exposure.md"


def test_the_document_is_what_the_table_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), (
        "python -m auditor.facts.paas.document > docs/network-exposure.md"
    )


def test_every_service_has_a_row_with_its_source() -> None:
    text = render()

    assert [service.type for service in SERVICES if text.count(f"| `{service.type}` |") != 1] == []
    assert all(service.source.startswith("https://learn.microsoft.com/") for service in SERVICES)
