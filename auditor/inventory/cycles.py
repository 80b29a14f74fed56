"""Work without Python's collector of cycles: bodies, facts and results hold none, and there are millions of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector, which would walk through all that was made before again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def keep() -> None:
    """Take all that there is out of the collector's sight, for a process that needs it until its end."""
    gc.freeze()
