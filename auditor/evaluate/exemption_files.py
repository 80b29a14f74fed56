"""Exemptions in YAML:

exemptions:
  - rule: storage-public-network-access      # id, topic or glob; or a list of them
    resource: "*/storageAccounts/stweb*"     # glob over the id or the name; or tag: {env: dev}
    reason: Serves public downloads
    owner: web team
    expires: 2027-03-31                      # the first day on which it no longer holds
    ticket: SEC-123                          # optional
    evidence: 3f2a9c01d4e5b6a7               # optional: lapses when what was accepted changes
"""  # noqa: D400 - the example says what no sentence could

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, Problem
from auditor.evaluate.model import Exemption, Result
from auditor.expressions.values import as_time
from auditor.inventory.inventory import Inventory
from auditor.rules.aims import AIM_KEYS, Aim, aim_mistakes, aim_of
from auditor.rules.conditions.problems import nearest
from auditor.rules.entry_files import entries_of
from auditor.rules.model import Rule
from auditor.rules.yaml_source import Document, Place

_REQUIRED = ("rule", "reason", "owner", "expires")
_KEYS = (*_REQUIRED, *AIM_KEYS[1:], "ticket", "evidence")
_TEXTS = ("reason", "owner", "ticket", "evidence")
_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FileExemption:
    """One exemption of a file."""

    aim: Aim
    evidence: str
    exemption: Exemption
    is_from_azure: bool = False

    @property
    def is_broad(self) -> bool:
        """Whether it would accept everything."""
        return self.aim.everything

    def concerns(self, rule: Rule) -> bool:
        """See `Acceptance.concerns`."""
        return self.aim.concerns(rule)

    def hint(self, names: Iterable[str]) -> str:
        """See `Acceptance.hint`."""
        return self.aim.hint(names)

    def covers(self, result: Result, inventory: Inventory) -> bool:
        """See `Acceptance.covers`."""
        return self.aim.covers(result.subject.id, result.subject.name, inventory)


def load_exemptions(paths: Sequence[Path]) -> tuple[FileExemption, ...]:
    """Exemptions from YAML files. Raises ConfigError with every mistake in every file."""
    problems: list[Problem] = []
    found: list[FileExemption] = []
    for document, place, entry in entries_of(paths, "exemptions", problems):
        mistakes = list(_mistakes(document, place, entry))
        problems += mistakes
        if not mistakes:
            found.append(_exemption(document, place, entry))
    if problems:
        raise ConfigError("the exemptions cannot be used", problems=sorted(problems))
    return tuple(found)


def _mistakes(document: Document, place: Place, entry: Any) -> Iterator[Problem]:
    """Everything that is wrong with one entry."""
    if not isinstance(entry, Mapping):
        yield document.problem(place, "an exemption must be a mapping", f"with {', '.join(_REQUIRED)}")
        return
    for key in entry:
        if key not in _KEYS:
            yield document.problem((*place, key), f"there is no key {key!r} here", nearest(key, _KEYS))
    for key in _REQUIRED:
        if entry.get(key) in (None, "", []):
            yield document.problem(place, f"the key {key!r} is missing", "it is required")
    for key in _TEXTS:
        if isinstance(entry.get(key), list | Mapping):
            yield document.problem((*place, key), f"{key} must be text", f"write {key}: and words after it")
    for inner, message, remedy in aim_mistakes(entry):
        yield document.problem((*place, *inner), message, remedy)
    if entry.get("expires") and as_time(str(entry["expires"])) is None:
        yield document.problem((*place, "expires"), f"{entry['expires']!r} is no date", "write 2027-03-31")
    evidence = entry.get("evidence")
    if isinstance(evidence, str | int | float) and not _HASH.fullmatch(str(evidence).lower()):
        remedy = "copy evidence_hash of the result from a JSON report, in quotes"
        yield document.problem((*place, "evidence"), f"{evidence!r} is no hash of evidence", remedy)


def _exemption(document: Document, place: Place, entry: Mapping[str, Any]) -> FileExemption:
    expires = as_time(str(entry["expires"]))
    assert expires is not None  # noqa: S101 - `_mistakes` has looked
    line, _ = document.mark(place)
    return FileExemption(
        aim=aim_of(entry),
        evidence=str(entry.get("evidence") or "").lower(),
        exemption=Exemption(
            reason=str(entry["reason"]),
            owner=str(entry["owner"]),
            expires_at=_utc(expires),
            source=f"{document.file}:{line}",
            ticket=str(entry.get("ticket") or ""),
        ),
    )


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the last day of year 9999, west of Greenwich
        return moment.replace(tzinfo=UTC)
