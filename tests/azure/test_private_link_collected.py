"""What the facts over private link name as their needs is enough: collected, they say what the demo says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.facts.registry import family
from auditor.inventory.model import Unread
from auditor.snapshot.demo import open_demo
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints

FAMILIES = (
    "exfiltration",
    "gateway_reach",
    "object_replication",
    "private_dns_zone",
    "private_endpoint",
    "private_link",
)


TARGET = "target_known"
"""What endpoints lead to is of any type; rules that care ask for theirs."""


def unread(value: Any) -> Iterator[str]:
    if isinstance(value, Unread):
        yield f"{value.gap.type} in {value.gap.scope}: {value.gap.code}"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from unread(inner) if name != TARGET else ()
    elif isinstance(value, list):
        for inner in value:
            yield from unread(inner)


def test_nothing_that_the_facts_depend_on_is_left_out(
    start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = open_demo().inventory
    bodies = [dict(resource.body) for resource in demo.by_key.values() if resource.id[0] == "/"]
    endpoints = start_azure(LoopbackAzure(bodies))
    needs = frozenset().union(*(family(name).needs for name in FAMILIES))

    done = collect_from(endpoints, needs, monkeypatch)
    done.snapshot.finish(datetime(2026, 11, 1, tzinfo=UTC), subscriptions=done.outcome.subscriptions)
    collected = done.snapshot.inventory()

    for name in FAMILIES:
        live = family(name).compute(collected)
        assert [reason for value in live.values() for reason in unread(value)] == [], name
        for key, value in family(name).compute(demo).items():
            if key in live:
                assert {**live[key], TARGET: ...} == {**value, TARGET: ...}, name
