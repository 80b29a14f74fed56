"""`--history`: the runs of before are read before anything is collected, this run is added after its reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.evaluate.history import Run
    from auditor.evaluate.model import Report


@dataclass(frozen=True, slots=True)
class History:
    """The folder of a history, and what was in it."""

    folder: Path | None
    """None where there is none."""
    before: tuple[Run, ...] = ()

    @classmethod
    def of(cls, folder: Path | None, *, alone: bool) -> History:
        """Read a folder, which need not exist yet; `alone` says that no code is laid over what is there.

        Raises ConfigError for a file in it that is no run, and UsageError where no run could be added.
        """
        if folder is None:
            return cls(None)
        if not alone:
            raise UsageError("a history is of what there is, not of code", remedy="Leave --history out.")
        if folder.exists() and not folder.is_dir():
            raise UsageError("is no folder", subject=str(folder), remedy="Name a folder for --history.")
        from auditor.evaluate.history_files import load_history

        return cls(folder, load_history(folder) if folder.exists() else ())

    def told(self, report: Report) -> Report:
        """The report with its trend."""
        if self.folder is None:
            return report
        from auditor.evaluate.history import run_of, trend_of

        run = run_of(report)
        return replace(report, trend=trend_of((*self.before, run), run.series))

    def keep(self, report: Report) -> None:
        """Add the run to the folder. Raises UsageError where it cannot be written to."""
        if self.folder is None:
            return
        from auditor.cli.terminal.output import write_file
        from auditor.evaluate.history import run_of
        from auditor.evaluate.history_files import as_document, file_name
        from auditor.report.encoding import encode

        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(f"cannot be made: {error.strerror}", subject=str(self.folder)) from error
        run = run_of(report)
        write_file(self.folder / file_name(run), encode(as_document(run), pretty=False), private=True)
