"""Completion, asked as shells ask."""

from __future__ import annotations

import json
import resource
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


def test_completion_of_rules_takes_a_blink():
    assert min(_cpu_seconds("auditor rules show sto") for _ in range(3)) < 0.6  # a quarter of it on an idle machine


def _cpu_seconds(words: str) -> float:
    """Time of processors, which other programs on the machine do not lengthen much."""
    count = len(words.split(" ")) - 1
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(env={"_AUDITOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
