"""Every type that can have a key of its owner's: sound, and with a key that was disabled."""

from __future__ import annotations

import re
from typing import Any

import pytest

from auditor.facts.keys.services import SERVICES
from auditor.facts.registry import family
from auditor.inventory.model import Resource
from tests.facts.key_worlds import PROPERTIES, chain_of, encrypted, found, surroundings

_OF_THE_SERVICE = {"Microsoft.BotService/botServices"}
"""Opened as an application of Microsoft's whose rights nobody can look up."""


def test_the_table_is_tried_as_a_whole():
    named = {s.type.rpartition("/")[0] if s.of_parent else s.type for s in SERVICES}

    assert set(PROPERTIES) == named
    assert {name.lower() for name in PROPERTIES} <= family("key_chain").types


@pytest.mark.parametrize("kind", sorted(PROPERTIES))
def test_a_sound_chain_is_healthy(kind: str):
    fact = chain_of([*encrypted(kind), *surroundings()])

    broken = {link["link"]: link["text"] for link in fact["chains"][0]["links"] if link["state"] == "broken"}
    assert broken == {}
    assert fact["state"] == ("unknown" if kind in _OF_THE_SERVICE else "healthy")
    assert [(chain["key"], chain["holder"]) for chain in fact["chains"]] == [("data", "kv-data")]


@pytest.mark.parametrize("kind", sorted(PROPERTIES))
def test_a_disabled_key_breaks_it(kind: str):
    fact = chain_of([*encrypted(kind), *surroundings(attributes={"enabled": False})])

    assert fact["state"] == "broken"
    assert found(fact)["key_disabled"] == ["the key data in kv-data is disabled"]


@pytest.mark.parametrize("kind", sorted(PROPERTIES))
def test_without_its_key_a_resource_has_no_chain(kind: str):
    bodies = encrypted(kind)
    for one in bodies:
        one["properties"] = {}

    assert chain_of([*bodies, *surroundings()]) is None


@pytest.mark.parametrize("kind", sorted(PROPERTIES))
def test_evidence_names_properties_that_are_there(kind: str):
    bodies = [*encrypted(kind), *surroundings(attributes={"enabled": False}, without=("identity", "role"))]
    by_id = {body["id"].lower(): body for body in bodies}
    for body in bodies:
        body.get("identity", {}).pop("userAssignedIdentities", None)

    fact = chain_of(bodies)

    named = [path for value in fact.values() if isinstance(value, list) for path in _decided_by(value)]
    missing = []
    for path in named:
        owner, _, inner = path.partition(":") if path.startswith("/") else (bodies[0]["id"], "", path)
        body = Resource.from_body(by_id.get(owner.lower(), {"id": owner}))
        if owner.lower() in by_id and not inner.startswith("identity.") and not _has(body, inner):
            missing.append(path)
    assert named
    assert missing == []


def _decided_by(found: list[Any]) -> list[str]:
    return [path for one in found if isinstance(one, dict) for path in one.get("decided_by", ())]


def _has(resource: Resource, path: str) -> bool:
    """Whether a body has what a path of evidence names."""
    value: Any = dict(resource.body)
    for step in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = next((inner for name, inner in (value or {}).items() if name.lower() == step.lower()), None)
    return value is not None
