"""What code scanning needs beyond rendering: places of findings, the inventory tree, a file a subscription."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.scan.repository import repository_of
from auditor.cli.terminal.messages import note
from auditor.cli.terminal.output import write_file
from auditor.errors import UsageError
from auditor.inventory import ids

if TYPE_CHECKING:
    from auditor.cli.scan.ahead import Ahead
    from auditor.evaluate.model import Report
    from auditor.iac.declaration import Declaration
    from auditor.inventory.model import Resource
    from auditor.report.registry import RenderOptions
    from auditor.snapshot.source import Source

# https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure and
# https://learn.microsoft.com/azure/china/resources-developer-guide, "Azure portal".
_PORTALS = {"usgov": "https://portal.azure.us", "china": "https://portal.azure.cn"}
_ALIASES = {"azureusgovernment": "usgov", "azurechinacloud": "china"}


@dataclass(frozen=True, slots=True)
class SarifOptions:
    """What the `--sarif-...` options say."""

    source_root: Path | None = None
    inventory: Path | None = None
    prefix: str | None = None
    category: str | None = None
    split: Path | None = None
    split_by: str = "subscription"
    """`subscription` or `management-group`."""

    @property
    def types(self) -> frozenset[str]:
        """Types that must be collected for this."""
        return frozenset({ids.MANAGEMENT_GROUP_TYPE}) if self.split and self.by_group else frozenset()

    @property
    def by_group(self) -> bool:
        """Whether a management group gets a file, not a subscription."""
        return self.split_by == "management-group"

    def check(self) -> None:
        """Raises UsageError for folders that cannot be used, before anything is collected."""
        if self.source_root and not self.source_root.is_dir():
            raise UsageError("is no folder", subject=str(self.source_root), remedy="Give --source-root a folder.")
        for option, folder in (("--sarif-inventory", self.inventory), ("--sarif-split", self.split)):
            if folder and os.path.lexists(folder) and not folder.is_dir():
                raise UsageError("is no folder", subject=str(folder), remedy=f"Give {option} a folder.")
        if self.by_group and not self.split:
            raise UsageError("--sarif-split-by without --sarif-split", remedy="Give --sarif-split a folder too.")
        if self.prefix and (".." in Path(self.prefix).parts or Path(self.prefix).is_absolute()):
            raise UsageError(f"--sarif-prefix {self.prefix!r} leaves the repository", remedy="Give a relative folder.")


def with_places(
    rendering: RenderOptions,
    chosen: SarifOptions,
    report: Report,
    source: Source,
    ahead: Ahead,
) -> RenderOptions:
    """The rendering with places, portal and category; writes the inventory tree where one is asked for."""
    from auditor.evaluate.model import Outcome
    from auditor.report.places import places

    cloud = source.manifest.cloud.lower()
    prefix = _prefix(chosen, rendering.uri_prefix)
    rendering = replace(
        rendering,
        uri_prefix=prefix,
        category=chosen.category or "",
        portal=_PORTALS.get(_ALIASES.get(cloud, cloud), rendering.portal),
    )
    roots = (chosen.source_root,) if chosen.source_root else ahead.roots
    if not roots and not chosen.inventory:
        return rendering
    resources = source.inventory.by_key
    tree = places(
        report,
        resources,
        declared={**ahead.declared, **_declared(roots, resources.values(), ahead.addresses)},
        changed=ahead.changed,
        tree_prefix=prefix if chosen.inventory else None,
    )
    if chosen.source_root:
        shown = len(report.with_outcome(Outcome.FAIL, Outcome.EXEMPT))
        note(f"{tree.at_code:,} of {shown:,} findings placed at the code below {chosen.source_root}")
    if chosen.inventory:
        for name, text in tree.files.items():
            _write_below(chosen.inventory, name, text.encode("utf-8", "replace"), private=True)
    return replace(rendering, locations=tree.locations, calls=tree.calls, openers=tree.openers)


def write_split(
    chosen: SarifOptions, report: Report, rendering: RenderOptions, above: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Write one SARIF file a subscription or management group, and one for what lies above subscriptions.

    Nothing where no split is asked for. `above` has the management groups above each subscription. Gives what limits
    have to say. Raises UsageError where
    the groups are wanted and not known.
    """
    from auditor.report.sarif_split import split_sarif

    if not chosen.split:
        return ()
    if chosen.by_group and not above:
        raise UsageError(
            "the management groups above the subscriptions were not read",
            subject="--sarif-split-by management-group",
            remedy="Scan live, collect with --policy-exemptions or --all, or split by subscription.",
        )
    notices: list[str] = []
    written: set[str] = set()
    folder = chosen.split
    for part in split_sarif(report, rendering, {g: names[0] for g, names in above.items()} if chosen.by_group else {}):
        _write_below(folder, f"{part.name}.sarif", part.data)
        notices += part.notices
        written.add(f"{part.name}.sarif")
    stale = sorted({path.name for path in folder.glob("*.sarif")} - written)
    if stale:
        notices.append(
            f"{folder} also holds {', '.join(stale)}, not of this run; remove it before you upload the folder"
        )
    return tuple(notices)


def _prefix(chosen: SarifOptions, default: str) -> str:
    """The folder that URIs begin with: as given, or where the tree lies in its repository."""
    if chosen.prefix is not None:
        return chosen.prefix.replace("\\", "/").strip("/")
    if chosen.inventory:
        folder = chosen.inventory.resolve()
        root = repository_of(folder) or Path.cwd().resolve()
        if folder.is_relative_to(root) and folder != root:
            return folder.relative_to(root).as_posix()
    return default


def _declared(
    roots: Sequence[Path], resources: Iterable[Resource], addresses: Mapping[str, str]
) -> dict[str, Declaration]:
    from auditor.iac import declared_at

    known = list(resources)
    found: dict[str, Declaration] = {}
    for root in roots:
        found |= declared_at(root, known, base=repository_of(root), addresses=addresses)
    return found


def _write_below(folder: Path, name: str, data: bytes, *, private: bool = False) -> None:
    """Write a file that stays inside the folder, whatever links lie there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        root = folder.resolve()
        target = root / name
        if not target.parent.resolve().is_relative_to(root):
            raise UsageError("leads out of its folder", subject=str(target), remedy="Remove the link below it.")
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", subject=str(folder / name)) from error
    write_file(target, data, private=private)
