"""The machine's clock is set while a collection runs: nothing is lost, and nobody waits for a day."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import SUBSCRIPTION, blob_service, storage_account
from tests.azure.loopback.server import Endpoints

TYPES = frozenset({"microsoft.storage/storageaccounts", "microsoft.storage/storageaccounts/blobservices"})


@pytest.mark.parametrize("jump_s", [86_400, -86_400, 600, -600])
def test_a_clock_that_jumps_changes_nothing(
    jump_s: int, start_azure: Callable[..., Endpoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = [storage_account(f"st{number:03}", {}, subscription=SUBSCRIPTION) for number in range(40)]
    azure = LoopbackAzure([*accounts, *(blob_service(account, {}) for account in accounts)])
    endpoints = start_azure(azure)
    real, began = time.time, time.monotonic()
    # Set after the first reads: what was begun under one clock is ended under the other.
    monkeypatch.setattr(time, "time", lambda: real() + (jump_s if len(azure.journal.seen) > 12 else 0))

    done = collect_from(endpoints, TYPES, monkeypatch)

    found = {resource.type_key for resource in done.snapshot.resources()}
    assert done.outcome.complete
    assert found >= TYPES
    assert done.snapshot.count() >= 80
    assert time.monotonic() - began < 60
