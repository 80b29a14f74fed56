"""What a large tenant is kept in gives the report that it would have without."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import api
from auditor.evaluate import compact
from auditor.evaluate.compact import Compact, CompactResult
from auditor.evaluate.model import Report
from auditor.facts import packed_values
from auditor.inventory import stored
from auditor.inventory.model import Gap, Resource, Unread
from auditor.rules.model import Evidence
from auditor.snapshot.copying import copy_whole
from auditor.snapshot.writing import write_snapshot


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo tenant as lines, one of them with a number that only Python's own parser takes."""
    inventory = api.open_demo().inventory
    bodies: list[dict[str, Any]] = [
        {**dict(one.body), "id": one.id, "type": one.type} for one in inventory if not inventory.is_embedded(one)
    ]
    lines = [json.dumps(body) for body in bodies if body["id"].startswith("/")]
    lines[7] = lines[7][:-1] + ', "etag": 123456789012345678901234567890}'
    path = tmp_path_factory.mktemp("export") / "tenant.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def as_if_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "DECODED", 40)
    monkeypatch.setattr(compact, "PLAIN", 25)
    monkeypatch.setattr(packed_values, "FROM", 2)
    monkeypatch.setattr(packed_values, "_AT_HAND", 3)


def report_of(path: Path, jobs: int = 1) -> Report:
    return api.audit(api.open_source(path, assume_complete=True), api.choose_rules(), jobs=jobs)


@pytest.fixture(scope="module")
def usual(export: Path) -> Report:
    return report_of(export)


@pytest.mark.usefixtures("as_if_large")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_large_tenant_has_the_same_report(export: Path, usual: Report, jobs: int):
    found = report_of(export, jobs)

    assert any(isinstance(one, CompactResult) for one in found.results)
    assert found.results == usual.results
    for name in ("json", "sarif", "csv", "html"):
        assert b"".join(api.render(found, name).pieces()) == b"".join(api.render(usual, name).pieces())


@pytest.mark.usefixtures("as_if_large")
def test_a_large_export_is_stored(export: Path):
    source = api.open_source(export, assume_complete=True)

    kept = [one for one in source.inventory if isinstance(one, stored.Stored)]
    plain = [one for one in source.inventory if not isinstance(one, stored.Stored)]
    assert len(kept) > len(plain)
    assert all(one.body == pickle.loads(pickle.dumps(one)).body for one in kept)  # noqa: S301 - our own bytes


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.usefixtures("as_if_large")
def test_an_export_of_many_files_is_stored_too(tmp_path: Path, export: Path, usual: Report, array: bool):
    lines = export.read_text(encoding="utf-8").splitlines()
    for start in range(0, len(lines), 50):
        part = lines[start : start + 50]
        text = f"[{','.join(part)}]" if array else "\n\n".join(part)
        (tmp_path / f"{start:04}.json{'' if array else 'l'}").write_text(text, encoding="utf-8")

    assert report_of(tmp_path).summary == usual.summary


@pytest.mark.usefixtures("as_if_large")
def test_a_large_snapshot_is_stored_too(tmp_path: Path, export: Path):
    whole = api.open_source(export, assume_complete=True)
    manifest = api.new_manifest(api.Target(), frozenset(whole.inventory.types))
    with write_snapshot(tmp_path / "tenant.db", manifest) as snapshot:
        copy_whole(snapshot, whole, whole.inventory.types)

    source = api.open_source(tmp_path / "tenant.db")

    assert any(isinstance(one, stored.Stored) for one in source.inventory)
    assert {one.key: one.body for one in source.inventory} == {one.key: one.body for one in whole.inventory}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
@settings(max_examples=200)
def test_a_body_comes_back_as_it_was(value: Any):
    body = {"id": "/subscriptions/a/resourceGroups/b/providers/A.B/c/d", "properties": value}
    plain = Resource.from_body(body)

    assert repr(stored.stored(plain).body) == repr(body)
    assert stored.stored(plain).with_body({"id": "x"}).body == {"id": "x"}


def test_what_json_would_change_stays_as_it_is(usual: Report):
    keep = Compact()
    odd = [(1, 2), float("nan"), {1: "a"}, 2**70, "\ud800"]
    results = [replace(usual.results[0], evidence=(Evidence("properties.a", value, "exists"),)) for value in odd]

    assert [repr(keep.kept(one).evidence) for one in results] == [repr(one.evidence) for one in results]


@pytest.mark.usefixtures("as_if_large")
def test_values_of_a_family_come_back_as_they_were():
    gap = Gap("/", "A.B/c", "", None, "NotAsked")
    values = {"a": {"x": [1, None]}, "b": Unread(gap), "c": {"x": Unread(gap)}, "d": ("x",), "e": None, "f": {"y": 2.5}}

    packed = packed_values.packed(values)

    assert isinstance(packed, packed_values.PackedValues)
    assert [dict(packed), dict(packed)] == [values, values]
    assert packed.get("nothing") is None
