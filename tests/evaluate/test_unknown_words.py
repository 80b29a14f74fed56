"""An unknown result says why: which read is missing, or what no read could tell."""

from __future__ import annotations

import pytest

from auditor.evaluate.evaluator import evaluate
from auditor.facts.registry import FactStore
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.loader import load_rules
from tests.facts.key_worlds import NOW, encrypted, surroundings

COSMOS = "Microsoft.DocumentDB/databaseAccounts"
RULES = [rule for rule in load_rules().rules if rule.id == "cmk-vault-firewall"]


@pytest.mark.parametrize(
    ("others", "why"),
    [
        (
            surroundings(vault={"publicNetworkAccess": "Disabled"}),
            "whether thing comes through the firewall of kv-data: its service is not among the trusted ones",
        ),
        ([], "microsoft.keyvault/vaults in / was not read (NotInExport)"),
    ],
)
def test_the_reason(others, why: str, scan):
    resources = [Resource.from_body(one) for one in [*encrypted(COSMOS), *others]]
    inventory = Inventory(resources, None if others else ExportCoverage([COSMOS.lower()], "export"))

    report = evaluate(RULES, inventory, scan(), facts=FactStore(inventory, NOW), now=NOW)

    assert [result.message.partition("cannot be decided, ")[2] for result in report.results] == [why]
