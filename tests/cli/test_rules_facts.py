"""`auditor rules facts`: what conditions can ask of fact families."""

from __future__ import annotations

from pathlib import Path

from auditor.facts.registry import family_names
from tests.cli.inside import run


def test_every_family_is_listed_with_what_it_says(tmp_path: Path):
    lines = run("rules", "facts", cwd=tmp_path).stdout.splitlines()

    assert [line.split()[0] for line in lines] == sorted(family_names())
    assert [line for line in lines if len(line.split()) < 3] == []


def test_a_family_has_fields_with_types_and_an_example(tmp_path: Path):
    text = run("rules", "facts", "internet_exposure", cwd=tmp_path).stdout

    assert text.startswith("facts.internet_exposure\n")
    assert "  microsoft.network/networkinterfaces\n" in text
    assert any(line.split()[:2] == ["facts.internet_exposure.open", "true"] for line in text.splitlines())
    assert '"open": true' in text


def test_a_misspelt_family_is_told(tmp_path: Path):
    done = run("rules", "facts", "internet_exposur", cwd=tmp_path)

    assert done.returncode == 2
    assert "Did you mean internet_exposure?" in done.stderr
