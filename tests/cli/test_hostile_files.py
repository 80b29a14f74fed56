"""Files that exhaust a parser: one error each, and no end by a signal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inside import run

DEEP = {"brackets": "[" * 100_000, "dashes": "- " * 60_000 + "a"}
NUMBER = '{"value": [{"id": ' + "9" * 5000 + "}]}"


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("command", ["rules lint deep.yaml", "scan --demo --exemptions deep.yaml"])
def test_yaml_of_a_hundred_thousand_levels_is_refused(tmp_path: Path, kind: str, command: str) -> None:
    (tmp_path / "deep.yaml").write_text(DEEP[kind])

    done = run(*command.split(), cwd=tmp_path)

    assert done.returncode == 2
    assert "deep.yaml:1:1: the YAML nests too deeply" in done.stderr


@pytest.mark.parametrize("text", [NUMBER, "[" * 100_000], ids=["number", "brackets"])
@pytest.mark.parametrize(
    "command",
    [
        "scan --from file.json",
        "rules list --rules file.json",
        "scan --demo --policy-parameters file.json",
        "scan --demo --baseline file.json",
        "doctor --cloud file.json",
    ],
)
def test_json_that_no_parser_takes_is_refused(tmp_path: Path, text: str, command: str) -> None:
    (tmp_path / "file.json").write_text(text)

    done = run(*command.split(), cwd=tmp_path)

    assert done.returncode == 2
    assert "mistake in auditor" not in done.stderr
    assert "error: " in done.stderr
    assert "file.json" in done.stderr
