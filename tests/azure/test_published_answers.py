"""What services answer as published, held against the shapes of their types and judged as one tenant."""

from __future__ import annotations

import json
from pathlib import Path

from auditor.api import audit
from auditor.facts.registry import FactStore
from auditor.rules.loader import load_rules
from auditor.snapshot.opening import open_source
from tests.azure.loopback.table_rows import properties_of
from tests.azure.shapes.answers import answers
from tests.azure.shapes.schema import is_published, paths_of, published, shown

# What examples have and the version that is read has not: gone or moved in a newer version, named so in the source,
# or not part of what one can set and therefore not in the extracted shape.
MOVED = {
    "microsoft.batch/batchaccounts/pools": ("properties.",),
    "microsoft.containerservice/managedclusters": ("properties.enablePodSecurityPolicy",),
    "microsoft.documentdb/mongoclusters": ("properties.",),
    "microsoft.machinelearningservices/workspaces/onlineendpoints": ("properties.target",),
    "microsoft.network/networkgroupmemberships": ("properties.groupMemberships[*].sources[*].",),
    "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules": ("",),
    "microsoft.subscription/policies": ("properties.",),
    "microsoft.web/sites": ("properties.vnet",),
    "microsoft.web/sites/slots": ("properties.vnet",),
}


def test_there_are_answers_of_most_types() -> None:
    assert len(answers()) >= 150
    assert all(answer.source.startswith("specification/") and "/examples/" in answer.source for answer in answers())


def test_answers_have_the_properties_that_their_types_are_published_with() -> None:
    wrong = [
        f"{answer.type} {shown(path)}"
        for answer in answers()
        for path in set(paths_of(answer.body))
        if not is_published(answer.type, path) and not shown(path).startswith(MOVED.get(answer.type.lower(), ("\0",)))
    ]
    assert wrong == []


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
