"""docs/private-link.md says what the table of zones says. `AUDITOR_GOLDEN=write` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from auditor.facts.private_link.zones import CLOUDS, Zones, services

PAGE = Path(__file__).parents[2] / "docs" / "private-link.md"
HEAD = "| type | service | sub-resource | public cloud | Azure Government | Azure China |"


def cell(zones: Zones | None) -> str:
    if zones is None:
        return ""
    return "<br>".join([f"`{zone}`" for zone in zones.needed] + [f"`{zone}` (some)" for zone in zones.some])


def table() -> str:
    rows = [
        f"| `{service.type}` | {service.name} | `{group}` | "
        + " | ".join(cell(by_cloud.get(cloud)) for cloud in CLOUDS)
        + " |"
        for service in services()
        for group, by_cloud in service.groups
    ]
    return "\n".join([HEAD, "|---|---|---|---|---|---|", *rows, ""])


def test_the_page_shows_the_table():
    before, _, shown = PAGE.read_text(encoding="utf-8").partition(HEAD)
    if os.environ.get("AUDITOR_GOLDEN") == "write":
        PAGE.write_text(before + table(), encoding="utf-8")
        return
    assert HEAD + shown == table()
