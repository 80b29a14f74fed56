"""Quotas as Azure enforces them, on a clock that a test can turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class TokenBucket:
    """Azure Resource Manager's reads of one subscription and principal.

    https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
    """

    depth: float
    per_second: float
    tokens: float
    at: float

    def take(self, now: float) -> float | None:
        """What is left after taking one; None where there is none to take."""
        self.tokens = min(self.depth, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens < 1:
            return None
        self.tokens -= 1
        return self.tokens

    @property
    def next_in_s(self) -> float:
        """Seconds until there is one again."""
        return max(0.0, (1 - self.tokens) / self.per_second)


@dataclass(slots=True)
class Window:
    """Resource Graph's queries of one principal: so many in each window."""

    limit: int
    length_s: float
    began: float
    used: int = 0

    def take(self, now: float) -> tuple[bool, int, float]:
        """Whether one more is allowed, how many are left, and seconds until the window begins anew."""
        if now - self.began >= self.length_s:
            self.began, self.used = now, 0
        allowed = self.used < self.limit
        self.used += allowed
        return allowed, self.limit - self.used, self.length_s - (now - self.began)


@dataclass(slots=True)
class Throttle:
    """Which quotas are enforced, and how much of each is used."""

    arm_depth: float = 250
    arm_per_second: float = 25
    query_limit: int = 15
    query_window_s: float = 5.0
    enforce_arm: bool = False
    enforce_queries: bool = False
    clock: Callable[[], float] = time.monotonic
    buckets: dict[tuple[str, str], TokenBucket] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)

    def bucket(self, subscription: str, principal: str) -> TokenBucket:
        """The bucket of a subscription ("" for the tenant) and a principal."""
        key = (subscription, principal)
        found = self.buckets.get(key)
        if found is None:
            found = TokenBucket(self.arm_depth, self.arm_per_second, self.arm_depth, self.clock())
            self.buckets[key] = found
        return found

    def window(self, principal: str) -> Window:
        """The query window of a principal."""
        found = self.windows.get(principal)
        if found is None:
            found = self.windows[principal] = Window(self.query_limit, self.query_window_s, self.clock())
        return found
