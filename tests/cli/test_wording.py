"""A wrong option or command is told in plain words, with what was likely meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.inside import run


def told(done) -> str:
    return " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scan", "--demmo"], "There is no option --demmo. Did you mean --demo?"),
        (["scan", "--incl"], "Did you mean --include-passed?"),
        (["scan", "--max", "3"], "There is no option --max."),
        (["scan", "--demo", "--fail-on", "hi"], "'hi' is not one of critical, high, medium, low, info, none. Did you"),
        (["scan", "--demo", "--source", "gra"], "Did you mean graph?"),
        (["scan", "--demo", "--width", "abc"], "Invalid value for '--width': it has to be a whole number"),
        (["scan", "--demo", "--width", "3"], "Invalid value for '--width': it has to be 40 or more"),
        (["query", "--timeout", "soon"], "it has to be a number"),
        (["complience"], "No such command 'complience'. Did you mean 'compliance'?"),
        (["rules", "sho"], "Did you mean 'show'?"),
    ],
)
def test_it_says_what_is_wrong_and_what_was_likely_meant(arguments: list[str], words: str, tmp_path: Path):
    done = run(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert words in told(done)
    assert "Value error" not in told(done)
    assert "Input should be" not in told(done)
    assert "--max (" not in told(done)
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["main.bicep", "infra"])
def test_code_given_for_an_export_is_told_where_to_go(name: str, tmp_path: Path):
    (tmp_path / "infra").mkdir()
    for path in (tmp_path / "main.bicep", tmp_path / "infra" / "main.bicep"):
        path.write_text("param name string\n")

    done = run("scan", "--from", name, cwd=tmp_path)

    assert done.returncode == 2
    assert "is code that is not deployed yet (main.bicep)" in told(done)
    assert f"auditor scan {name}" in told(done)
    assert f"--with {name}" in told(done)


def test_diff_speaks_of_what_it_takes(tmp_path: Path):
    (tmp_path / "new.json").write_text('{"schema_version": "1.0", "results": []}')
    for names in (("old.json", "other.json"), ("old.json", "new.json")):
        done = run("diff", *names, cwd=tmp_path)

        assert done.returncode == 2
        assert "old.json: there is no such file or folder" in told(done)
        assert "--from" not in told(done)
