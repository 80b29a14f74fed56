"""What a loopback Azure was asked, for assertions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

from tests.azure.loopback import ids


@dataclass(frozen=True, slots=True)
class Seen:
    """One request and what came of it."""

    method: str
    path: str
    query: str
    api_version: str
    service: str
    """`arm`, `resource graph`, `graph`, `entra` or `identity`."""
    principal: str
    """Object id; "" where there was no good token."""
    status: int
    """0 where the connection was broken."""
    write: bool = False
    fault: str = ""
    """The planned fault it met."""

    @property
    def type(self) -> str:
        """The resource type that the path names, lower-cased; "" for what is no resource."""
        path = self.path.lower().removesuffix("/list")
        return ids.type_of(path) if "/providers/" in path else ""


@dataclass(slots=True)
class Journal:
    """All requests in the order of their answers."""

    seen: list[Seen] = field(default_factory=list)
    arrived: Condition = field(default_factory=Condition, repr=False)

    def add(self, seen: Seen) -> None:
        """Take one down."""
        with self.arrived:
            self.seen.append(seen)
            self.arrived.notify_all()

    def wait_for(self, count: int, service: str, timeout_s: float = 30.0) -> bool:
        """Wait until a service was asked so often; False where that does not happen in time."""
        with self.arrived:
            return self.arrived.wait_for(lambda: len(self.of(service=service)) >= count, timeout_s)

    def __iter__(self) -> Iterator[Seen]:
        return iter(self.seen)

    def __len__(self) -> int:
        return len(self.seen)

    def of(self, *, service: str = "", path: str = "", status: int | None = None) -> list[Seen]:
        """Requests to a service, whose path holds a text without case, with a status."""
        return [
            s
            for s in self.seen
            if (not service or s.service == service)
            and path.lower() in s.path.lower()
            and (status is None or s.status == status)
        ]

    @property
    def writes(self) -> list[Seen]:
        """Everything that was not a read."""
        return [s for s in self.seen if s.write]

    @property
    def repeated(self) -> dict[str, int]:
        """GETs that were answered well more than once, with how often."""
        counts = Counter(f"{s.path.lower()}?{s.query}" for s in self.seen if s.method == "GET" and s.status == 200)
        return {name: count for name, count in counts.items() if count > 1}

    @property
    def versions(self) -> dict[str, set[str]]:
        """API versions that each type was asked with."""
        found: dict[str, set[str]] = {}
        for s in self.seen:
            if s.type:
                found.setdefault(s.type, set()).add(s.api_version)
        return found

    def summary(self) -> dict[str, Any]:
        """Counts by service and status, for benchmarks."""
        return {
            "requests": len(self.seen),
            "by_service": dict(Counter(s.service for s in self.seen)),
            "by_status": {str(k): v for k, v in Counter(s.status for s in self.seen).items()},
            "writes": len(self.writes),
        }
