"""Planted secrets: none in a snapshot, a report of any format, the debug log, or what an error says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.report.registry import FORMATS
from auditor.secrets.redactor import Redactor
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.cli.inside import run
from tests.hostile.planted import planted

PLACES = list(planted())
SECRETS = {secret for _, secret, _ in PLACES}


def found_in(data: bytes) -> list[str]:
    """The secrets that some bytes hold, as they are, escaped for JSON, or encoded."""
    return [
        secret
        for secret in sorted(SECRETS)
        if secret.encode() in data
        or json.dumps(secret)[1:-1].encode() in data
        or base64.b64encode(secret.encode()) in data
    ]


def test_there_are_enough_of_them_and_each_is_its_own():
    assert len(PLACES) >= 120
    assert len({place for place, _, _ in PLACES}) == len(PLACES)


@pytest.mark.parametrize(("place", "secret", "body"), PLACES, ids=[place for place, _, _ in PLACES])
def test_it_is_gone_from_the_body(place: str, secret: str, body: dict[str, object]):
    assert secret in json.dumps(body, ensure_ascii=False).replace('\\"', '"').replace("\\n", "\n"), place

    kept = Redactor(b"key").redact(str(body["type"]).lower(), body)

    assert found_in(json.dumps(kept).encode()) == []


def test_it_is_in_no_byte_of_a_snapshot(tmp_path: Path):
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with Snapshot.create(tmp_path / "tenant.db", Manifest(source="live", started_at=now, finished_at=None)) as snapshot:
        redactor = Redactor(snapshot.secret_key)
        for _, _, body in PLACES:
            kind = str(body["type"])
            snapshot.add("/", kind, [redactor.redact(kind.lower(), body)])
        assert found_in(b"".join(file.read_bytes() for file in tmp_path.iterdir())) == []
        snapshot.finish(now)

    assert found_in((tmp_path / "tenant.db").read_bytes()) == []


def test_it_is_in_no_report_no_log_and_no_tree_of_resources(tmp_path: Path):
    (tmp_path / "export.json").write_text(json.dumps([body for _, _, body in PLACES]))
    reports = [option for name in FORMATS for option in ("--report", f"{name}=out/report.{name}")]
    (tmp_path / "out").mkdir()

    done = run(
        *("scan", "--from", "export.json", "--include-passed", "--verbose", "--fail-on", "none"),
        *("--debug-log", "out/debug.log", "--debug-names", "--sarif-inventory", "out/tree", *reports),
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) > len(FORMATS) + 40
    for path in written:
        assert found_in(path.read_bytes()) == [], path
        assert found_in(str(path).encode()) == []
    assert found_in((done.stdout + done.stderr).encode()) == []


def test_it_is_in_no_error_of_an_export_that_is_damaged(tmp_path: Path):
    text = json.dumps([body for _, _, body in PLACES])
    for cut in range(1000, len(text), len(text) // 12):
        (tmp_path / "export.json").write_text(text[:cut])

        done = run("scan", "--from", "export.json", cwd=tmp_path)

        assert done.returncode == 2
        assert found_in((done.stdout + done.stderr).encode()) == []
