"""What a run spends its time on: kept for `--verbose` and the debug log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from auditor.cli.terminal.debug_log import current, event
from auditor.cli.terminal.messages import say

_SLOWEST = 5
_WORTH_TELLING_S = 0.005


@dataclass(slots=True)
class Steps:
    """The steps of a run in their order, each with its seconds; an `auditor.api.Watch`."""

    wanted: bool = False
    """Whether the user asked for them: then rules are timed one by one."""
    quiet: bool = True
    """Whether judging shows no progress."""
    taken: list[tuple[str, float]] = field(default_factory=list)
    rules: dict[str, float] = field(default_factory=dict)
    """Seconds spent on each rule, by its id; empty where rules were not timed."""

    @property
    def detailed(self) -> bool:
        """Whether rules are to be timed one by one."""
        return self.wanted or current() is not None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - begun
            self.taken.append((name, took))
            event("step", name=name, took_s=took)

    def judging(self, total: int) -> AbstractContextManager[Callable[[int], None] | None]:
        """A bar at a terminal, where there is enough to judge for one."""
        from auditor.cli.terminal.progress import judging

        return judging(total, quiet=self.quiet)

    def finish(self) -> None:
        """Log the slowest rules, and say on stderr what took how long where that is wanted."""
        for rule, seconds in self._slowest().items():
            event("rule", id=rule, took_s=seconds)
        if not self.wanted:
            return
        say("times:")
        for name, seconds in self.taken:
            say(f"  {seconds:8.2f} s  {name}")
        for rule, seconds in self._slowest().items():
            say(f"  {seconds:8.2f} s  of which rule {rule}")

    def _slowest(self) -> Mapping[str, float]:
        slowest = sorted(self.rules.items(), key=lambda item: (-item[1], item[0]))
        return {rule: seconds for rule, seconds in slowest[:_SLOWEST] if seconds >= _WORTH_TELLING_S}
