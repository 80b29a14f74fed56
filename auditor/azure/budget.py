"""How fast requests may leave: one token bucket a quota, corrected by what the services' headers say.

Azure Resource Manager grants reads from a bucket per subscription and principal, 250 deep and refilled with 25 a
second, and the same again for the tenant scope
(https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling). Resource Graph
grants 15 queries in 5 seconds
(https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """A documented quota."""

    depth: float
    """How many requests may leave at once."""
    per_second: float
    """How many come back every second."""
    window_s: float = 0.0
    """Length of the window in which `depth` requests may leave, for a quota that does not come back bit by bit."""
    adaptive: bool = False
    """Whether it is only kept once the service has answered 429. For limits whose true scope (a region, a stamp) or
    today's size is not known: keeping them from the start would make most collections slower than the service asks."""


ARM_READS = Limit(depth=250, per_second=25)
RESOURCE_GRAPH = Limit(depth=15, per_second=3, window_s=5)
UNLIMITED = Limit(depth=1e9, per_second=1e9)


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock, so that a test can pass an hour in no time."""

    now: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits so many seconds."""
    answer_s: float = 300.0
    """How long one answer may take from request to last byte, in real seconds: a service that sends a byte a minute
    never runs into the timeout of a read."""


@dataclass(slots=True)
class Bucket:
    """One quota: what is left of it, and until when nothing may leave."""

    limit: Limit
    tokens: float
    at: float
    """When `tokens` was true."""
    paused_until: float = 0.0
    pauses: int = 0
    """How often it was paused: who waited through a pause queues up again."""
    in_flight: int = 0
    """Requests that left and are not answered: what a header says of the rest does not count all of them yet."""
    waiting: int = 0
    """Requests that took their turn and have not left: no header knows of them."""
    enforced: bool = True
    window_ends: float = 0.0

    def wait(self, now: float) -> float:
        """Take one request out of the bucket; gives the seconds until it may leave.

        Callers queue up behind one another in the order in which they came; at a window that is used up they have to
        ask again when the next one begins.
        """
        self._refill(now)
        pause = max(0.0, self.paused_until - now)
        if not self.enforced:
            return pause
        if self.limit.window_s:
            return pause or self._from_window(now)
        self.tokens -= 1
        return pause + max(0.0, -self.tokens / self.limit.per_second)

    def _from_window(self, now: float) -> float:
        if self.tokens < 1:
            return self.window_ends - now
        self.tokens -= 1
        return 0.0

    def learn(self, remaining: float, now: float, *, resets_after: float | None = None) -> None:
        """The service says how much is left, and of a window how long it lasts yet.

        What is left can be less than nothing. It is shared with those who already wait: while somebody does, the
        smaller of both counts holds, or all that ask meanwhile would leave at once.
        """
        self._refill(now)
        left = remaining - self.in_flight - self.waiting
        if self.limit.window_s:
            self.tokens = max(left, 0.0)
        else:
            self.tokens = min(left, self.tokens) if self.waiting else left
        if resets_after is not None:
            self.window_ends = now + resets_after

    def pause(self, seconds: float, now: float) -> None:
        """The service asks to leave it alone: nothing leaves until then, and then only at its own rate."""
        self._refill(now)
        self.enforced = True
        self.pauses += 1
        self.paused_until = max(self.paused_until, now + seconds)
        self.tokens = 0.0  # everyone who waits takes again
        self.window_ends = max(self.window_ends, self.paused_until)

    def _refill(self, now: float) -> None:
        if self.limit.window_s:
            if now >= self.window_ends:
                self.tokens = max(self.limit.depth - self.in_flight, 1.0)
                self.window_ends = now + self.limit.window_s
            return
        passed = now - max(self.at, min(self.paused_until, now))
        if self.tokens < self.limit.depth and passed > 0:  # a header can have granted more than the documented depth
            self.tokens = min(self.limit.depth, self.tokens + passed * self.limit.per_second)
        self.at = now


@dataclass(slots=True)
class Budget:
    """All buckets of one principal, by name."""

    timing: Timing = field(default_factory=Timing)
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def bucket(self, name: str, limit: Limit = UNLIMITED) -> Bucket:
        """The bucket of this name; full when it is first asked for."""
        found = self._buckets.get(name)
        if found is None:
            found = Bucket(limit, limit.depth, self.timing.now(), enforced=not limit.adaptive)
            self._buckets[name] = found
        return found

    async def take(self, buckets: tuple[Bucket, ...]) -> None:
        """Wait until a request may leave under each of these quotas."""
        while True:
            now = self.timing.now()
            delay = max((bucket.wait(now) for bucket in buckets), default=0.0)
            if delay <= 0:
                return
            before = sum(bucket.pauses for bucket in buckets)
            await self._wait(buckets, delay)
            windowed = any(bucket.limit.window_s for bucket in buckets)
            if not windowed and sum(bucket.pauses for bucket in buckets) == before:
                return

    async def _wait(self, buckets: tuple[Bucket, ...], seconds: float) -> None:
        queued = [bucket for bucket in buckets if not bucket.limit.window_s]
        for bucket in queued:
            bucket.waiting += 1
        try:
            await self.timing.sleep(seconds)
        finally:
            for bucket in queued:
                bucket.waiting -= 1
