"""The tenant's policy about subscriptions, over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.api import audit, choose_rules
from auditor.snapshot.source import Source
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import storage_account
from tests.azure.loopback.server import serve

RULE = "subscriptions-leave-tenant"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"blockSubscriptionsLeavingTenant": True, "blockSubscriptionsIntoTenant": True}, ["pass"]),
        ({"blockSubscriptionsLeavingTenant": False, "blockSubscriptionsIntoTenant": True}, ["fail"]),
        (None, []),  # nobody ever set one
    ],
)
def test_the_policy_is_read_and_judged(
    monkeypatch: pytest.MonkeyPatch, policy: dict[str, Any] | None, expected: list[str]
):
    choice = choose_rules(select=[RULE])
    with serve(LoopbackAzure([storage_account("st1")], subscription_policy=policy)) as endpoints:
        done = collect_from(endpoints, choice.types, monkeypatch)
    source = Source(done.snapshot.manifest, done.snapshot.inventory())

    results = audit(source, choice, keep_passed=True).results

    assert [result.outcome for result in results] == expected
    assert not source.inventory.gap("Microsoft.Subscription/policies", None)


def test_other_rules_do_not_ask_for_it():
    assert "Microsoft.Subscription/policies" not in choose_rules(select=["storage-https-only"]).types
