"""What `auditor network exposed` shows: a row a way from the internet to a machine.

JSON, stable in its keys:

    {"schema_version": "1.0", "source": "demo", "summary": {"machines": 4, "ways": 7, "unknown": 0},
     "exposed": [{"machine": "vm-web", "resource": {"id": "/subscriptions/...", "type": "...", "name": "nic-web"},
                  "protocols": "tcp 22", ...}],
     "bastion": [...], "unknown": [{"resource": {...}, "gap": {"scope", "type", "code", "message"}}]}

The entries of `exposed` and `bastion` also have every field of a path of the fact `internet_exposure`
(`auditor.facts.network.exposure`): protocol, ports, way, address, who gets through, rule, text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.facts.network.exposure import shown_ports
from auditor.facts.network.interfaces import owners
from auditor.facts.registry import FactStore
from auditor.inventory.model import Gap, Unread
from auditor.pictures.exposure import exposure_picture, together
from auditor.pictures.part import part_of
from auditor.report.answers import document, not_known, resource_json, told, unknown_json
from auditor.report.mermaid import render_mermaid
from auditor.report.text import count

if TYPE_CHECKING:
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.model import Json, Resource

_BROAD = 1000
"""From so many ports on a range is told by its size and not by the services in it."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One way to a machine."""

    resource: Resource
    machine: str
    protocols: str
    path: Mapping[str, Json]

    @property
    def order(self) -> tuple[Any, ...]:
        """The worst first: everyone before some, many ports, then services that are no web pages, then others."""
        path = self.path
        broad = path["last_port"] - path["first_port"] >= _BROAD
        rank = 0 if broad else 1 if set(path["kinds"]) - {"web", "web-tls"} else 2
        return (not path["wide"], rank, -path["addresses"], path["first_port"], self.machine, path["text"])


@dataclass(frozen=True, slots=True)
class _Found:
    exposed: list[_Row]
    bastion: list[_Row]
    unknown: list[tuple[Resource, Gap]]

    @property
    def machines(self) -> int:
        return len({row.resource.key for row in self.exposed})


def render(
    inventory: Inventory,
    facts: FactStore,
    output_format: str,
    *,
    source: str,
    width: int,
    chosen: Callable[[Resource], bool] | None = None,
) -> str:
    """The exposure of an inventory as `table`, `json` or `mermaid`; `facts` are those of its inventory.

    With `chosen` the machines for which it holds.
    """
    if output_format == "mermaid":
        return render_mermaid(part_of(exposure_picture(inventory, facts), inventory, chosen))
    found = _collect(inventory, facts, chosen)
    return _as_json(source, found) if output_format == "json" else _as_table(found, width)


def _collect(inventory: Inventory, facts: FactStore, chosen: Callable[[Resource], bool] | None) -> _Found:
    found = _Found([], [], [])
    for owner in owners(inventory):
        if chosen and not chosen(owner):
            continue
        fact = facts.get("internet_exposure", owner)
        if isinstance(fact, Unread):
            found.unknown.append((owner, fact.gap))
            continue
        if fact is None:
            continue
        paths = fact["paths"]
        found.unknown.extend((owner, path.gap) for path in paths if isinstance(path, Unread))
        known = [path for path in paths if isinstance(path, Mapping)]
        for path, protocols in together(known):
            row = _Row(owner, fact["machine"] or owner.name, protocols, path)
            (found.bastion if path["via"] == "bastion" else found.exposed).append(row)
    found.exposed.sort(key=lambda row: row.order)
    return found


def _as_table(found: _Found, width: int) -> str:
    lines = list(_table(found.exposed, width)) if found.exposed else ["The internet reaches no machine."]
    lines += ["", *_summary(found, width)]
    return told(lines)


def _table(rows: Sequence[_Row], width: int) -> Iterator[str]:
    first = min(max(len("PORT"), *(len(row.protocols) for row in rows)), 18)
    second = min(max(len("MACHINE"), *(len(row.machine) for row in rows)), max(12, width // 5))
    left = first + second + 4
    yield f"{'PORT':<{first}}  {'MACHINE':<{second}}  PATH"
    for row in rows:
        columns = (
            textwrap.wrap(row.protocols, first),
            textwrap.wrap(row.machine, second),
            list(_path_lines(row, max(width - left, 20))),
        )
        for number in range(max(map(len, columns))):
            cells = [column[number] if number < len(column) else "" for column in columns]
            yield f"{cells[0]:<{first}}  {cells[1]:<{second}}  {cells[2]}".rstrip()


def _path_lines(row: _Row, width: int) -> Iterator[str]:
    way, _, rule = row.path["text"].partition(", allowed by ")
    ports = shown_ports(row.path["protocol"], row.path["first_port"], row.path["last_port"])
    way = way.removesuffix(f" {ports}")  # they have a column of their own
    yield from textwrap.wrap(way, width, subsequent_indent="  ", break_on_hyphens=False)
    for text in (f"allowed by {rule}", *_remarks(row.path)):
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _remarks(path: Mapping[str, Json]) -> Iterator[str]:
    """What a reader should know besides."""
    if path["services"] and path["last_port"] - path["first_port"] < _BROAD:
        yield f"usual for {', '.join(path['services'])}"
    if path["just_in_time"] is True:
        yield "under just-in-time access: open only while a request is in force"
    if path["waf"] is False:
        yield "no web application firewall looks at the requests"
    if path["asymmetric_return"]:
        yield f"answers take another way: {path['asymmetric_return']}"


def _summary(found: _Found, width: int) -> Iterator[str]:
    ways = len(found.exposed)
    if ways:
        text = f"{count(found.machines, 'machine')} reached from the internet, by {count(ways, 'way')}."
        yield from textwrap.wrap(text, width)
    if found.bastion:
        machines = len({row.resource.key for row in found.bastion})
        text = f"Azure Bastion leads its operators to {count(machines, 'machine')}: --format json lists them."
        yield from textwrap.wrap(text, width)
    yield from not_known(found.unknown, width)


def _as_json(source: str, found: _Found) -> str:
    content = {
        "schema_version": "1.0",
        "source": source,
        "summary": {"machines": found.machines, "ways": len(found.exposed), "unknown": len(found.unknown)},
        "exposed": [_entry(row) for row in found.exposed],
        "bastion": [_entry(row) for row in found.bastion],
        "unknown": unknown_json(found.unknown),
    }
    return document(content, _unread)


def _entry(row: _Row) -> dict[str, Json]:
    head = {"machine": row.machine, "resource": resource_json(row.resource), "protocols": row.protocols}
    return {**head, **row.path}


def _unread(value: object) -> Json:
    """A part of a path that was not read is null."""
    if isinstance(value, Unread):
        return None
    raise TypeError(type(value).__name__)
