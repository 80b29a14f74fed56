"""docs/encryption.md says what the tables say. `AUDITOR_GOLDEN=write` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.facts.certificates.family import FAMILY
from auditor.facts.certificates.holders import HOLDERS
from auditor.facts.encryption_document import render

PAGE = Path(__file__).parents[2] / "docs" / "encryption.md"


def test_the_page_shows_the_tables():
    if os.environ.get("AUDITOR_GOLDEN") == "write":
        PAGE.write_text(render(), encoding="utf-8")
        return
    assert PAGE.read_text(encoding="utf-8") == render()


def test_every_holder_of_certificates_is_on_it():
    assert HOLDERS.keys() == FAMILY.types
