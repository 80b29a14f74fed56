"""Planted secrets on the whole way: served by a loopback Azure, collected, judged, reported, logged."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from auditor.inventory import ids
from auditor.report.registry import FORMATS
from auditor.snapshot.store import Snapshot
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import serve
from tests.cli.inside import run
from tests.hostile.test_planted import PLACES, found_in

Arm = list[dict[str, Any]]
LEAST = 60
"""So many places have to arrive: the others are of types that are read from exports alone."""


def with_parents(bodies: Arm) -> Arm:
    """The bodies and what holds them, so that a collection finds its way there."""
    found = {ids.id_key(str(body["id"])): body for body in bodies}
    for body in bodies:
        above = ids.parent_of(str(body["id"]))
        while above and "/providers/" in above:
            made = {"id": above, "name": above.rpartition("/")[2], "type": ids.type_of_id(above), "properties": {}}
            found.setdefault(ids.id_key(above), {**made, "location": "westeurope"})
            above = ids.parent_of(above)
    return list(found.values())


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder in which `collect --all` wrote tenant.db and a debug log."""
    folder = tmp_path_factory.mktemp("planted")
    arm = [body for _, _, body in PLACES if not str(body["type"]).lower().startswith("microsoft.graph")]
    with serve(LoopbackAzure(with_parents(arm))) as endpoints:
        cloud = endpoints.cloud_file(folder)
        options = ("--all", "--cloud", cloud, "--output", "tenant.db", "--verbose", "--debug-log", "debug.log")
        done = run("collect", *options, "--debug-names", env=endpoints.managed_identity(), cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_what_was_planted_arrives(collected: tuple[Path, subprocess.CompletedProcess[str]]):
    with Snapshot.open(collected[0] / "tenant.db") as snapshot:
        there = {resource.key for resource in snapshot.resources()}

    arrived = [place for place, _, body in PLACES if ids.id_key(str(body["id"])) in there]
    assert len(arrived) >= LEAST


def test_no_byte_of_the_snapshot_and_no_line_of_a_log_holds_it(
    collected: tuple[Path, subprocess.CompletedProcess[str]],
):
    folder, done = collected

    assert found_in((folder / "tenant.db").read_bytes()) == []
    assert found_in((folder / "debug.log").read_bytes()) == []
    assert found_in((done.stdout + done.stderr).encode()) == []


def test_no_report_of_it_and_no_answer_holds_it(collected: tuple[Path, subprocess.CompletedProcess[str]]):
    folder, _ = collected
    reports = [option for name in FORMATS for option in ("--report", f"{name}=report.{name}")]
    source = ("--from", "tenant.db")
    answers = [
        run("scan", *source, "--fail-on", "none", "--include-passed", *reports, cwd=folder),
        run("identity", "credentials", *source, "-f", "json", cwd=folder),
        run("paths", *source, "-f", "json", cwd=folder),
        run("keys", *source, "-f", "json", cwd=folder),
        run("fix", "plan", *source, "-f", "json", cwd=folder),
        run("query", "select * from resources", *source, "-f", "json", cwd=folder),
    ]

    for done in answers:
        assert done.returncode == 0, done.stderr
        assert found_in((done.stdout + done.stderr).encode()) == []
    for name in FORMATS:
        assert found_in((folder / f"report.{name}").read_bytes()) == []
