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

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.cli.terminal.messages import plain
from auditor.facts.network.exposure import shown_ports
from auditor.facts.network.interfaces import owners
from auditor.facts.registry import FactStore
from auditor.inventory.model import Gap, Unread
from auditor.pictures.exposure import exposure_picture, together
from auditor.pictures.part import part_of
from auditor.report.mermaid import render_mermaid

if TYPE_CHECKING:
    from auditor.inventory.model import Json, Resource
    from auditor.inventory.selection import Selection
    from auditor.snapshot.source import Source


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
    source: Source, facts: FactStore, output_format: str, *, width: int, selection: Selection | None = None
) -> str:
    """The exposure of a source as `table`, `json` or `mermaid`; `facts` are those of its inventory.

    With a `selection` that part of it.
    """
    if output_format == "mermaid":
        return render_mermaid(part_of(exposure_picture(source.inventory, facts), source.inventory, selection))
    found = _collect(source, facts, selection)
    return _as_json(source, found) if output_format == "json" else _as_table(found, width)


def _collect(source: Source, facts: FactStore, selection: Selection | None) -> _Found:
    found = _Found([], [], [])
    for owner in owners(source.inventory):
        if selection and not selection.holds(owner, source.inventory):
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
    return "\n".join(plain(line) for line in lines).rstrip() + "\n"


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
        text = f"{_count(found.machines, 'machine')} reached from the internet, by {_count(ways, 'way')}."
        yield from textwrap.wrap(text, width)
    if found.bastion:
        machines = len({row.resource.key for row in found.bastion})
        text = f"Azure Bastion leads its operators to {_count(machines, 'machine')}: --format json lists them."
        yield from textwrap.wrap(text, width)
    for resource, gap in found.unknown[:20]:
        text = f"not known: {resource.name}: {gap.type} could not be read ({gap.code})"
        yield from textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    if len(found.unknown) > 20:
        yield f"... and {len(found.unknown) - 20} more that are not known: --format json lists them."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _as_json(source: Source, found: _Found) -> str:
    document = {
        "schema_version": "1.0",
        "source": source.manifest.source,
        "summary": {"machines": found.machines, "ways": len(found.exposed), "unknown": len(found.unknown)},
        "exposed": [_entry(row) for row in found.exposed],
        "bastion": [_entry(row) for row in found.bastion],
        "unknown": [{"resource": _resource(owner), "gap": _gap(gap)} for owner, gap in found.unknown],
    }
    return json.dumps(document, indent=2, default=_unread) + "\n"


def _entry(row: _Row) -> dict[str, Json]:
    head = {"machine": row.machine, "resource": _resource(row.resource), "protocols": row.protocols}
    return {**head, **row.path}


def _resource(resource: Resource) -> dict[str, str]:
    return {"id": resource.id, "type": resource.type, "name": resource.name}


def _gap(gap: Gap) -> dict[str, Json]:
    return {"scope": gap.scope, "type": gap.type, "code": gap.code, "message": gap.message}


def _unread(value: object) -> Json:
    """A part of a path that was not read is null."""
    if isinstance(value, Unread):
        return None
    raise TypeError(type(value).__name__)
