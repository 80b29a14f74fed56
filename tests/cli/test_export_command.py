"""`auditor export --parquet`: what a snapshot holds, as files that other engines read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from pyarrow import parquet

from auditor.report.rows import COLUMNS
from auditor.snapshot.opening import open_source
from auditor.snapshot.store import Snapshot
from auditor.snapshot.tables import TABLES, rows_of, snapshot_of
from tests.cli.inside import run
from tests.tenants import account, accounts, demo, guid


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return accounts(tmp_path_factory.mktemp("tenant") / "one.db", guid(1), 3, vaults_read=False)


def part(folder: Path, table: str, number: int = 1) -> Path:
    return folder / table / f"tenant={guid(number)}" / "part-0.parquet"


def test_resources_ledger_and_manifest_are_written_by_tenant_for_their_owner_alone(tenant: Path, tmp_path: Path):
    done = run("export", tenant, "--parquet", "lake", cwd=tmp_path)

    assert (done.returncode, done.stderr.count("3 resources")) == (0, 1)
    found = {table: parquet.read_table(part(tmp_path / "lake", table)) for table in TABLES}
    assert {table: tuple(rows.column_names) for table, rows in found.items()} == TABLES
    bodies = [json.loads(body) for body in found["resources"]["body"].to_pylist()]
    assert bodies == [account(f"st{n:04}", supportsHttpsTrafficOnly=n % 2 == 0) for n in range(3)]
    ledger = found["ledger"].to_pylist()
    assert [line["state"] for line in ledger if line["gap"]] == ["denied"]
    assert "secret_key" not in found["manifest"]["name"].to_pylist()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lake").rglob("*")}
    assert modes == {0o600, 0o700}


def test_results_are_those_of_the_json_report(tenant: Path, tmp_path: Path):
    run("export", tenant, "--parquet", "lake", "--results", cwd=tmp_path)
    scanned = json.loads(run("scan", "--from", tenant, "-f", "json", "--fail-on", "none", cwd=tmp_path).stdout)

    written = parquet.read_table(part(tmp_path / "lake", "results"), columns=list(COLUMNS)).to_pylist()

    assert len(written) == len(scanned["results"]) > 5
    for row, result in zip(written, scanned["results"], strict=True):
        same = ("rule", "outcome", "severity", "message", "fingerprint", "evidence_hash", "command")
        assert {name: row[name] for name in same} == {name: result[name] for name in same}
        assert row["resource_id"] == result["resource"]["id"]
        assert json.loads(row["evidence"]) == result["evidence"]


def test_a_snapshot_of_its_own_rows_is_the_same_snapshot(tmp_path: Path):
    path = demo(tmp_path / "demo.db", guid(2))

    with Snapshot.open(path) as snapshot:
        again = snapshot_of({table: list(rows_of(snapshot, table)) for table in TABLES}, str(path))
    whole = open_source(path)

    assert again.manifest == whole.manifest
    inventory = again.inventory()
    assert [(one.id, one.type, one.body, one.unread) for one in inventory] == [
        (one.id, one.type, one.body, one.unread) for one in whole.inventory
    ]
    assert inventory.gaps == whole.inventory.gaps


def test_one_tenant_after_the_other_fills_a_folder_and_again_replaces(tenant: Path, tmp_path: Path):
    other = accounts(tmp_path / "two.db", guid(2), 5)

    for path in (tenant, other, tenant):
        assert run("export", path, "--parquet", "lake", "-q", cwd=tmp_path).returncode == 0

    lake = parquet.read_table(tmp_path / "lake" / "resources")
    assert sorted(map(str, lake["tenant"].to_pylist())) == [guid(1)] * 3 + [guid(2)] * 5


@pytest.mark.parametrize("twice", [False, True])
def test_two_snapshots_of_one_tenant_are_not_mixed(tenant: Path, tmp_path: Path, twice: bool):
    other = tenant if twice else accounts(tmp_path / "again.db", guid(1), 1)

    done = run("export", tenant, other, "--parquet", "lake", cwd=tmp_path)

    assert done.returncode == 2
    assert "is of the same tenant as" in done.stderr
    assert not (tmp_path / "lake").exists()


def test_what_would_mix_with_it_or_lead_elsewhere_is_refused(tenant: Path, tmp_path: Path):
    strange = part(tmp_path / "mixed", "resources").with_name("part-7.parquet")
    strange.parent.mkdir(parents=True)
    strange.write_text("")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "resources").symlink_to(tmp_path)

    mixed = run("export", tenant, "--parquet", "mixed", cwd=tmp_path)
    linked = run("export", tenant, "--parquet", "linked", cwd=tmp_path)

    assert (mixed.returncode, "part-7.parquet" in mixed.stderr) == (2, True)
    assert (linked.returncode, "is a link" in linked.stderr) == (2, True)
    assert not (tmp_path / f"tenant={guid(1)}").exists()


def test_a_snapshot_of_no_tenant_and_what_is_none_are_refused(tmp_path: Path):
    nobody = accounts(tmp_path / "nobody.db", "", 1)
    (tmp_path / "export.json").write_text("[]")

    for path, words in ((nobody, "does not say of which tenant it is"), (tmp_path / "export.json", "is no snapshot")):
        done = run("export", path, "--parquet", "lake", cwd=tmp_path)
        assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_a_file_in_the_place_of_the_folder_is_told(tenant: Path, tmp_path: Path):
    (tmp_path / "lake").write_text("")

    done = run("export", tenant, "--parquet", "lake", cwd=tmp_path)

    assert (done.returncode, "cannot be written" in done.stderr) == (2, True)
