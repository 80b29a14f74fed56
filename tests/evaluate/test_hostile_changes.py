"""Records of changes that no sane service writes say nothing, and end no audit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from auditor import api
from auditor.inventory.changes import CHANGES
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.secrets.redactor import Redactor
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source
from tests.conftest import arm_id

ACCOUNT = "Microsoft.Storage/storageAccounts"
TARGET = arm_id(ACCOUNT, "st1")
WHO = {"timestamp": "2026-10-29T15:42:00Z", "changedBy": "mara@contoso.com"}
PATH = "properties.allowBlobPublicAccess"
DEEP = "[" * 200_000


def judged(properties: Any, value: Any = True) -> Any:
    """The change that is told of an account's one finding, its record as collection keeps it."""
    record = {"id": f"{TARGET}/providers/Microsoft.Resources/changes/c1", "type": CHANGES, "properties": properties}
    account = {"id": TARGET, "type": ACCOUNT, "properties": {"allowBlobPublicAccess": value}}
    resources = [Resource.from_body(Redactor(b"k").redact(one["type"].lower(), one)) for one in (record, account)]
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    source = Source(Manifest("test", moment, moment), Inventory(resources))
    (found,) = api.audit(source, api.choose_rules(select=["storage-blob-anonymous-access"])).results
    return found.changed


def record(told: Any = WHO, changes: Any = None) -> dict[str, Any]:
    changes = {PATH: {"previousValue": "False", "newValue": "True"}} if changes is None else changes
    return {"targetResourceId": TARGET, "targetResourceType": ACCOUNT, "changeAttributes": told, "changes": changes}


def test_a_sane_record_is_told():
    assert judged(record()).by == "mara@contoso.com"


@pytest.mark.parametrize(
    "properties",
    [
        record({**WHO, "timestamp": "0001-01-01T00:00:00+14:00"}),
        record({**WHO, "timestamp": ["x"]}),
        record(["x"]),
        record(changes=["x"]),
        record(changes={PATH: "x"}),
        record(changes={"properties": {"previousValue": DEEP, "newValue": DEEP}}),
        record(changes={"": {"newValue": "True"}, "[0]": {"newValue": "True"}, "..": {"newValue": "True"}}),
        {**record(), "targetResourceId": 7},
        "x",
    ],
    ids=["before-utc", "no-date", "no-attributes", "no-changes", "no-change", "deep", "no-path", "no-target", "a-text"],
)
def test_a_record_that_makes_no_sense_says_nothing(properties: Any):
    assert judged(properties) is None
