"""What `auditor keys` shows: customer-managed keys with all that hangs on them, the worst first.

JSON, stable in its keys:

    {"schema_version": "1.0", "source": "demo",
     "summary": {"keys": 4, "chains": 4, "broken": 1, "unknown": 1, "healthy": 2},
     "keys": [{"key": "storage-archive", "holder": "kv-larkspur-cmk", "holder_kind": "vault", "host": "...",
               "key_id": "/subscriptions/...", "holder_id": "/subscriptions/...", "state": "broken",
               "key_state": "expired on 2026-08-01", "protection": "no purge protection", "expires": "2026-08-01",
               "days_left": -93,
               "protects": [{"resource": {"id", "type", "name"}, "purpose": "", "through": "", "opener": "id-cmk",
                             "opener_id": "/subscriptions/...", "version": "", "follows": true, "state": "broken",
                             "links": [{"link": "key_expired", "state": "broken", "text": "the key ... expired"}]}]}],
     "unknown": [{"resource": {...}, "gap": {"scope", "type", "code", "message"}}]}
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.facts.keys.words import kind_of
from auditor.facts.registry import FactStore, family
from auditor.inventory import ids
from auditor.inventory.model import Gap, Json, Resource, Unread
from auditor.pictures.keys import key_chains
from auditor.report.answers import document, not_known, resource_json, told, unknown_json
from auditor.report.mermaid import render_mermaid
from auditor.report.text import count

if TYPE_CHECKING:
    from auditor.inventory.inventory import Inventory

_FAMILY = "key_chain"
_STATES = ("broken", "unknown", "healthy")
_OF_KEY = ("key", "holder", "holder_kind", "host", "key_id", "holder_id", "key_state", "protection")
_OF_USE = ("purpose", "through", "opener", "opener_id", "version", "follows", "state", "links")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which chains to show."""

    broken: bool = False
    used_by: str = ""
    """Name or id of the resource whose keys are asked for; "" for all."""
    chosen: Callable[[Resource], bool] | None = None
    """Which encrypted resources; None for all."""


@dataclass(frozen=True, slots=True)
class _Use:
    """One resource that hangs on a key."""

    resource: Resource
    chain: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Key:
    """One key with everything that hangs on it."""

    uses: tuple[_Use, ...]

    @property
    def state(self) -> str:
        """The worst state of what hangs on it."""
        return next(state for state in _STATES if any(use.chain["state"] == state for use in self.uses))

    @property
    def chain(self) -> Mapping[str, Json]:
        """What the key says of itself: alike in all its chains but for the version that a resource stays on."""
        return min((use.chain for use in self.uses), key=lambda chain: (chain["days_left"] is None, chain["days_left"]))

    @property
    def name(self) -> str:
        """`vault/key`."""
        return f"{self.chain['holder']}/{self.chain['key']}" if self.chain["key"] else "(not known)"


@dataclass(frozen=True, slots=True)
class _Found:
    keys: tuple[_Key, ...]
    unknown: tuple[tuple[Resource, Gap], ...]

    @property
    def uses(self) -> list[_Use]:
        return [use for key in self.keys for use in key.uses]


def render(
    inventory: Inventory, facts: FactStore, output_format: str, wanted: Wanted, *, source: str, width: int
) -> str:
    """The keys of an inventory as `table`, `json` or `mermaid`; `facts` are those of its inventory.

    Raises UsageError where no resource has the name that is asked for.
    """
    found = _collect(inventory, facts, wanted)
    if output_format == "mermaid":
        picture = key_chains(inventory, facts, frozenset(use.resource.key for use in found.uses))
        return render_mermaid(picture) if picture else "flowchart LR\n"
    return _as_json(source, found) if output_format == "json" else _as_table(found, wanted, width)


def _collect(inventory: Inventory, facts: FactStore, wanted: Wanted) -> _Found:
    asked = _asked(inventory, wanted.used_by) if wanted.used_by else None
    by_key: dict[tuple[str, str], list[_Use]] = {}
    unknown: list[tuple[Resource, Gap]] = []
    for type_key in sorted(family(_FAMILY).types):
        for resource in inventory.of_type(type_key):
            if asked is not None and resource.key not in asked:
                continue
            if wanted.chosen is not None and not wanted.chosen(resource):
                continue
            fact = facts.get(_FAMILY, resource)
            if isinstance(fact, Unread):
                unknown.append((resource, fact.gap))
                continue
            for chain in fact["chains"] if fact else ():
                if not wanted.broken or chain["state"] == "broken":
                    key = (chain["host"], chain["key"].lower()) if chain["key"] else ("", chain["through"])
                    by_key.setdefault(key, []).append(_Use(resource, chain))
    keys = [_Key(tuple(sorted(uses, key=_order))) for uses in by_key.values()]
    keys.sort(key=lambda key: (_STATES.index(key.state), key.name))
    return _Found(tuple(keys), () if wanted.broken else tuple(unknown))


def _order(use: _Use) -> tuple[int, str, str]:
    return _STATES.index(use.chain["state"]), use.resource.name, use.resource.key


def _asked(inventory: Inventory, name: str) -> frozenset[str]:
    """Keys of the resources of a name or id, with what belongs to them."""
    wanted = ids.id_key(name)
    if found := inventory.get(wanted):
        return _with_children(inventory, [found])
    described = family(_FAMILY).types
    named = [one for one in inventory if one.name.lower() == wanted]
    if named:
        return _with_children(inventory, named)
    known = sorted({one.name for kind in described for one in inventory.of_type(kind)})
    close = difflib.get_close_matches(name, known, n=3)
    raise UsageError(
        f"no resource is called {name}",
        remedy=f"Did you mean {', '.join(close)}?" if close else "Give the name or the id of an encrypted resource.",
    )


def _with_children(inventory: Inventory, named: Sequence[Resource]) -> frozenset[str]:
    starts = tuple(f"{one.key}/" for one in named)
    below = {one.key for kind in family(_FAMILY).types for one in inventory.of_type(kind) if one.key.startswith(starts)}
    return frozenset({one.key for one in named} | below)


def _as_table(found: _Found, wanted: Wanted, width: int) -> str:
    lines = list(_table(found.keys, width)) if found.keys else [_nothing(wanted)]
    lines += ["", *_summary(found, width)] if found.keys or found.unknown else []
    return told(lines)


def _nothing(wanted: Wanted) -> str:
    if wanted.used_by:
        return f"{wanted.used_by} hangs on no {'broken ' if wanted.broken else ''}customer-managed key."
    return "No chain is broken." if wanted.broken else "Nothing is encrypted with a customer-managed key."


def _table(keys: Sequence[_Key], width: int) -> Iterator[str]:
    name = min(max(len("KEY"), *(len(key.name) for key in keys)), max(16, width // 3))
    left = 7 + 2 + name + 2 + 5 + 2
    yield f"{'STATE':<7}  {'KEY':<{name}}  {'DAYS':>5}  PROTECTS"
    for key in keys:
        days = "" if key.chain["days_left"] is None else str(key.chain["days_left"])
        columns = (textwrap.wrap(key.name, name), list(_protected(key, max(width - left, 24))))
        for number in range(max(map(len, columns))):
            cells = [column[number] if number < len(column) else "" for column in columns]
            head = (key.state, days) if number == 0 else ("", "")
            yield f"{head[0]:<7}  {cells[0]:<{name}}  {head[1]:>5}  {cells[1]}".rstrip()


def _protected(key: _Key, width: int) -> Iterator[str]:
    """Everything that hangs on a key, each with its opener; then what is wrong, each thing once."""
    for use in key.uses:
        words = f"{use.resource.name} ({kind_of(use.resource.type)})"
        words += f", its {use.chain['purpose']}" if use.chain["purpose"] and not use.chain["through"] else ""
        words += f", through {use.chain['through'].rpartition('/')[2]}" if use.chain["through"] else ""
        words += f", opened as {use.chain['opener']}" if use.chain["opener"] and not use.chain["through"] else ""
        yield from textwrap.wrap(words, width, subsequent_indent="  ", break_on_hyphens=False)
    seen: dict[str, None] = {}
    for use in key.uses:
        for link in use.chain["links"]:
            if not (use.chain["through"] and link["link"] == "set_broken"):
                seen.setdefault(f"{link['state']}: {link['text']}")
    for text in seen:
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _summary(found: _Found, width: int) -> Iterator[str]:
    if found.uses:
        counts = _counts(found)
        told = ", ".join(f"{counts[state]:,} {state}" for state in _STATES if counts[state])
        keys, uses = count(len(found.keys), "key"), count(len(found.uses), "chain")
        yield from textwrap.wrap(f"{keys}, {uses}: {told}. Resources with keys that Azure manages are left out.", width)
    yield from not_known(found.unknown, width)


def _counts(found: _Found) -> Mapping[str, int]:
    return {state: sum(use.chain["state"] == state for use in found.uses) for state in _STATES}


def _as_json(source: str, found: _Found) -> str:
    content = {
        "schema_version": "1.0",
        "source": source,
        "summary": {"keys": len(found.keys), "chains": len(found.uses), **_counts(found)},
        "keys": [_entry(key) for key in found.keys],
        "unknown": unknown_json(found.unknown),
    }
    return document(content)


def _entry(key: _Key) -> Mapping[str, Json]:
    return {
        **{name: key.chain[name] for name in _OF_KEY},
        "state": key.state,
        "expires": key.chain["expires"],
        "days_left": key.chain["days_left"],
        "protects": [
            {"resource": resource_json(use.resource), **{name: use.chain[name] for name in _OF_USE}} for use in key.uses
        ],
    }
