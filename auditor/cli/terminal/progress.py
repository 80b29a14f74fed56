"""Progress on stderr: live bars at a terminal, one line a finished source elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from auditor.cli.terminal.messages import plain, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_WORTH_A_BAR = 5_000
"""Resources from which on judging takes long enough for a bar."""
_STEP = 500


class NoProgress:
    """Shows nothing: `--quiet`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def begin(self, source: str) -> None:
        """See `auditor.azure.progress.Progress.begin`."""

    def expect(self, source: str, reads: int) -> None:
        """See `auditor.azure.progress.Progress.expect`."""

    def settle(self, source: str) -> None:
        """See `auditor.azure.progress.Progress.settle`."""

    def advance(self, source: str, count: int = 1) -> None:
        """See `auditor.azure.progress.Progress.advance`."""

    def end(self, source: str, note: str = "") -> None:
        """See `auditor.azure.progress.Progress.end`."""


@dataclass(slots=True)
class _Source:
    """How far one source is."""

    started: float = field(default_factory=time.monotonic)
    found: int = 0
    """Objects that were read."""
    known: int = 0
    """Reads that are known to be needed."""
    done: int = 0
    """Reads that are done."""

    @property
    def rate(self) -> str:
        """Objects a second, "" as long as that says nothing."""
        seconds = time.monotonic() - self.started
        return f"{self.found / seconds:,.0f}/s" if seconds >= 0.1 and self.found else ""


class LineProgress(NoProgress):
    """One line on stderr when a source is done: its count, rate, and what went wrong."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}

    def begin(self, source: str) -> None:
        """See `auditor.azure.progress.Progress.begin`."""
        self._sources.setdefault(source, _Source())

    def advance(self, source: str, count: int = 1) -> None:
        """See `auditor.azure.progress.Progress.advance`."""
        self._sources.setdefault(source, _Source()).found += count

    def end(self, source: str, note: str = "") -> None:
        """See `auditor.azure.progress.Progress.end`."""
        running = self._sources.pop(source, None) or _Source()
        seconds = time.monotonic() - running.started
        rate = f", {running.rate}" if running.rate else ""
        say(f"  {source}: {running.found:,} in {seconds:.1f} s{rate}{f', {note}' if note else ''}")


class BarProgress(NoProgress):
    """A line a source: a bar over its reads, objects found, rate, and the time that remains.

    Reads of children become known when their parents have been read, so a bar can also step back. A source that has
    ended gets one lasting line above the bars, so that these are as many as sources at work, and never more than the
    screen has rows.
    """

    def __init__(self, console: Console | None = None) -> None:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn

        screen = console or _console()
        self._bars: Bars = _fitting(screen)(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[reads]}", markup=False, justify="right"),
            TextColumn("{task.fields[found]}", markup=False, justify="right"),
            TextColumn("{task.fields[rate]}", markup=False, justify="right"),
            TimeRemainingColumn(compact=True),
            console=screen,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._sources: dict[str, _Source] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, source: str) -> None:
        """See `auditor.azure.progress.Progress.begin`."""
        if source not in self._tasks:
            self._sources[source] = _Source()
            self._tasks[source] = self._bars.add_task(plain(source), total=None, reads="", found="", rate="")

    def expect(self, source: str, reads: int) -> None:
        """See `auditor.azure.progress.Progress.expect`."""
        self.begin(source)
        self._sources[source].known += reads
        self._show(source)

    def settle(self, source: str) -> None:
        """See `auditor.azure.progress.Progress.settle`."""
        self.begin(source)
        self._sources[source].done += 1
        self._show(source)

    def advance(self, source: str, count: int = 1) -> None:
        """See `auditor.azure.progress.Progress.advance`."""
        self.begin(source)
        self._sources[source].found += count
        self._show(source)

    def end(self, source: str, note: str = "") -> None:
        """See `auditor.azure.progress.Progress.end`."""
        self.begin(source)
        running = self._sources.pop(source)
        self._bars.remove_task(self._tasks.pop(source))
        reads = max(running.known, running.done, 1)
        parts = (f"{reads:,}/{reads:,} reads", f"{running.found:,} found", running.rate, note)
        took = f"{time.monotonic() - running.started:.1f} s"
        told = ", ".join(part for part in (*parts, took) if part)
        self._bars.console.print(f"✓ {plain(source)}: {told}", markup=False, highlight=False)

    def _show(self, source: str) -> None:
        running = self._sources[source]
        # A source that has not ended has at least one more read: what is not known yet.
        known = max(running.known, running.done + 1)
        self._bars.update(
            self._tasks[source],
            total=known,
            completed=running.done,
            reads=f"{running.done:,}/{known:,} reads",
            found=f"{running.found:,} found" if running.found else "",
            rate=running.rate,
        )


def _fitting(screen: Console) -> type[Bars]:
    """`rich.progress.Progress` that shows as many bars as the screen has rows, and how many more there are."""
    from rich.progress import Progress
    from rich.text import Text

    class Fitting(Progress):
        def get_renderables(self) -> Iterator[RenderableType]:
            rows = max(screen.height - 3, 1)
            yield self.make_tasks_table(self.tasks[:rows])
            if (hidden := len(self.tasks) - rows) > 0:
                yield Text(f"  and {hidden} more")

    return Fitting


def progress_for(*, quiet: bool) -> NoProgress:
    """Bars at a terminal, lines elsewhere, nothing with `--quiet`."""
    if quiet:
        return NoProgress()
    return BarProgress() if _is_terminal() else LineProgress()


@contextmanager
def judging(total: int, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """While resources are judged: a bar that goes when it is done, at a terminal and for many of them only.

    Gives what is told how many more were judged, or None where nothing is shown.
    """
    if quiet or total < _WORTH_A_BAR or not _is_terminal():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("judging"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_console(), transient=True) as bars:
        task = bars.add_task("", total=total, rate="")
        running = _Source()

        def advance(count: int) -> None:
            running.found += count
            if running.found % _STEP == 0:
                bars.update(task, completed=running.found, rate=running.rate)

        yield advance


def _is_terminal() -> bool:
    """Whether stderr is a terminal on which a line can be drawn again."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)
