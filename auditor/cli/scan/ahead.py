"""Code that is not deployed yet: which it is, what it is laid over, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import api
from auditor.cli.scan.repository import repository_of
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.evaluate.model import Report
    from auditor.evaluate.reach import Reach
    from auditor.facts.registry import FactStore
    from auditor.iac.declaration import Declaration
    from auditor.inventory.selection import Selection
    from auditor.snapshot.source import Source


@dataclass(slots=True)
class Ahead:
    """What `PATH...`, `--with`, `--deploy-scope` and `--only-new` say."""

    alone: tuple[Path, ...]
    """Code that is judged for itself where no base is named."""
    over: tuple[Path, ...]
    """Code that is laid over a base, live where none is named."""
    scope: str
    only_new: bool | None
    base: Source | None = None
    declared: Mapping[str, Declaration] = field(default_factory=dict)
    """Where the code declares resources, by lower-cased id."""
    changed: frozenset[str] = frozenset()
    """What it creates, changes or deletes, by lower-cased id."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Terraform's addresses of resources in a plan, by lower-cased id."""
    reach: Reach | None = None
    """What of the verdicts the code can have changed, where no others are shown; None where all are."""
    facts: FactStore | None = None
    """Those of the base, where some are shared."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All code."""
        return (*self.alone, *self.over)

    @property
    def is_alone(self) -> bool:
        """Whether no tenant is read: there is code, and nobody asks to lay it over one."""
        return bool(self.alone) and not self.over

    @classmethod
    def of(
        cls, alone: Sequence[Path] | None, over: Sequence[Path] | None, scope: str | None, only_new: bool | None
    ) -> Ahead:
        """From the options. Raises UsageError for those that say nothing without code."""
        made = cls(tuple(alone or ()), tuple(over or ()), scope or "", only_new)
        if not made.paths and (scope or only_new is not None):
            option = "--deploy-scope" if scope else "--only-new" if only_new else "--all-findings"
            raise UsageError(f"{option} is for code", remedy="Name the code: auditor scan PATH, or --with PATH.")
        return made

    def laid_over(self, base: Source | None) -> Source:
        """The world that the code makes of the base; the base itself where there is no code."""
        if base is not None and not self.paths:
            return base
        repository = repository_of(self.roots[0]) or self.roots[0]
        foreseen = api.foresee(self.paths, base, scope=self.scope, repository=repository)
        self.base, self.declared = base, foreseen.declared
        self.changed, self.addresses = foreseen.changed, foreseen.addresses
        return foreseen.source

    def reached(self, found: Source, rules: api.RuleChoice) -> Reach | None:
        """What of the verdicts on the world with the code need be judged; None where all are to be shown."""
        if self.base is not None and self.only_new is not False:
            self.reach = api.reach_of(self.base, found, rules)
        return self.reach

    def facts_of(self, found: Source) -> FactStore:
        """The facts of the world with the code; those that it cannot change are the base's."""
        from auditor.facts.registry import FactStore

        facts = FactStore(found.inventory, found.manifest.finished_at)
        if self.base is not None and self.reach:
            self.facts = FactStore(self.base.inventory, self.base.manifest.finished_at)
            facts.share(self.facts, self.reach.keeps)
        return facts

    def shown(self, report: Report, rules: api.RuleChoice, selection: Selection | None = None, jobs: int = 1) -> Report:
        """What is new through the code, where it is laid over a base and not all findings are asked for.

        `selection` and `jobs` are those of the report: the base is judged as the world with the code was.
        """
        if self.base is None or self.only_new is False:
            return report
        before = api.audit(self.base, rules, facts=self.facts, selection=selection, jobs=jobs, reach=self.reach)
        return api.only_new(before, report)

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders in which the code stands."""
        return tuple(dict.fromkeys(path if path.is_dir() else path.parent for path in self.paths))
