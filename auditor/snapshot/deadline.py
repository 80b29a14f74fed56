"""A deadline that also ends what asks nobody while it works: a regular expression that never comes to its end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Deadline:
    """Seconds that something may take."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """Seconds that are left; negative once it is over."""
        return self._end - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether it has passed."""
        return self.left_s < 0


def can_interrupt() -> bool:
    """Whether `interrupting` ends a running expression here: in the main thread, on systems with interval timers.

    Python's regular expressions look for signals while they match: https://github.com/python/cpython/blob/main/Modules/_sre/sre_lib.h
    """
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextmanager
def interrupting(deadline: Deadline) -> Iterator[None]:
    """Raise TimeoutError in what runs inside once the deadline has passed, where the system can."""
    if not can_interrupt():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    handler = signal.signal(signal.SIGALRM, ring)
    before, interval = signal.setitimer(signal.ITIMER_REAL, max(deadline.left_s, 0.001))
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before:  # somebody else's alarm
            signal.setitimer(signal.ITIMER_REAL, max(before - (time.monotonic() - started), 0.001), interval)
