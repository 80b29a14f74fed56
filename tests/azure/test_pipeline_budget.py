"""How fast requests leave: as the documented buckets allow, corrected by what headers say."""

from __future__ import annotations

import asyncio

import pytest

from auditor.azure.budget import ARM_READS, RESOURCE_GRAPH, Bucket, Budget, Limit
from tests.azure.scripted import Clock


def _times(budget: Budget, clock: Clock, name: str, limit: Limit, count: int) -> list[float]:
    async def go() -> list[float]:
        times = []
        for _ in range(count):
            await budget.take((budget.bucket(name, limit),))
            times.append(clock.at)
        return times

    return asyncio.run(go())


def test_a_full_bucket_goes_at_once_and_then_at_its_rate() -> None:
    clock = Clock()
    times = _times(Budget(clock.timing), clock, "sub", ARM_READS, 300)
    assert times[249] == 0
    assert 1.9 < times[299] < 2.1


def test_buckets_do_not_share() -> None:
    clock = Clock()
    budget = Budget(clock.timing)
    _times(budget, clock, "one", Limit(1, 0.01), 2)
    before = clock.at
    assert _times(budget, clock, "two", Limit(1, 0.01), 1) == [before]


def test_a_pause_holds_everyone_and_the_rate_holds_after_it() -> None:
    clock = Clock()
    budget = Budget(clock.timing)
    budget.bucket("sub", ARM_READS).pause(30, 0)
    times = _times(budget, clock, "sub", ARM_READS, 26)
    assert times[0] >= 30
    assert 30.9 < times[25] < 31.2


def test_headers_overrule_what_was_thought() -> None:
    clock = Clock()
    budget = Budget(clock.timing)
    bucket = budget.bucket("sub", ARM_READS)
    bucket.learn(2, 0)
    assert _times(budget, clock, "sub", ARM_READS, 3)[2] > 0
    bucket.learn(10_000, clock.at)
    before = clock.at
    assert _times(budget, clock, "sub", ARM_READS, 5_000)[-1] == before


def test_an_adaptive_limit_is_kept_only_after_a_refusal() -> None:
    clock = Clock()
    budget = Budget(clock.timing)
    limit = Limit(10, 1, adaptive=True)
    assert _times(budget, clock, "provider", limit, 100)[-1] == 0
    budget.bucket("provider").pause(5, 0)
    assert _times(budget, clock, "provider", limit, 10)[-1] >= 14


def test_who_waits_when_a_pause_comes_queues_again() -> None:
    clock = Clock()
    budget = Budget(clock.timing)
    bucket = budget.bucket("sub", Limit(1, 1))

    async def go() -> list[float]:
        times: list[float] = []

        async def one() -> None:
            await budget.take((bucket,))
            times.append(clock.at)

        await one()
        waiting = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0)
        bucket.pause(60, clock.at)
        await asyncio.gather(*waiting)
        return times

    times = asyncio.run(go())
    assert times[0] == 0
    assert min(times[1:]) >= 60


def test_a_window_that_is_used_up_is_waited_out() -> None:
    clock = Clock()
    times = _times(Budget(clock.timing), clock, "queries", RESOURCE_GRAPH, 31)
    assert [times[14], times[15], times[29], times[30]] == [0, 5, 5, 10]


def test_a_window_ends_when_the_service_says() -> None:
    clock = Clock()
    budget = Budget(clock.timing)
    budget.bucket("queries", RESOURCE_GRAPH).learn(1, 0, resets_after=2)
    assert _times(budget, clock, "queries", RESOURCE_GRAPH, 2) == [0, 2]


@pytest.mark.parametrize("left", [-3, 0, 5])
def test_who_waits_is_remembered_whatever_the_service_has_left(left: int) -> None:
    bucket = Bucket(Limit(10, 5), tokens=10, at=0.0)
    delays = [bucket.wait(0.0) for _ in range(60)]
    assert delays[9] == 0
    bucket.waiting = sum(delay > 0 for delay in delays)
    bucket.learn(left, 0.1)
    assert bucket.wait(0.1) >= max(delays), "it would leave before those who came first"


def test_nobody_waiting_what_the_service_says_holds() -> None:
    bucket = Bucket(Limit(10, 5), tokens=10, at=0.0)
    bucket.learn(1000, 0.0)
    assert [bucket.wait(0.0) for _ in range(1000)] == [0.0] * 1000
    bucket.learn(-5, 0.0)
    assert bucket.wait(0.0) > 1
