"""auditor.toml, environment variables, and which of them wins."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.cli.test_scan_command import run

GATE_HOLDS, GATE_FAILS, WRONG = 0, 1, 2


def scan(folder: Path, *arguments: str, **env: str) -> int:
    return run("scan", "--demo", "-q", *arguments, cwd=folder, env=env).returncode


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path):
    (tmp_path / "auditor.toml").write_text('[scan]\nfail-on = "none"\n')

    assert scan(tmp_path) == GATE_HOLDS
    assert scan(tmp_path, AUDITOR_SCAN_FAIL_ON="high") == GATE_FAILS
    assert scan(tmp_path, "--fail-on", "none", AUDITOR_SCAN_FAIL_ON="high") == GATE_HOLDS


def test_the_file_is_found_upwards_and_lists_are_lists(tmp_path):
    (tmp_path / "auditor.toml").write_text(
        '[scan]\nselect = ["storage-copy-scope", "storage-blob-soft-delete"]\nfail_on = "high"\n'
    )
    deeper = tmp_path / "a" / "b"
    deeper.mkdir(parents=True)

    assert scan(deeper) == GATE_HOLDS


def test_settings_of_an_inner_command(tmp_path):
    (tmp_path / "auditor.toml").write_text('[rules.list]\nselect = ["storage-https-only"]\nformat = "json"\n')

    done = run("rules", "list", cwd=tmp_path)

    assert done.stdout.count('"id"') == 1


def test_another_file_can_be_named(tmp_path):
    (tmp_path / "ci.toml").write_text('[scan]\nfail-on = "none"\n')

    assert run("--config", "ci.toml", "scan", "--demo", "-q", cwd=tmp_path).returncode == GATE_HOLDS
    assert run("--config", "no.toml", "scan", "--demo", "-q", cwd=tmp_path).returncode == WRONG


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scan]\nfail-onn = 1\n", "did you mean fail-on?"),
        ("[scam]\nx = 1\n", "did you mean scan?"),
        ("[scan\n", "is not TOML"),
        ('[scan]\nfail-on = "nones"\n', "nones"),
        ("[scan]\ndemo = true\n", "no setting 'scan.demo'"),
    ],
)
def test_a_mistake_in_the_file_is_told_and_nothing_runs(tmp_path, text, says):
    (tmp_path / "auditor.toml").write_text(text)

    done = run("scan", "--demo", cwd=tmp_path)

    assert done.returncode == WRONG
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_init_writes_every_setting_commented_out(tmp_path):
    assert run("init", cwd=tmp_path).returncode == 0
    text = (tmp_path / "auditor.toml").read_text()

    assert set(tomllib.loads(text)) >= {"scan", "collect"}
    assert scan(tmp_path) == GATE_FAILS
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    assert tomllib.loads(uncommented)["scan"]["fail-on"] == "high"
    assert run("init", cwd=tmp_path).returncode == WRONG
    assert run("init", "--force", cwd=tmp_path).returncode == 0
