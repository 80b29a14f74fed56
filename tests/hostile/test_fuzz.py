"""A small share of the hostile inputs, the same in every run; many more by hand, see `tests.hostile.run`."""

from __future__ import annotations

import pytest

from auditor.inventory.stumbles import be_strict
from tests.hostile.run import KINDS, Tally, feed


@pytest.fixture(scope="module")
def tally():
    yield feed(75, seed=20261201)
    be_strict(True)


def test_every_input_ends_in_an_answer_or_in_one_clear_error(tally: Tally):
    assert tally.crashed == []
    assert tally.slow == []


def test_every_kind_is_fed(tally: Tally):
    assert set(tally.tried) == set(KINDS)
    assert 10 < sum(tally.refused.values()) < 70
