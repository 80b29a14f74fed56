"""What services answer as published, held against the shapes of their types and judged as one tenant."""

from __future__ import annotations

import json
from pathlib import Path

from auditor.api import audit
from auditor.evaluate.model import Outcome
from auditor.facts.registry import FactStore
from auditor.rules.loader import load_rules
from auditor.snapshot.opening import open_source
from tests.azure.loopback.table_rows import properties_of
from tests.azure.shapes.answers import answers
from tests.azure.shapes.schema import is_published, paths_of, published, shown

_BATCH = "properties.deploymentConfiguration.cloudServiceConfiguration"
_NODES = "properties.nodeGroupSpecs"
_ADMIN_GROUPS = "ruleGroups[*].properties"
# What examples of an earlier version have and the version that is read has not, and where it went.
MOVED = {
    # Pools of Cloud Services, certificates and licences of pools were retired.
    "microsoft.batch/batchaccounts/pools": {
        *("properties.applicationLicenses", "properties.certificates", "properties.certificates[*]"),
        *(f"properties.certificates[*].{name}" for name in ("id", "storeLocation", "storeName", "visibility")),
        *(_BATCH, f"{_BATCH}.osFamily", f"{_BATCH}.osVersion"),
    },
    # Pod security policies are gone from Kubernetes.
    "microsoft.containerservice/managedclusters": {"properties.enablePodSecurityPolicy"},
    # `administrator.userName`, and `compute`, `storage`, `sharding` and `highAvailability` in place of groups of nodes.
    "microsoft.documentdb/mongoclusters": {
        *("properties.administratorLogin", "properties.earliestRestoreTime", _NODES, f"{_NODES}[*]"),
        *(f"{_NODES}[*].{name}" for name in ("diskSizeGB", "enableHa", "kind", "nodeCount", "sku")),
    },
    "microsoft.machinelearningservices/workspaces/onlineendpoints": {"properties.target"},
    # The answer of the list of active rules, which has more than a rule itself.
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules": {
        *(
            "commitTime",
            "configurationDescription",
            "region",
            "ruleCollectionDescription",
            "ruleGroups",
            "ruleGroups[*]",
        ),
        *("ruleCollectionAppliesToGroups", "ruleCollectionAppliesToGroups[*]"),
        *("ruleCollectionAppliesToGroups[*].networkGroupId", "ruleGroups[*].id", _ADMIN_GROUPS),
        *(f"{_ADMIN_GROUPS}.description", f"{_ADMIN_GROUPS}.provisioningState"),
    },
    # `blockSubscriptionsLeavingTenant`, `blockSubscriptionsIntoTenant` and `exemptedPrincipals`.
    "microsoft.subscription/policies": {
        *("properties.allowTransfers", "properties.serviceTenants", "properties.serviceTenants[*]"),
        *("properties.serviceTenants[*].tenantId", "properties.serviceTenants[*].tenantName"),
    },
    # `outboundVnetRouting`; rules read both places.
    "microsoft.web/sites": {
        *("properties.vnetBackupRestoreEnabled", "properties.vnetContentShareEnabled"),
        *("properties.vnetImagePullEnabled", "properties.vnetRouteAllEnabled"),
    },
    "microsoft.web/sites/slots": {
        *("properties.vnetContentShareEnabled", "properties.vnetImagePullEnabled", "properties.vnetRouteAllEnabled"),
    },
}


def test_there_are_answers_of_most_types() -> None:
    assert len(answers()) >= 150
    assert all(answer.source.startswith("specification/") and "/examples/" in answer.source for answer in answers())


def test_answers_have_the_properties_that_their_types_are_published_with() -> None:
    lacking = {
        (answer.type.lower(), shown(path))
        for answer in answers()
        for path in set(paths_of(answer.body))
        if not is_published(answer.type, path)
    }

    assert lacking == {(kind, path) for kind, paths in MOVED.items() for path in paths}


def test_no_answer_is_unknown_for_the_kind_of_a_value(tmp_path: Path) -> None:
    """What one type says in another kind than expected would be unknown for a reason of its own."""
    path = tmp_path / "export.json"
    path.write_text(json.dumps([answer.body for answer in answers()]))
    report = audit(open_source(path, assume_complete=True))
    why = {result.message.partition("cannot be decided, ")[2] for result in report.with_outcome(Outcome.UNKNOWN)}
    # A policy or a role that the examples do not have, and the tenant that no answer of a storage account names.
    known = ("was not read", "the role text-1", "(NotInExport)", "there is no property 'tenantId'")

    assert {words for words in why if not any(part in words for part in known)} == set()


def test_rows_of_the_loopback_azure_keep_what_was_answered() -> None:
    for answer in answers():
        properties = answer.body.get("properties") or {}
        row = properties_of(answer.type.lower(), properties)
        names = {name.lower() for name in row} - {"records"}
        assert names <= {name.lower() for name in properties}, answer.type


def test_texts_are_made_up() -> None:
    spoken = [text for answer in answers() for text in _texts(answer.body) if len(text.split()) > 2]
    assert spoken == []


def test_all_answers_are_judged_without_a_stumble(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([answer.body for answer in answers()]))
    source = open_source(path)
    report = audit(
        source, [rule for rule in load_rules().rules if not rule.deprecated], facts=FactStore(source.inventory)
    )
    kept = {resource.type_key for resource in source.inventory}
    assert {answer.type.lower() for answer in answers()} <= kept <= kept | published().keys()
    assert report.results


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
