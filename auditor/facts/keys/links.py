"""The links of a key chain that can be broken, and what is found of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.facts.keys.dates import SOON_DAYS
from auditor.inventory.model import Gap, Json, Unread


@dataclass(frozen=True, slots=True)
class Kind:
    """One way in which a chain can be broken, or come to be."""

    breaks: bool
    """Whether the data cannot be read while it is so; else it is a risk."""
    wanted: str
    """What would have been right of the properties that decided, in words."""


KINDS: Mapping[str, Kind] = {
    "service_reports": Kind(True, "what the service says while its key can be used"),
    "set_gone": Kind(True, "the id of a disk encryption set that exists"),
    "set_broken": Kind(True, "a disk encryption set that can open its key"),
    "vault_gone": Kind(True, "the address of a key vault that exists"),
    "vault_deleted": Kind(True, "a key vault that is not deleted"),
    "hsm_inactive": Kind(True, "equals Active"),
    "key_gone": Kind(True, "the address of a key that exists"),
    "key_disabled": Kind(True, "equals true"),
    "key_expired": Kind(True, "a date to come"),
    "key_not_yet_valid": Kind(True, "a date that has passed"),
    "key_unsuitable": Kind(True, "RSA or RSA-HSM, with what the service does with it among its operations"),
    "version_unusable": Kind(True, "a version that exists, is enabled and valid"),
    "identity_gone": Kind(True, "the identity that opens the key exists"),
    "identity_detached": Kind(True, "holds the identity that opens the key"),
    "identity_without_rights": Kind(True, "get, wrapKey and unwrapKey for the identity that opens the key"),
    "firewall": Kind(True, "a firewall that lets the service in"),
    "federation_missing": Kind(True, "a multi-tenant application that trusts the identity"),
    "rotation_failed": Kind(False, "no error"),
    "key_expiring": Kind(False, "further away, or rotated before"),
    "version_behind": Kind(False, "the newest version of the key"),
    "version_pinned": Kind(False, "the key's address without a version, or rotation on"),
    "vault_unprotected": Kind(False, "equals true"),
}
"""Every link by name: what a rule asks for as `facts.key_chain.<name>`."""

OF_KEY = (
    "key_gone",
    "key_disabled",
    "key_expired",
    "key_not_yet_valid",
    "key_unsuitable",
    "version_unusable",
    "key_expiring",
    "version_behind",
)
"""What hangs on the key's own attributes."""
OF_VAULT = ("vault_unprotected", "firewall", "hsm_inactive")
"""What hangs on the body of the vault or HSM."""
RIGHTS = "identity_without_rights"


@dataclass(frozen=True, slots=True)
class Link:
    """What was found of one link of one chain: a fault, a risk, or that it is not known."""

    name: str
    text: str
    """In words, without the resource: `the key storage in kv-data expired on 2026-08-01`."""
    decided_by: tuple[str, ...] = ()
    """Paths of the properties that decided, `<id>:<path>` where they are another resource's."""
    gap: Gap | None = None
    """Why it is not known."""

    @property
    def state(self) -> str:
        """`broken`, `risk` or `unknown`."""
        if self.gap:
            return "unknown"
        return "broken" if KINDS[self.name].breaks else "risk"

    @property
    def as_json(self) -> Mapping[str, Json]:
        """As it stands in a chain."""
        return {"link": self.name, "state": self.state, "text": self.text}


@dataclass(slots=True)
class Findings:
    """Collects what is found of one chain."""

    links: list[Link] = field(default_factory=list)
    endings: list[tuple[Link, int]] = field(default_factory=list)
    """What will end and is not replaced by then, with the days that are left: up to a year ahead."""

    def add(self, name: str, text: str, *decided_by: str) -> None:
        """A link that is broken, or a risk."""
        self.links.append(Link(name, text, decided_by))

    def ends(self, days_left: int, text: str, *decided_by: str) -> None:
        """A key that ends; one that does soon is a risk."""
        self.endings.append((Link("key_expiring", text, decided_by), days_left))
        if days_left < SOON_DAYS:
            self.add("key_expiring", text, *decided_by)

    def unknown(self, gap: Gap, *names: str) -> None:
        """Links that are not known, for one reason."""
        text = gap.message or f"{gap.type} was not read ({gap.code})"
        self.links.extend(Link(name, text, gap=gap) for name in names)

    @property
    def state(self) -> str:
        """`healthy`, `broken` or `unknown`: whether the data can be read now."""
        breaking = [link for link in self.links if KINDS[link.name].breaks]
        if any(link.state == "broken" for link in breaking):
            return "broken"
        return "unknown" if breaking else "healthy"

    def has(self, *names: str) -> bool:
        """Whether one of these links is known to be broken, or a risk."""
        return any(link.name in names and not link.gap for link in self.links)

    def told(self) -> Iterator[Mapping[str, Json]]:
        """The links for a reader: faults first, what is not known once a reason."""
        rank = ("broken", "risk", "unknown")
        seen: set[str] = set()
        for link in sorted(self.links, key=lambda link: rank.index(link.state)):
            if link.text not in seen:
                seen.add(link.text)
                yield link.as_json


def by_name(chains: Sequence[Findings]) -> dict[str, Json]:
    """For each link what a rule asks: a list of faults, with `Unread` for what is not known."""
    found: dict[str, list[Json]] = {name: [] for name in (*KINDS, "key_ending")}
    for findings in chains:
        for link in findings.links:
            value = Unread(link.gap) if link.gap else {"text": link.text, "decided_by": list(link.decided_by)}
            found[link.name].append(value)
        found["key_ending"] += [
            {"text": link.text, "days_left": days, "decided_by": list(link.decided_by)}
            for link, days in findings.endings
        ]
    found["key_ending"] += [value for value in found["key_expiring"] if isinstance(value, Unread)]
    return dict(found)
