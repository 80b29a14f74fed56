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
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, Problem
from auditor.evaluate.model import Exemption, Result
from auditor.expressions.values import as_time
from auditor.inventory.inventory import Inventory
from auditor.rules.conditions.paths import member
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Rule
from auditor.rules.yaml_source import Document, Place, read_document

_REQUIRED = ("rule", "reason", "owner", "expires")
_KEYS = (*_REQUIRED, "resource", "tag", "ticket", "evidence")
_TEXTS = ("reason", "owner", "resource", "ticket", "evidence")
_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FileExemption:
    """One exemption of a file."""

    rules: tuple[str, ...]
    """Patterns over rule ids and topics, in lower case."""
    resource: str
    """Pattern over resource ids and names, in lower case; "" for any."""
    tags: Mapping[str, str]
    evidence: str
    exemption: Exemption
    is_from_azure: bool = False

    @property
    def is_broad(self) -> bool:
        """Whether it would accept everything."""
        return any(not rule.strip("*?/") for rule in self.rules) and not self.resource.strip("*?/") and not self.tags

    def concerns(self, rule: Rule) -> bool:
        """See `Acceptance.concerns`."""
        names = [name.lower() for name in (rule.id, rule.topic, f"{rule.topic}/{rule.id}")]
        return any(fnmatchcase(name, pattern) for pattern in self.rules for name in names)

    def hint(self, names: Iterable[str]) -> str:
        """See `Acceptance.hint`."""
        known = list(names)
        return next((words for pattern in self.rules if (words := nearest(pattern, known))), "")

    def covers(self, result: Result, inventory: Inventory) -> bool:
        """See `Acceptance.covers`."""
        texts = (result.subject.id.lower(), result.subject.name.lower())
        if self.resource and not any(fnmatchcase(text, self.resource) for text in texts):
            return False
        resource = inventory.get(result.subject.id) if self.tags else None
        tags = resource.body.get("tags") if resource else None
        return all(str(member(tags, name)).lower() == value.lower() for name, value in self.tags.items())


def load_exemptions(paths: Sequence[Path]) -> tuple[FileExemption, ...]:
    """Exemptions from YAML files. Raises ConfigError with every mistake in every file."""
    problems: list[Problem] = []
    found: list[FileExemption] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}", "check the path"))
            continue
        except UnicodeDecodeError as error:
            problems.append(Problem(str(path), 0, 0, f"is not UTF-8: byte {error.start}", "save it as UTF-8"))
            continue
        document = read_document(text, str(path))
        problems += document.problems
        if not document.problems:
            found += _entries(document, problems)
    if problems:
        raise ConfigError("the exemptions cannot be used", problems=sorted(problems))
    return tuple(found)


def _entries(document: Document, problems: list[Problem]) -> Iterator[FileExemption]:
    value = document.value
    named = isinstance(value, Mapping)
    entries = value.get("exemptions") if isinstance(value, Mapping) else value
    if entries is None and isinstance(value, Mapping) and "exemptions" in value:
        return  # the key with nothing under it yet
    if not isinstance(entries, list):
        problems.append(document.problem((), "the file has no list of exemptions", "write exemptions: and a list"))
        return
    for index, entry in enumerate(entries):
        place: Place = ("exemptions", index) if named else (index,)
        mistakes = list(_mistakes(document, place, entry))
        problems += mistakes
        if not mistakes:
            yield _exemption(document, place, entry)


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
    names = entry.get("rule")
    if isinstance(names, Mapping) or (isinstance(names, list) and not all(isinstance(name, str) for name in names)):
        yield document.problem((*place, "rule"), "rule takes a rule id, a topic or a glob", "or a list of them")
    if entry.get("expires") and as_time(str(entry["expires"])) is None:
        yield document.problem((*place, "expires"), f"{entry['expires']!r} is no date", "write 2027-03-31")
    if not isinstance(entry.get("tag") or {}, Mapping):
        yield document.problem((*place, "tag"), "tag takes names and values", "write {env: dev}")
    evidence = entry.get("evidence")
    if isinstance(evidence, str | int | float) and not _HASH.fullmatch(str(evidence).lower()):
        remedy = "copy evidence_hash of the result from a JSON report, in quotes"
        yield document.problem((*place, "evidence"), f"{evidence!r} is no hash of evidence", remedy)


def _exemption(document: Document, place: Place, entry: Mapping[str, Any]) -> FileExemption:
    names = entry["rule"] if isinstance(entry["rule"], list) else [entry["rule"]]
    expires = as_time(str(entry["expires"]))
    assert expires is not None  # noqa: S101 - `_mistakes` has looked
    line, _ = document.mark(place)
    return FileExemption(
        rules=tuple(str(name).lower() for name in names),
        resource=str(entry.get("resource") or "").lower(),
        tags={str(name): _tag(value) for name, value in (entry.get("tag") or {}).items()},
        evidence=str(entry.get("evidence") or "").lower(),
        exemption=Exemption(
            reason=str(entry["reason"]),
            owner=str(entry["owner"]),
            expires_at=_utc(expires),
            source=f"{document.file}:{line}",
            ticket=str(entry.get("ticket") or ""),
        ),
    )


def _tag(value: Any) -> str:
    """A tag's value as Azure has it, always text: `true` and not Python's `True`."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the last day of year 9999, west of Greenwich
        return moment.replace(tzinfo=UTC)
