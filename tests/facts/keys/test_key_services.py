"""Every type that can have a key of its owner's: sound, and with a key that was disabled."""

from __future__ import annotations

import pytest

from auditor.facts.keys.services import SERVICES
from auditor.facts.registry import family
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
