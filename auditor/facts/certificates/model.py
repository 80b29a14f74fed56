"""One certificate as far as its holder tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.inventory.model import Gap


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that a resource serves, signs or signs in with, or trusts."""

    name: str
    role: str = "certificate"
    """What it is for, in words: `certificate`, `trusted authority`, `signing certificate`."""
    ends: datetime | None = None
    path: str = ""
    """Where its end is written; `<id>:<path>` in another resource."""
    hosts: tuple[str, ...] = ()
    """Names it stands for, lower-cased."""
    subject: str = ""
    issuer: str = ""
    key: str = ""
    """Kind and size of its key: `RSA 2048`."""
    weakness: str = ""
    """What is too weak of it, in words."""
    self_signed: bool = False
    renews: bool = False
    """Whether somebody is known to renew it in time."""
    pinned: bool = False
    """Whether its holder stays on one version of it in a key vault, and so misses its renewal."""
    trouble: str = ""
    """Why its holder cannot use it, in words."""
    unread: Gap | None = None
    """Why its end is not known."""
    identity: str = ""
    """What tells it from others wherever it is held: thumbprint, or address in a key vault; lower-cased."""

    @property
    def wildcard(self) -> str:
        """The first name with an asterisk; "" for none."""
        return next((host for host in self.hosts if host.startswith("*.")), "")
