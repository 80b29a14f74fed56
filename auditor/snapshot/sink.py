"""Where a collector puts what it reads. `auditor.snapshot.store` implements it; collectors know only this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap, Json


class Sink(Protocol):
    """One read is one `kind` (a resource type) in one `scope` (ARM id, or `/`): begun, added to page by page, closed.

    `own` tells the list of a parent's own children from the line of everything of that kind below it: a subscription
    has diagnostic settings itself, and so have the resources in it.

    Every call is durable when it returns, so that a collection that is killed can go on from the last page.
    """

    @property
    def secret_key(self) -> bytes:
        """The key that secrets' values are hashed with: of this collection alone, and the same when it goes on."""

    def state(self, scope: str, kind: str, *, own: bool = False) -> ReadState | None:
        """How this read was closed earlier in this collection; None where it was never closed."""

    def cursor(self, scope: str, kind: str, *, own: bool = False) -> str | None:
        """The continuation (nextLink or skip token) after the last page that was added; None where none was."""

    def add(
        self,
        scope: str,
        kind: str,
        bodies: Iterable[Mapping[str, Json]],
        *,
        own: bool = False,
        cursor: str | None = None,
        unread: Mapping[str, Mapping[str, Gap]] | None = None,
    ) -> int:
        """Keep one page of bodies, each with an `id`, and its continuation; both or neither survive a crash.

        Secrets in the bodies have been replaced already (`auditor.secrets.redactor`): they are kept as they are.
        A body whose id was kept before replaces the older one. `kind` becomes the type of bodies without one.
        `unread` has, by a body's `id`, which of its top-level names were not read, and why.
        Returns how many ids were new.
        """

    def kept(self, scope: str, kind: str) -> Iterable[Mapping[str, Json]]:
        """Bodies of type `kind` at or below `scope` (`/` for all) that were kept so far, in order of their keys.

        These are the parents whose children are read next, also in a collection that goes on after it was killed.
        """

    def close(
        self,
        scope: str,
        kind: str,
        state: ReadState,
        *,
        own: bool = False,
        as_of: datetime | None = None,
        gap: Gap | None = None,
    ) -> None:
        """Write the ledger line of this read; `gap` for every state that is not complete or unsupported."""

    def gaps(self) -> int:
        """How many reads, and how many objects of good reads, are known not to have been read."""
