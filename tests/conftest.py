"""Small real values that the whole suite shares."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings

from auditor.evaluate.model import Scan
from auditor.inventory.stumbles import be_strict

# How long one example takes says something of the machine and what else runs there, nothing of the code.
settings.register_profile("auditor", deadline=None)
settings.load_profile("auditor")

# Mistakes of our own are seen, in this process and in the programs that tests start.
os.environ["AUDITOR_STRICT"] = "1"
be_strict(True)

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


def arm_id(resource_type: str, name: str, *, group: str = "rg-app", subscription: str = SUBSCRIPTION) -> str:
    """The ARM id of a resource; `name` of a child is `parent/child`."""
    namespace, *segments = resource_type.split("/")
    pairs = zip(segments, name.split("/"), strict=True)
    tail = "/".join(f"{segment}/{part}" for segment, part in pairs)
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{tail}"


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mistakes are held as they are for users: one thing is unknown, the rest goes on."""
    monkeypatch.delenv("AUDITOR_STRICT")
    be_strict(False)
    yield
    be_strict(True)


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """Makes an ARM body: `body("Microsoft.Storage/storageAccounts", "st1", {"minimumTlsVersion": "TLS1_0"})`."""

    def make(
        resource_type: str,
        name: str,
        properties: Mapping[str, Any] | None = None,
        *,
        subscription: str = SUBSCRIPTION,
        **more: Any,
    ) -> dict[str, Any]:
        return {
            "id": arm_id(resource_type, name, subscription=subscription),
            "name": name.rpartition("/")[2],
            "type": resource_type,
            "location": "westeurope",
            "properties": dict(properties or {}),
            **more,
        }

    return make


@pytest.fixture
def scan() -> Callable[..., Scan]:
    """Makes the scan part of a report, at a fixed time."""

    def make(*, complete: bool = True, subscriptions: Iterable[str] = (SUBSCRIPTION,), **more: Any) -> Scan:
        return Scan(
            source="test",
            tenant="99999999-9999-9999-9999-999999999999",
            subscriptions=tuple(subscriptions),
            started_at=datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
            finished_at=datetime(2026, 11, 1, 8, 1, tzinfo=UTC),
            complete=complete,
            resources=1,
            **more,
        )

    return make
