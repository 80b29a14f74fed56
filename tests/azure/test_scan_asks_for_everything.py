"""A live audit collects every kind that its rules need: nothing is left that nobody asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.cli.options.rule_choice import choose_rules
from auditor.evaluate.evaluator import relevant_gaps
from tests.azure.collecting import collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import storage_account
from tests.azure.loopback.server import serve


def test_no_kind_that_the_built_in_rules_need_is_left_out(monkeypatch: pytest.MonkeyPatch):
    choice = choose_rules(None, False, None, None, None, None, None)
    with serve(LoopbackAzure([storage_account("st1")])) as endpoints:
        done = collect_from(endpoints, choice.types, monkeypatch)
    done.snapshot.finish(datetime.now(UTC))
    missed = {gap.type for gap in relevant_gaps(choice.rules, done.snapshot.inventory()) if gap.code == "NotAsked"}
    assert missed == set()
