"""Rules come from the cache as they come from their files, and from the files where the cache is no good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.rules import loader
from auditor.rules.cache import DocumentCache, user_cache
from auditor.rules.loader import Catalogue

RULE = """\
id: storage-thing
title: A thing
description: Words.
severity: high
topic: network
resource: Microsoft.Storage/storageAccounts
fail_if: {field: properties.%s, equals: 2024-01-01}
remediation: {text: Mend it.}
"""


def load_rules() -> Catalogue:
    """As a process does that has loaded nothing yet."""
    loader._loaded.clear()
    return loader.load_rules()


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One built-in rule, and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    file = tmp_path / "rules" / "network" / "storage-thing.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(RULE % "a")
    monkeypatch.setattr(loader, "builtin_path", lambda: tmp_path / "rules")
    return file


def kept() -> list[Path]:
    folder = user_cache()
    assert folder
    return sorted(folder.iterdir())


def test_what_was_kept_is_the_same_rule(catalogue: Path):
    first = load_rules().rules[0]
    (file,) = kept()
    again = load_rules().rules[0]
    assert (again.definition, again.needs, again.title) == (first.definition, first.needs, first.title)
    assert again.definition["fail_if"]["equals"] == "2024-01-01"
    assert kept() == [file]


def test_another_text_is_another_rule(catalogue: Path):
    load_rules()
    catalogue.write_text(RULE % "b")
    assert load_rules().rules[0].definition["fail_if"]["field"] == "properties.b"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"x": 1}', b"\xff"])
def test_a_cache_that_cannot_be_read_is_written_anew(catalogue: Path, content: bytes):
    load_rules()
    (file,) = kept()
    file.write_bytes(content)
    assert load_rules().rules[0].id == "storage-thing"
    assert len(json.loads(file.read_bytes())) == 1


def test_a_kept_value_that_is_no_rule_is_not_believed(catalogue: Path):
    load_rules()
    (file,) = kept()
    file.write_text(json.dumps({key: {"id": "storage-thing"} for key in json.loads(file.read_text())}))
    assert load_rules().rules[0].title == "A thing"


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path):
    (tmp_path / "file").write_text("")
    cache = DocumentCache(tmp_path / "file" / "below")
    cache.put("a: 1", {"a": 1})
    cache.save()
    assert cache.get("a: 1") is None
