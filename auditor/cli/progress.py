"""Progress on stderr: live bars at a terminal, one line a finished source elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from auditor.cli.messages import say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class NoProgress:
    """Shows nothing: `--quiet`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def begin(self, source: str, total: int | None = None) -> None:
        """See `auditor.azure.progress.Progress.begin`."""

    def advance(self, source: str, count: int = 1) -> None:
        """See `auditor.azure.progress.Progress.advance`."""

    def end(self, source: str, note: str = "") -> None:
        """See `auditor.azure.progress.Progress.end`."""


class LineProgress(NoProgress):
    """One line on stderr when a source is done: its count, rate, and what went wrong."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[float, int]] = {}

    def begin(self, source: str, total: int | None = None) -> None:  # noqa: ARG002 - lines show no total
        """See `auditor.azure.progress.Progress.begin`."""
        self._running.setdefault(source, (time.monotonic(), 0))

    def advance(self, source: str, count: int = 1) -> None:
        """See `auditor.azure.progress.Progress.advance`."""
        started, done = self._running.get(source, (time.monotonic(), 0))
        self._running[source] = (started, done + count)

    def end(self, source: str, note: str = "") -> None:
        """See `auditor.azure.progress.Progress.end`."""
        started, done = self._running.pop(source, (time.monotonic(), 0))
        seconds = time.monotonic() - started
        rate = f", {done / seconds:,.0f}/s" if seconds >= 0.1 and done else ""
        say(f"  {source}: {done:,} in {seconds:.1f} s{rate}{f', {note}' if note else ''}")


class BarProgress(NoProgress):
    """A line a source with count, rate and, where the total is known, a bar and the time that remains."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._bars: Bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=False,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, source: str, total: int | None = None) -> None:
        """See `auditor.azure.progress.Progress.begin`."""
        if source not in self._tasks:
            self._tasks[source] = self._bars.add_task(source, total=total, rate="")

    def advance(self, source: str, count: int = 1) -> None:
        """See `auditor.azure.progress.Progress.advance`."""
        self.begin(source)
        task = self._tasks[source]
        speed = self._bars.tasks[self._bars.task_ids.index(task)].speed
        self._bars.update(task, advance=count, rate=f"{speed:,.0f}/s" if speed else "")

    def end(self, source: str, note: str = "") -> None:
        """See `auditor.azure.progress.Progress.end`."""
        self.begin(source)
        task = self._bars.tasks[self._bars.task_ids.index(self._tasks[source])]
        self._bars.update(task.id, total=task.completed, rate=note or task.fields["rate"])


def progress_for(*, quiet: bool) -> NoProgress:
    """Bars at a terminal, lines elsewhere, nothing with `--quiet`."""
    if quiet:
        return NoProgress()
    return BarProgress() if sys.stderr.isatty() else LineProgress()
