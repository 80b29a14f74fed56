"""What is not here decides only where it would have been read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.inventory.coverage import ClosedWorld, Coverage, ExportCoverage, Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.conditions import Language
from auditor.rules.model import Context
from tests.conftest import SUBSCRIPTION, arm_id
from tests.rules.conditions.judging import Missing, compiled, gap_of, is_unknown, judge, other, site

VAULT, SITE = "Microsoft.KeyVault/vaults", "Microsoft.Test/sites"
LEDGER = Ledger([LedgerEntry(f"/subscriptions/{SUBSCRIPTION}", VAULT, ReadState.COMPLETE)])
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/rg-app"
EXPORT = ExportCoverage({VAULT.lower(), SITE.lower()}, "x.json", groups=[GROUP])
CLOSED = ExportCoverage({VAULT.lower()}, "x.json", groups=[GROUP], assume_complete=True)
MISSING_VAULT = {"related": {"type": VAULT, "matching": {"name": "properties.vault"}}}
VAULTS = [other(VAULT, "kv-ours", {"soft": True})]


@pytest.mark.parametrize(
    ("name", "coverage", "expected"),
    [
        ("kv-ours", LEDGER, True),
        ("kv-other", LEDGER, None),  # a name that is unique in the world: it is elsewhere, or gone
        ("kv-other", EXPORT, None),
        ("kv-other", CLOSED, False),
        ("kv-other", ClosedWorld(), False),
        (None, LEDGER, False),
    ],
)
def test_a_vault_that_was_not_read_is_unknown(name: str | None, coverage: Coverage, expected: bool | None):
    truth = judge(MISSING_VAULT, site({"vault": name}), VAULTS, coverage=coverage)
    assert (None if is_unknown(truth) else truth) is expected


@pytest.mark.parametrize(
    ("target", "coverage", "expected"),
    [
        (arm_id(VAULT, "kv-gone"), EXPORT, False),  # its group was exported, and vaults of it
        (arm_id(VAULT, "kv-gone", group="rg-shared"), EXPORT, None),
        (arm_id(VAULT, "kv-gone", subscription="22222222-2222-2222-2222-222222222222"), EXPORT, None),
        (arm_id(VAULT, "kv-gone", group="rg-shared"), CLOSED, False),
    ],
)
def test_an_id_in_a_group_of_which_an_export_has_nothing_is_unknown(
    target: str, coverage: Coverage, expected: bool | None
):
    truth = judge({"related": {"by": "properties.vault"}}, site({"vault": target}), VAULTS, coverage=coverage)
    assert (None if is_unknown(truth) else truth) is expected


def judged_child(coverage: Coverage, others: Sequence[dict[str, Any]]) -> Any:
    child = Resource.from_body(other(f"{SITE}/configs", "web/one"))
    inventory = Inventory([child, *map(Resource.from_body, others)], coverage)
    condition = {"related": {"parent": True, "where": {"field": "properties.open", "equals": True}}}
    return compiled(condition).evaluate(Context(child, inventory))


@pytest.mark.parametrize("coverage", [LEDGER, EXPORT])
def test_a_parent_that_is_not_here_was_not_read(coverage: Coverage):
    assert is_unknown(judged_child(coverage, []))
    assert judged_child(coverage, [other(SITE, "web", {"open": True})]) is True
    assert judged_child(ClosedWorld(), []) is False


CHILDREN = {"field": f"{SITE}/children/open", "equals": True}


@pytest.mark.parametrize(
    ("values", "expected"),
    [([True], None), ([True, False], False), ([], None)],
)
def test_a_child_that_was_read_decides_though_others_may_be_missing(values: list[bool], expected: bool | None):
    children = [other(f"{SITE}/children", f"web/{n}", {"open": value}) for n, value in enumerate(values)]
    coverage = Missing(f"{SITE}/children")
    truth = judge(CHILDREN, site(), children, language=Language.POLICY, coverage=coverage)
    assert (None if is_unknown(truth) else truth) is expected


def test_a_child_whose_properties_were_not_read_leaves_the_others_their_say():
    bare = Resource.from_body(
        {"id": arm_id(f"{SITE}/children", "web/a"), "type": f"{SITE}/children"},
        unread={"properties": gap_of(f"{SITE}/children")},
    )
    shut = Resource.from_body(other(f"{SITE}/children", "web/b", {"open": False}))
    judged = Resource.from_body(site())
    condition = compiled(CHILDREN, Language.POLICY)
    assert condition.evaluate(Context(judged, Inventory([judged, bare, shut]))) is False
    assert is_unknown(condition.evaluate(Context(judged, Inventory([judged, bare]))))
    evidence = condition.explain(Context(judged, Inventory([judged, bare])))
    assert [line.expected for line in evidence] == ["known: Microsoft.Test/sites/children may not be read"]
