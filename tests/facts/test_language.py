"""The versions of languages that apps run on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.facts.paas.language import LANGUAGES, compute
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

SITE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/shop"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "retirements.md"


def found(properties: dict[str, str], kind: str = "app") -> tuple[str, bool] | None:
    site = {"id": SITE, "name": "shop", "type": "Microsoft.Web/sites", "kind": kind}
    config = {"id": f"{SITE}/config/web", "name": "web", "type": "Microsoft.Web/sites/config", "properties": properties}
    facts = compute(Inventory([Resource.from_body(site), Resource.from_body(config)]), NOW)
    return next(((fact["name"], fact["ended"]) for fact in facts.values()), None)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"linuxFxVersion": "PYTHON|3.9"}, ("Python 3.9", True)),
        ({"linuxFxVersion": "Python|3.12"}, ("Python 3.12", False)),
        ({"linuxFxVersion": "NODE|18-lts"}, ("Node.js 18", True)),
        ({"linuxFxVersion": "DOTNET-ISOLATED|8.0"}, (".NET 8.0", False)),
        ({"linuxFxVersion": "PHP|8.1.9"}, ("PHP 8.1", True)),
        ({"linuxFxVersion": "PYTHON|4.0"}, None),  # newer than the table
        ({"linuxFxVersion": "DOCKER|shop:3.8"}, None),
        ({"linuxFxVersion": "PYTHON"}, None),
        ({"powerShellVersion": "7.2"}, ("PowerShell 7.2", True)),
        ({"javaVersion": "1.7.0_80"}, ("Java 7", True)),
        ({"javaVersion": "17"}, None),
        ({"netFrameworkVersion": "v6.0"}, (".NET 6.0", True)),
        ({"netFrameworkVersion": "v4.0"}, None),
        ({}, None),
    ],
)
def test_the_version_is_read_from_where_the_app_says_it(properties: dict[str, str], expected: tuple[str, bool] | None):
    assert found(properties) == expected


def test_the_host_of_functions_says_nothing_of_their_language():
    assert found({"netFrameworkVersion": "v6.0"}, "functionapp") is None


def test_the_page_shows_the_table():
    page = PAGE.read_text(encoding="utf-8")

    for language in LANGUAGES.values():
        days = ", ".join(f"{version}: {day}" for version, day in language.until.items())
        assert f"| {language.name} | {days} | {language.source} |" in page
