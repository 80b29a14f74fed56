"""The collection table: which types can be read, and what has to be read for a wish list of types."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from auditor.azure.collectors.entry import Entry, How
from auditor.inventory import ids
from auditor.inventory.coverage import embedding_parent

SUBSCRIPTIONS = ids.type_key(ids.SUBSCRIPTION_TYPE)


@cache
def table() -> Mapping[str, Entry]:
    """All entries by type key."""
    from auditor.azure.collectors import foundation, governance, services

    return {entry.key: entry for entry in (*foundation.ENTRIES, *services.ENTRIES, *governance.ENTRIES)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a wish list of types comes to."""

    entries: tuple[Entry, ...]
    """Entries to read, parents before their children."""
    unknown: tuple[str, ...]
    """Type keys that the table does not have, sorted."""


def expand(types: Iterable[str]) -> Wanted:
    """Types with what they imply: a child its parent, an embedded type the one whose bodies hold it."""
    chosen: dict[str, Entry] = {}
    unknown: set[str] = set()
    pending = [ids.type_key(name) for name in sorted(types)]
    while pending:
        key = pending.pop()
        entry = table().get(key)
        if key in chosen or key == SUBSCRIPTIONS:
            continue
        if entry is not None:
            chosen[key] = entry
            pending.extend(_implied(entry))
        elif holder := embedding_parent(key):
            pending.append(holder)
        else:
            unknown.add(key)
    ordered = sorted(chosen.values(), key=lambda entry: (_depth(entry), entry.key))
    return Wanted(tuple(ordered), tuple(sorted(unknown)))


def _implied(entry: Entry) -> list[str]:
    """The parent, where there is only one: an extension is read of those of its parents that are read anyway."""
    return [ids.type_key(entry.parents[0])] if entry.is_child and len(entry.parents) == 1 else []


def _depth(entry: Entry) -> int:
    if not entry.is_child:
        return 0
    above = [table()[key] for parent in entry.parents if (key := ids.type_key(parent)) in table()]
    return 1 + max((_depth(parent) for parent in above), default=0)


@dataclass(frozen=True, slots=True)
class Routes:
    """Which entries are read from where."""

    lists: tuple[Entry, ...]
    """From Azure Resource Manager, parents before their children."""
    queries: tuple[Entry, ...]
    """From Resource Graph."""
    directory: frozenset[str]
    """Type keys from Microsoft Graph."""
    unknown: tuple[str, ...]
    """Type keys that nothing here can read."""


def route(types: Collection[str], source: str) -> Routes:
    """Where to read a wish list of types from; `source` is `auto`, `graph` or `arm`.

    A top-level type that the table does not have is asked of Resource Graph, which knows most of them.
    """
    from auditor.azure.collectors.directory import found_by_roles, is_directory_type
    from auditor.azure.collectors.directory_reads import PREFIX

    wanted = expand([*types, *found_by_roles(types)])
    directory = frozenset(key for key in wanted.unknown if is_directory_type(key))
    others = [key for key in wanted.unknown if not key.startswith(PREFIX)]
    asked = [_unlisted(key) for key in others if _is_top_level(key)]
    queries = [entry for entry in wanted.entries if _is_queried(entry, source)]
    lists = [entry for entry in wanted.entries if not _is_queried(entry, source)]
    readable = directory | {entry.key for entry in asked}
    unknown = [key for key in wanted.unknown if key not in readable]
    return Routes(tuple(lists), (*queries, *asked), directory, tuple(unknown))


def _is_queried(entry: Entry, source: str) -> bool:
    if entry.how is How.QUERY:
        return True
    if not entry.table or source == "arm":
        return False
    return source == "graph" or not entry.is_fresh


def _is_top_level(key: str) -> bool:
    return key.count("/") == 1 and "." in key.partition("/")[0]


def _unlisted(key: str) -> Entry:
    return Entry(key, "", How.QUERY, table="resources")  # nobody has looked at what it can hold
