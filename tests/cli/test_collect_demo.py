"""`collect --demo`: the demo tenant as a snapshot, which is judged as the demo tenant is."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from tests.cli.inside import run


def _judged(*source: str, cwd: Path) -> dict[str, Any]:
    done = run("scan", *source, "--format", "json", "--fail-on", "none", cwd=cwd)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_it_is_judged_as_the_demo_tenant_gaps_included(tmp_path: Path):
    done = run("collect", "--demo", "--output", "demo.db", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "wrote demo.db" in done.stderr
    assert stat.S_IMODE((tmp_path / "demo.db").stat().st_mode) == 0o600
    ours, demo = _judged("--from", "demo.db", cwd=tmp_path), _judged("--demo", cwd=tmp_path)
    assert ours["results"] == demo["results"]
    assert ours["summary"] == demo["summary"]
    assert ours["gaps"] == demo["gaps"]


def test_what_is_there_is_kept_and_what_makes_no_sense_refused(tmp_path: Path):
    (tmp_path / "tenant.db").write_text("mine")

    assert run("collect", "--demo", cwd=tmp_path).returncode == 2
    assert (tmp_path / "tenant.db").read_text() == "mine"
    refused = run("collect", "--demo", "--resume", cwd=tmp_path)
    assert refused.returncode == 2
    assert "Leave --resume and --since out." in refused.stderr
