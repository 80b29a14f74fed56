"""What `--exemptions` and `--policy-exemptions` say: read before an audit, understood after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError, Problem

if TYPE_CHECKING:
    from auditor.evaluate.exemption_files import FileExemption
    from auditor.evaluate.exemptions import Acceptance
    from auditor.rules.policy.documents import PolicyObject
    from auditor.snapshot.source import Source

_NONE = "holds no policy exemption, assignment or initiative"
_EXPORT = "export with: az policy exemption list -o json"


@dataclass(frozen=True, slots=True)
class AcceptanceChoice:
    """The exemptions that the options name, before anything is collected."""

    written: tuple[FileExemption, ...]
    """Those of YAML files."""
    objects: tuple[PolicyObject, ...]
    """Azure Policy objects of JSON files: exemptions, assignments and initiatives."""
    from_tenant: bool
    """Whether the tenant's own exemptions are applied."""

    @property
    def types(self) -> frozenset[str]:
        """Types that must be collected for them to be understood."""
        from auditor.evaluate.policy_exemptions import EXEMPTIONS, NEEDED

        if self.from_tenant:
            return frozenset(NEEDED)
        given = any(item.kind == "exemption" for item in self.objects)
        return frozenset(NEEDED) - {EXEMPTIONS} if given else frozenset()

    def of(self, found: Source) -> tuple[tuple[Acceptance, ...], tuple[str, ...]]:
        """The exemptions to apply to what was found, files first, and what the user should know of others."""
        from auditor.evaluate.policy_exemptions import EXEMPTIONS, tenant_of, understand

        if not self.from_tenant and not self.objects:
            return self.written, ()  # without looking into the tenant
        told: list[str] = []
        if self.from_tenant and not found.inventory.of_type(EXEMPTIONS) and found.inventory.gap(EXEMPTIONS, None):
            told.append("--policy-exemptions: none were read; collect with --policy-exemptions")
        tenant = tenant_of(self.objects, found.inventory, found.manifest, stored=self.from_tenant)
        accepted, refused = understand(tenant, found.manifest.subscriptions)
        return (*self.written, *accepted), (*told, *refused)


def choose_exemptions(
    paths: Sequence[Path] | None, from_tenant: bool, rule_paths: Sequence[Path] | None
) -> AcceptanceChoice:
    """Read the exemption files; initiatives among the rules count too. Raises ConfigError with every mistake."""
    from auditor.evaluate.exemption_files import load_exemptions

    problems: list[Problem] = []
    given = list(paths or ())
    written: tuple[FileExemption, ...] = ()
    try:
        written = load_exemptions([path for path in given if path.suffix.lower() != ".json"])
    except ConfigError as error:
        problems += error.problems
    objects = list(_objects([path for path in given if path.suffix.lower() == ".json"], problems))
    if problems:
        raise ConfigError("the exemptions cannot be used", problems=sorted(problems))
    if objects or from_tenant:
        objects = [*_objects(_json_files(rule_paths or ()), []), *objects]
    return AcceptanceChoice(written, tuple(objects), from_tenant)


def _objects(paths: Iterable[Path], problems: list[Problem]) -> Iterator[PolicyObject]:
    from auditor.rules.policy.documents import policy_objects, read_json

    for path in paths:
        before = len(problems)
        found = list(policy_objects(path, read_json(path, problems)))
        if not found and len(problems) == before:
            problems.append(Problem(str(path), 0, 0, _NONE, _EXPORT))
        yield from found


def _json_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.json")) if path.is_dir() else [path] if path.suffix.lower() == ".json" else []
