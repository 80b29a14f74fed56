"""The way of a request, hop by hop: from Front Door, a gateway or API Management to apps and what these connect to.

A fact of every resource from which a way could begin; without paths where none does:

    {"paths": [{"text": "fd-shop -> agw-shop -> app-shop -> sql-shop", "state": "plain",
                "hops": [{"from": "fd-shop", "to": "agw-shop", "host": "shop.example.com", "state": "sound",
                          "path": "/subscriptions/...:properties.forwardingProtocol", "text": "HTTPS"}]}],
     "worst": "plain", "plain": "fd-shop -> agw-shop -> app-shop: from agw-shop to app-shop over HTTP", "unchecked": "",
     "old": "", "decided_by": ["<id>:properties...."]}

Hops are joined by host names. The state of a hop is `plain` (without TLS), `unchecked` (with TLS, any certificate is
taken), `old` (TLS below 1.2 is accepted) or `sound`; of a path, that of its worst hop. `plain`, `unchecked` and `old`
tell of ways of two hops or more, and are unread where a resource on such a way could lead on by what was not read. A
way begins at what no other resource of the inventory leads to. No more than `_MOST` ways are followed from one place,
and none deeper than `_DEEPEST` hops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from auditor.facts.registry import FactFamily
from auditor.facts.transport.connections import CONFIGS, CONTAINER_APPS
from auditor.facts.transport.hops import KINDS, Hop, Hops
from auditor.facts.transport.services import FAMILY as TRANSPORT
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Unread

_DEEPEST = 6
_MOST = 50
_STATES = ("plain", "unchecked", "old", "sound")
"""The worst first."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each resource where ways begin."""
    hops = Hops(inventory)
    onward = {key: tuple(found) for key, found in hops.by_source() if found}
    reached = {hop.target for found in onward.values() for hop in found}
    found: dict[str, Json | Unread] = {}
    for kind in KINDS:
        for resource in inventory.of_type(kind):
            begins = resource.key in onward and resource.key not in reached
            ways = list(islice(_ways(resource.key, onward, ()), _MOST)) if begins else []
            found[resource.key] = _fact(ways, hops.unread)
    return found


def _ways(key: str, onward: Mapping[str, Sequence[Hop]], before: tuple[Hop, ...]) -> Iterator[tuple[Hop, ...]]:
    """Every way from a resource to where nothing more is known; a circle ends where it closes."""
    passed = {hop.source for hop in before} | {key}
    further = [hop for hop in onward.get(key, ()) if hop.target not in passed]
    if not further or len(before) >= _DEEPEST:
        if before:
            yield before
        return
    for hop in further:
        yield from _ways(hop.target, onward, (*before, hop))


def _fact(ways: Sequence[tuple[Hop, ...]], unread: Mapping[str, Gap]) -> Json:
    paths = [_path(way) for way in ways]
    long = [path for path in paths if len(path["hops"]) > 1]
    by_state = {state: [path for path in long if any(h["state"] == state for h in path["hops"])] for state in _STATES}
    behind = {key for way in ways for hop in way for key in (hop.source, hop.target)}
    gap = next((unread[key] for key in sorted(behind) if key in unread), None)
    decided = {hop.path for way in ways for hop in way if hop.path and hop.state != "sound"}
    return {
        "paths": paths,
        "worst": min((path["state"] for path in paths), key=_STATES.index, default="sound"),
        **{state: _told(by_state[state], state) or (Unread(gap) if gap else "") for state in _STATES[:-1]},
        "decided_by": sorted(decided),
    }


def _path(way: Sequence[Hop]) -> dict[str, Json]:
    return {
        "text": " -> ".join([way[0].source_name, *(hop.target_name for hop in way)]),
        "state": min((hop.state for hop in way), key=_STATES.index),
        "hops": [
            {
                "from": hop.source_name,
                "to": hop.target_name,
                "host": hop.host,
                "state": hop.state,
                "path": hop.path,
                "text": hop.text,
            }
            for hop in way
        ],
    }


def _told(paths: Sequence[dict[str, Json]], state: str) -> str:
    """The shortest path with such a hop, with that hop in words."""
    if not paths:
        return ""
    path = min(paths, key=lambda one: (len(one["hops"]), one["text"]))
    hop = next(one for one in path["hops"] if one["state"] == state)
    return f"{path['text']}: from {hop['from']} to {hop['to']} {hop['text']}"


FAMILY = FactFamily(
    name="request_path",
    types=KINDS,
    needs=KINDS
    | TRANSPORT.needs
    | frozenset((*CONFIGS, *CONTAINER_APPS))
    | frozenset(
        (
            "microsoft.cdn/profiles/afdendpoints",
            "microsoft.cdn/profiles/afdendpoints/routes",
            "microsoft.cdn/profiles/customdomains",
            "microsoft.cdn/profiles/origingroups",
            "microsoft.cdn/profiles/origingroups/origins",
            "microsoft.apimanagement/service/apis",
            "microsoft.apimanagement/service/apis/policies",
            "microsoft.apimanagement/service/apis/operations/policies",
            "microsoft.apimanagement/service/policies",
            "microsoft.apimanagement/service/backends",
        )
    ),
    compute=compute,
    grounds=dict.fromkeys((*_STATES[:-1], "worst"), "TLS 1.2 or newer with a certificate that is checked"),
)
