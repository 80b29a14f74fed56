"""Packed results come back as they were, and what would not come back the same is refused."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from auditor import api
from auditor.evaluate.model import Report
from auditor.evaluate.packed import UnpackableError, pack, unpack
from auditor.rules.model import Evidence


@pytest.fixture(scope="module")
def report() -> Report:
    return api.audit(api.open_demo(), api.choose_rules(select=["network", "key-vault"]), keep_passed=True)


def test_results_come_back_equal(report: Report):
    again = unpack(orjson.loads(orjson.dumps(pack(report.results))), report.rules)

    assert tuple(again) == report.results
    assert [repr(one.evidence) for one in again] == [repr(one.evidence) for one in report.results]
    assert any(one.gaps for one in again) == any(one.gaps for one in report.results)


@pytest.mark.parametrize("value", [("a", "b"), float("nan"), [{1: "a"}], {"a": {"b"}}], ids=repr)
def test_what_would_come_back_as_something_else_is_refused(report: Report, value: object):
    changed = replace(report.results[0], evidence=(Evidence("properties.a", value, "exists"),))

    with pytest.raises(UnpackableError):
        pack([changed])


def test_who_changed_it_comes_back_too():
    report = api.audit(api.open_demo(), api.choose_rules(select=["storage-blob-anonymous-access"]))
    back = unpack(orjson.loads(orjson.dumps(pack(report.results))), report.rules)

    assert any(result.changed and result.changed.by for result in back)
    assert back == list(report.results)
