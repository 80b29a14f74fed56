"""`auditor compliance --evidence DIR` as an auditor, and somebody who means harm, would meet it."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli.inside import run

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
KEY = "xG7hQ2v9Lr5Tn8Wb4Zc6Kd1Mf3Pj0Ss7Uy2Aa5Ee8Ii1Oo4Qq9Xx3Vv6Nn0Bb2Cc5Dd8Ff1Gg4Hh=="
FRAMEWORK = """\
id: ours
name: Ours
controls:
  - {id: "../../../up", title: "=cmd()", rules: [storage-https-only]}
  - {id: "Data/1", title: Encrypted, rules: [storage-https-only]}
  - {id: "data_1", title: Encrypted too, rules: [storage-https-only]}
  - {id: CON, title: Settings, rules: ["app-*-in-settings"]}
  - {id: D-9, title: Visitors are escorted}
"""


def account(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/{name}",
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "tags": {"owner": "=team()"},
        "properties": properties,
    }


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    site = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Web/sites/app"
    bodies = [
        account("stgood", supportsHttpsTrafficOnly=True),
        account("stbad", supportsHttpsTrafficOnly=False),
        {"id": site, "name": "app", "type": "Microsoft.Web/sites", "kind": "app", "properties": {"httpsOnly": False}},
        {
            "id": f"{site}/config/appsettings",
            "name": "appsettings",
            "type": "Microsoft.Web/sites/config",
            "properties": {"STORE": f"DefaultEndpointsProtocol=https;AccountName=stgood;AccountKey={KEY}"},
        },
    ]
    (folder / "export.json").write_text(json.dumps(bodies))
    (folder / "ours.yaml").write_text(FRAMEWORK)
    (folder / "exemptions.yaml").write_text(
        "exemptions:\n  - {rule: storage-https-only, resource: '*/stbad', reason: '=1+1', owner: ops, "
        "expires: 2099-01-01}\n"
    )
    return folder


def evidence(export: Path, target: Path, *more: str) -> Any:
    arguments = ("--from", export / "export.json", "--framework", export / "ours.yaml", "--evidence", target, *more)
    return run("compliance", "-q", *arguments)


@pytest.fixture(scope="module")
def pack(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack") / "evidence"
    done = evidence(export, folder)
    assert done.returncode == 0, done.stderr
    return folder


def files_of(folder: Path) -> dict[str, Path]:
    return {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_control_has_its_whole_population_with_values_and_dates(pack: Path):
    names = sorted(path.name for path in (pack / "ours/controls").iterdir())
    (name,) = (name for name in names if name.startswith("data_1") and name.count("-") == 0)
    rows = rows_of(pack / "ours/controls" / name)

    assert {(row["resource_name"], row["outcome"]) for row in rows} == {("stbad", "fail"), ("stgood", "pass")}
    (bad,) = (row for row in rows if row["resource_name"] == "stbad")
    assert (bad["property"], bad["value"]) == ("properties.supportsHttpsTrafficOnly", "false")
    assert bad["read_at"].endswith("Z")
    assert rows_of(pack / "ours/controls.csv")[1]["resources_failed"] == "1"
    assert rows_of(pack / "ours/controls.csv")[-1]["state"] == "not covered"


def test_ids_as_names_never_lead_out_and_never_meet(pack: Path):
    names = [path.name for path in (pack / "ours/controls").iterdir()]

    assert len({name.lower() for name in names}) == len(names) == 4
    assert sorted(path.name for path in pack.parent.iterdir()) == ["evidence"]
    assert not any(name.lower().startswith(("con.", ".", "-")) for name in names)


def test_only_the_owner_can_read_it(pack: Path):
    assert {path.stat().st_mode & 0o077 for path in [pack, *pack.rglob("*")]} == {0}


def test_no_secret_is_in_it_and_nothing_is_a_formula(pack: Path):
    (settings,) = (path for name, path in files_of(pack).items() if "controls/_CON" in name)
    assert "storage-account-key" in settings.read_text()  # what stands in its place
    for path in files_of(pack).values():
        data = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                data = b"".join(archive.read(name) for name in archive.namelist())
                for sheet in (name for name in archive.namelist() if "worksheets/" in name):
                    assert not ET.fromstring(archive.read(sheet)).findall(".//{*}f")  # noqa: S314 - our own file
            assert b"=team()" in data
        assert KEY.encode() not in data, path
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(data.decode().splitlines()) for cell in row]
            assert not [cell for cell in cells if cell[:1] in set("=+@")]


def test_the_same_audit_gives_the_same_bytes_and_what_is_gone_is_taken_away(export: Path, pack: Path, tmp_path: Path):
    target = tmp_path / "again"
    for _ in range(2):
        assert evidence(export, target).returncode == 0
        assert {name: path.read_bytes() for name, path in files_of(target).items()} == {
            name: path.read_bytes() for name, path in files_of(pack).items()
        }

    assert evidence(export, target, "--control", "data_1").returncode == 0
    assert len(list((target / "ours/controls").iterdir())) == 1


def test_what_is_accepted_is_listed_with_its_reason_and_end(export: Path, tmp_path: Path):
    done = evidence(export, tmp_path / "e", "--exemptions", str(export / "exemptions.yaml"), "--control", "data_1")
    (row,) = rows_of(tmp_path / "e/ours/exemptions.csv")

    assert done.returncode == 0, done.stderr
    assert (row["reason"], row["owner"], row["exempt_until"]) == ("'=1+1", "ops", "2099-01-01")


@pytest.mark.parametrize("what", ["foreign", "changed", "link", "linked folder", "folder is a link", "forged"])
def test_what_is_not_its_own_is_never_overwritten(what: str, export: Path, tmp_path: Path):
    target, outside = tmp_path / "evidence", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.txt").write_text("kept")
    if what == "folder is a link":
        target.symlink_to(outside)
    else:
        assert evidence(export, target, "--control", "data_1").returncode == 0
    summary = target / "summary.html"
    match what:
        case "foreign":
            (target / "notes.txt").write_text("mine")
        case "changed":
            summary.write_text("signed by hand")
        case "link":
            summary.unlink()
            summary.symlink_to(outside / "kept.txt")
        case "linked folder":
            (target / "soc").symlink_to(outside)
        case "forged":  # a manifest that claims what lies outside
            mark = hashlib.sha256(b"kept").hexdigest()
            document = {"format": "azure-auditor files", "sha256": {"../outside/kept.txt": [mark]}}
            (target / ".auditor-files.json").write_text(json.dumps(document))
    before = {name: path.read_bytes() for name, path in files_of(target).items()}

    done = evidence(export, target)

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert (outside / "kept.txt").read_text() == "kept"
    assert sorted(path.name for path in outside.iterdir()) == ["kept.txt"]
    assert {name: path.read_bytes() for name, path in files_of(target).items()} == before


def test_a_file_in_its_place_is_refused_before_anything_is_read(tmp_path: Path):
    (tmp_path / "evidence").write_text("x")

    done = run("compliance", "-q", "--from", tmp_path, "--evidence", tmp_path / "evidence")

    assert done.returncode == 2
    assert "evidence: is no folder" in done.stderr
