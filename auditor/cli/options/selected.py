"""Which part of a source is judged, from the options that choose it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.inventory.selection import Selection
    from auditor.snapshot.source import Source


def selected(
    source: Source,
    subscriptions: Sequence[str] | None,
    management_group: str | None,
    resource_groups: Sequence[str] | None,
    tags: Sequence[str] | None,
    *,
    live: bool,
) -> Selection | None:
    """What the options leave of a source. A live one holds only the asked subscriptions already."""
    from auditor import api

    return api.select(
        source,
        subscriptions=() if live else subscriptions or (),
        management_group=None if live else management_group,
        resource_groups=resource_groups or (),
        tags=tags or (),
    )
