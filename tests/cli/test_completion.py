"""Completion, asked as shells ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.app import app
from tests.cli.inside import start as run

Offered = Callable[..., list[str]]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What bash is offered for a line; the last word is being typed."""

    def ask(words: str, **env: str) -> list[str]:
        count = len(words.split(" ")) - 1
        line = {"_AUDITOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        for name, value in {**line, **env}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit):
            app(args=[], prog_name="auditor")
        said = capsys.readouterr()
        assert said.err == ""
        return said.out.split("\n")[:-1]

    return ask


@pytest.mark.parametrize(
    ("words", "some"),
    [
        ("auditor sc", "scan"),
        ("auditor scan --sel", "--select"),
        ("auditor scan --deb", "--debug"),
        ("auditor rules show storage-https", "storage-https-only"),
        ("auditor scan --select netw", "network"),
        ("auditor scan --ignore storage-https", "storage-https-only"),
        ("auditor scan --format sa", "sarif"),
        ("auditor scan --report sa", "sarif="),
        ("auditor scan --framework mcsb", "mcsb-v1"),
        ("auditor scan --fail-on cr", "critical"),
        ("auditor scan --min-severity me", "medium"),
        ("auditor scan --group-by re", "resource"),
        ("auditor scan --credential azure-c", "azure-cli"),
        ("auditor scan --cloud us", "usgov"),
        ("auditor rules list --framework cis", "cis-azure-4.0"),
    ],
)
def test_words_are_offered(words: str, some: str, offered: Offered):
    assert some in offered(words)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shells_that_show_explanations_get_titles(shell: str):
    line = {"_AUDITOR_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "auditor rules show storage-https"}

    done = run(env={**line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"})

    assert "Storage account accepts unencrypted HTTP" in done.stdout


def test_subscriptions_are_those_of_the_azure_cli_and_names_of_two_words_are_ids(tmp_path: Path, offered: Offered):
    known = [{"name": "shop-prod", "id": "1"}, {"name": "Shop Dev", "id": "22222222"}]
    (tmp_path / "azureProfile.json").write_text(json.dumps({"subscriptions": known}))

    assert offered("auditor scan --subscription s", AZURE_CONFIG_DIR=str(tmp_path)) == ["shop-prod"]
    assert offered("auditor scan --subscription 2", AZURE_CONFIG_DIR=str(tmp_path)) == ["22222222"]


@pytest.mark.parametrize("text", ["not json", "[]", '{"subscriptions": [{}]}', None])
def test_completion_never_fails(text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offered: Offered):
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "azureProfile.json").write_text(text)
    (tmp_path / "auditor.toml").write_text("is not TOML [")

    assert offered("auditor scan --subscription s", AZURE_CONFIG_DIR=str(tmp_path)) in ([], [""])


def test_completion_of_rules_reads_names_and_brings_nothing_heavy_along():
    """What a press of the Tab key costs is what it imports: a bound in seconds would measure the machine."""
    line = {"_AUDITOR_COMPLETE": "complete_bash", "COMP_WORDS": "auditor rules show sto", "COMP_CWORD": "3"}

    done = run(env={**line, "PYTHONPROFILEIMPORTTIME": "1"})

    imported = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines() if row.startswith("import time:")}
    assert "auditor.cli.settings.known_words" in imported
    heavy = {"auditor.rules", "auditor.facts", "auditor.report", "azure", "yaml", "rich", "aiohttp", "orjson"}
    assert not {name for name in imported if any(name == root or name.startswith(root + ".") for root in heavy)}
