"""Which rules and resources an entry of a file is about: exemptions and overrides say it with the same words.

rule: storage-public-network-access      # id, topic or glob; or a list of them
resource: "*/storageAccounts/stweb*"     # glob over the id or the name; or tag: {env: dev}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from auditor.inventory.inventory import Inventory
from auditor.rules.conditions.paths import member
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Rule
from auditor.rules.yaml_source import Place

Mistake = tuple[Place, str, str]
"""Place below the entry, what is wrong, the remedy."""

AIM_KEYS = ("rule", "resource", "tag")


@dataclass(frozen=True, slots=True)
class Aim:
    """What an entry is about."""

    rules: tuple[str, ...]
    """Patterns over rule ids and topics, in lower case."""
    resource: str = ""
    """Pattern over resource ids and names, in lower case; "" for any."""
    tags: Mapping[str, str] | None = None

    @property
    def everywhere(self) -> bool:
        """Whether it is about every resource."""
        return not self.resource.strip("*?/") and not self.tags

    @property
    def everything(self) -> bool:
        """Whether it is about every rule on every resource."""
        return self.everywhere and any(not rule.strip("*?/") for rule in self.rules)

    def concerns(self, rule: Rule) -> bool:
        """Whether it is about this rule."""
        names = [name.lower() for name in (rule.id, rule.topic, f"{rule.topic}/{rule.id}")]
        return any(fnmatchcase(name, pattern) for pattern in self.rules for name in names)

    def hint(self, names: Iterable[str]) -> str:
        """Which of these rules and topics may have been meant, in words; "" where none is near."""
        known = list(names)
        return next((words for pattern in self.rules if (words := nearest(pattern, known))), "")

    def covers(self, resource_id: str, name: str, inventory: Inventory) -> bool:
        """Whether it is about the resource of this id and shown name."""
        if self.resource and not any(fnmatchcase(text.lower(), self.resource) for text in (resource_id, name)):
            return False
        if not self.tags:
            return True
        resource = inventory.get(resource_id)
        tags = resource.body.get("tags") if resource else None
        return all(str(member(tags, key)).lower() == value.lower() for key, value in self.tags.items())


def aim_of(entry: Mapping[str, Any]) -> Aim:
    """The aim of an entry that has no mistakes."""
    names = entry["rule"] if isinstance(entry["rule"], list) else [entry["rule"]]
    return Aim(
        tuple(str(name).lower() for name in names),
        str(entry.get("resource") or "").lower(),
        {str(name): _tag(value) for name, value in (entry.get("tag") or {}).items()},
    )


def aim_mistakes(entry: Mapping[str, Any]) -> Iterator[Mistake]:
    """Everything that is wrong with what an entry says of rules and resources."""
    names = entry.get("rule")
    if isinstance(names, Mapping) or (isinstance(names, list) and not all(isinstance(name, str) for name in names)):
        yield ("rule",), "rule takes a rule id, a topic or a glob", "or a list of them"
    if isinstance(entry.get("resource"), list | Mapping):
        yield ("resource",), "resource must be text", "write resource: and words after it"
    if not isinstance(entry.get("tag") or {}, Mapping):
        yield ("tag",), "tag takes names and values", "write {env: dev}"


def _tag(value: Any) -> str:
    """A tag's value as Azure has it, always text: `true` and not Python's `True`."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
