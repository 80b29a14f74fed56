"""What one read may take in pages and bytes: a list that never ends is told as a gap, not followed for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.azure.answers import Trouble
from auditor.inventory.model import Json

MOST_PAGES = 2_000
"""Of one list. Resource Graph and Microsoft Graph give a thousand objects a page, and a subscription holds far fewer of
one type (https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits)."""
MOST_BYTES = 2 * 1024**3
"""Of one list."""
MOST_WITHOUT_NEWS = 20
"""Pages in a row that bring nothing that was not on one before: empty ones are allowed, and so is a page that comes
twice (https://learn.microsoft.com/graph/paging)."""


class Bounds:
    """How far one read is, and whether it has gone too far."""

    def __init__(self) -> None:
        self._pages = 0
        self._bytes = 0
        self._without_news = 0
        self._seen: set[int] = set()

    def exceeded(self, bodies: Sequence[Mapping[str, Json]], size: int) -> Trouble | None:
        """Count one page of so many bytes; why no further one may be read, None where it may."""
        self._pages += 1
        self._bytes += size
        page = hash(tuple(body.get("id") for body in bodies))
        is_new = bool(bodies) and page not in self._seen
        self._seen.add(page)
        self._without_news = 0 if is_new else self._without_news + 1
        if self._without_news >= MOST_WITHOUT_NEWS:
            words = f"{MOST_WITHOUT_NEWS} pages in a row brought nothing new; the list was not followed further"
            return Trouble(200, "EndlessList", words)
        if self._pages >= MOST_PAGES:
            return Trouble(200, "TooManyPages", f"the list has over {MOST_PAGES:,} pages; the rest was not read")
        if self._bytes >= MOST_BYTES:
            return Trouble(200, "TooManyBytes", f"the list is over {MOST_BYTES >> 30} GB; the rest was not read")
        return None
