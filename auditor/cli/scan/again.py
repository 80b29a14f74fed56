"""The same question again: a scan of a snapshot or export that nothing changed since takes the report of before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.api import RuleChoice
    from auditor.evaluate.kept import KeptReports
    from auditor.evaluate.model import Report
    from auditor.rules.model import Framework
    from auditor.snapshot.source import Source


@dataclass(slots=True)
class Again:
    """One scan's question, and the report of an earlier run where there is one."""

    choice: RuleChoice
    reports: KeptReports | None = None
    """Where reports are kept; None where this scan's is not."""
    name: str = ""
    """The question's digest."""
    report: Report | None = None
    """The report of an earlier run."""

    @classmethod
    def of(
        cls,
        path: Path | None,
        choice: RuleChoice,
        rule_paths: Sequence[Path] | None,
        otherwise: Sequence[object],
        **asked: Any,
    ) -> Again:
        """The question over a snapshot or an export; `asked` is how it is read and what is kept of it.

        Nothing is kept of live scans, of the demo tenant, where definitions of Azure Policy are among the rules or
        something is set in them, and where something of `otherwise` is given.
        """
        from auditor.evaluate.kept import KeptReports, question
        from auditor.rules.cache import user_cache

        folder = user_cache()
        if folder is None or path is None or choice.policies or choice.overrides or any(otherwise):
            return cls(choice)
        asked |= {"source": str(path), "partial": choice.partial, "notices": choice.notices}
        try:
            files = [*_below(path), *(file for one in rule_paths or () for file in _below(one))]
            asked["changed"] = [file.stat().st_mtime_ns for file in files]
            return cls(choice, KeptReports(folder), question(choice.rules, files, asked))
        except (OSError, TypeError):  # what reads the files says what is wrong with them
            return cls(choice)

    def source(self, read: Callable[[], Source | None]) -> Source | None:
        """The source, read only when it is asked for more than its manifest where the report is at hand."""
        from auditor.snapshot.later import later

        kept = self.reports.get(self.name, self.choice.rules) if self.reports else None
        if kept is None:
            return read()

        def whole() -> Source:
            found = read()
            assert found is not None  # noqa: S101 - there is a path
            return found

        try:
            found = later(kept[1], whole)
        except (KeyError, TypeError, ValueError):
            return read()
        self.report = kept[0]
        return found

    def audited(self, source: Source, audit: Callable[[], Report], frameworks: Sequence[Framework]) -> Report:
        """The report of before, or one that `audit` makes and the next run can take; `frameworks` as it shall know."""
        from auditor.snapshot.later import values_of

        if self.report is None:
            self.report = audit()
            if self.reports:
                self.reports.put(self.name, self.report, values_of(source))
        return replace(self.report, frameworks=tuple(frameworks))


def _below(path: Path) -> list[Path]:
    """A file, with what SQLite keeps beside it, or all files of a folder."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    beside = (path.with_name(path.name + end) for end in ("-wal", "-journal"))
    return [path, *(file for file in beside if file.exists())]
