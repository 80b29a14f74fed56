"""`auditor rules new`: rules of one's own that prove themselves from the start."""

from __future__ import annotations

import os
import subprocess
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.inside import AUDITOR, run

GIVEN = (
    *("--resource", "Microsoft.Storage/storageAccounts", "--title", "Account is odd", "--severity", "low"),
    *("--why", "It matters.", "--fix", "Mend it."),
)


@pytest.mark.parametrize(
    ("condition", "failing", "passing"),
    [
        ("tags.owner exists false", '{"tags": {}, "properties": {}}', '{"tags": {"owner": "x"}}'),
        ("properties.days less 30", '{"properties": {"days": 29}}', '{"properties": {"days": 30}}'),
        ("properties.on equals true", '{"properties": {"on": true}}', '{"properties": {}}'),
        ("properties.on notEquals Yes", '{"properties": {}}', '{"properties": {"on": "Yes"}}'),
        ("properties.v in [TLS1_0, TLS1_1]", '{"properties": {"v": "TLS1_0"}}', '{"properties": {"v": "other"}}'),
        ("properties.zones contains 1", '{"properties": {"zones": [1]}}', '{"properties": {"zones": [2]}}'),
        ("properties.r[*].p equals 22", '{"properties": {"r": [{"p": 22}]}}', '{"properties": {"r": [{"p": 21}]}}'),
        ("properties.end less [addDays(utcNow(), 30)]", '"1970-01-01T00:00:00Z"', '"2999-01-01T00:00:00Z"'),
    ],
)
def test_a_condition_becomes_a_rule_that_passes_its_own_test_and_lint(
    condition: str, failing: str, passing: str, tmp_path: Path
):
    done = run("rules", "new", "odd-account", *GIVEN, "--fail-if", condition, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    text = (tmp_path / "rules/own/odd-account.yaml").read_text()
    before, _, after = text.partition("  pass:\n")
    assert failing in before.partition("  fail:\n")[2]
    assert passing in after
    assert run("rules", "test", "rules", cwd=tmp_path).returncode == 0
    lint = run("rules", "lint", "rules", cwd=tmp_path)
    assert lint.returncode == 0, lint.stdout
    assert [line for line in lint.stdout.splitlines() if "missing" not in line and "has no" not in line] == [
        lint.stdout.splitlines()[-1]
    ]


def test_what_it_wrote_finds_something(tmp_path: Path):
    run("rules", "new", "odd-account", *GIVEN, "--fail-if", "tags.nobody exists false", cwd=tmp_path)

    done = run(
        "scan", "--demo", "--rules", "rules", "--no-builtin", "--format", "csv", "--fail-on", "low", cwd=tmp_path
    )

    assert done.returncode == 1
    assert "account is odd" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("odd-account",), "not given: --resource, --fail-if"),
        (("Odd", *GIVEN, "--fail-if", "a equals b"), "'Odd' is not kebab-case"),
        (("storage-https-only", *GIVEN, "--fail-if", "a equals b"), "there is a built-in rule"),
        (("odd-account", *GIVEN, "--fail-if", "properties.a equal b"), "Did you mean equals?"),
        (("odd-account", *GIVEN, "--fail-if", "properties.a"), "Write FIELD OPERATOR VALUE"),
        (("odd-account", *GIVEN, "--fail-if", "properties..a equals b"), "cannot read"),
        (("odd-account", *GIVEN, "--fail-if", "facts.owners.own equals b"), "cannot be made up"),
        (("odd-account", *GIVEN, "--fail-if", "type equals b"), "found no value of type that fails"),
        (("odd-account", *GIVEN, "--fail-if", "a equals b", "--topic", "../up"), "no name of a folder"),
        (("odd-account", *GIVEN, "--fail-if", "a equals b", "--resource", "disks"), "is not a resource type"),
    ],
)
def test_a_wrong_answer_is_told_and_nothing_is_written(arguments: tuple[str, ...], words: str, tmp_path: Path):
    done = run("rules", "new", *arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert list(tmp_path.rglob("*.yaml")) == []


def test_a_file_that_is_there_stays(tmp_path: Path):
    for _ in range(2):
        done = run("rules", "new", "odd-account", *GIVEN, "--fail-if", "properties.a equals b", cwd=tmp_path)

    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_at_a_terminal_it_asks_again_until_an_answer_can_be_used(tmp_path: Path):
    main, other = os.openpty()
    termios.tcsetwinsize(other, (24, 100))
    process = subprocess.Popen(
        [str(AUDITOR), "rules", "new", "odd-account"],
        **{"stdin": other, "stdout": other, "stderr": other},
        cwd=tmp_path,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(other)
    answers = ("disks", "Microsoft.Compute/disks", "tags.owner exists false", "Disk has no owner", "loud", "low")
    os.write(main, ("\n".join((*answers, "Nobody knows.", "Tag it.")) + "\n").encode())
    seen = b""
    with suppress(OSError):
        while chunk := os.read(main, 65536):
            seen += chunk
    os.close(main)

    assert process.wait() == 0, seen.decode()
    assert "'disks' is not a resource type" in seen.decode()
    assert "'loud' is no severity" in seen.decode()
    assert "title: " in (tmp_path / "rules/own/odd-account.yaml").read_text()
