"""What the network facts ask to be collected is all that they need."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.facts.network.interfaces import owners
from auditor.facts.registry import FactStore, needs_of
from auditor.pictures.exposure import exposure_picture
from auditor.snapshot.demo import open_demo
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints

FAMILIES = ("internet_exposure", "effective_security")


def test_the_demos_network_says_the_same_when_it_is_collected(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = open_demo().inventory
    bodies = [dict(resource.body) for resource in demo.by_key.values() if resource.id[0] == "/"]
    endpoints = start_azure(LoopbackAzure(bodies))

    collected = collect_from(endpoints, needs_of(FAMILIES), monkeypatch).snapshot.inventory()

    read, there = FactStore(collected), FactStore(demo)
    for family in FAMILIES:
        answers = {owner.key: read.get(family, owner) for owner in owners(collected)}
        assert answers == {owner.key: there.get(family, owner) for owner in owners(demo)}
    assert exposure_picture(collected, read) == exposure_picture(demo, there)
