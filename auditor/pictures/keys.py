"""The picture of customer-managed keys: encrypted resource, its key, the vault that holds it, and what is broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.keys.sets import SET
from auditor.facts.keys.words import kind_of
from auditor.facts.registry import FactStore, family
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_FAMILY = "key_chain"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One chain as nodes and edges."""

    nodes: tuple[Node, ...]
    """The resource first, then what its chain leads through, the vault last."""
    edges: tuple[Edge, ...]
    broken: bool


def key_chains(inventory: Inventory, facts: FactStore, only: frozenset[str] | None = None) -> Picture | None:
    """Who is encrypted with which key in which vault, broken chains first; None where no customer-managed key is used.

    With `only`, keys of resources, the chains of these alone.
    """
    drawn = [chain for chain in _drawn(inventory, facts) if only is None or chain.nodes[0].id in only]
    if not drawn:
        return None
    drawn.sort(key=lambda chain: (not chain.broken, *(node.id for node in chain.nodes[1:]), chain.nodes[0].id))
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    for chain in drawn:
        for node in chain.nodes:
            nodes.setdefault(node.id, node)
        for edge in chain.edges:
            edges.setdefault((edge.source, edge.target), edge)
    return Picture(
        id="key-chains",
        title="Customer-managed keys",
        caption="Which key each resource is encrypted with, as whom it opens the key, and where the key lies; "
        f"{_broken(sum(chain.broken for chain in drawn), len(drawn))} "
        "Resources with keys that Azure manages are left out.",
        nodes=tuple(nodes.values()),
        edges=tuple(edges.values()),
    )


def _broken(broken: int, chains: int) -> str:
    known = f"{broken:,}" if broken else "none"
    return f"{known} of {chains:,} {'chain' if chains == 1 else 'chains'} {'is' if broken < 2 else 'are'} broken."


def _drawn(inventory: Inventory, facts: FactStore) -> Iterator[_Drawn]:
    for type_key in sorted(family(_FAMILY).types):
        for resource in inventory.of_type(type_key):
            fact = facts.get(_FAMILY, resource)
            if fact is None or isinstance(fact, Unread):
                continue
            for chain in fact["chains"]:
                yield _through(inventory, resource, chain) if chain["through"] else _direct(resource, chain)


def _direct(resource: Resource, chain: Mapping[str, Json]) -> _Drawn:
    key_id = str(chain["key_id"]).lower() or f"{chain['host']}/{chain['key'].lower()}"
    holder_id = str(chain["holder_id"]).lower() or chain["host"]
    broken = chain["state"] == "broken"
    node = Node(resource.key, resource.name, "resource", kind_of(resource.type))
    key = Node(key_id, chain["key"], "key", chain["key_state"])
    holder = Node(holder_id, chain["holder"], "key-vault", chain["protection"])
    edge = Edge(resource.key, key_id, _label(chain) or "encrypted with", broken=broken)
    return _Drawn((node, key, holder), (edge, Edge(key_id, holder_id, "lies in")), broken)


def _through(inventory: Inventory, resource: Resource, chain: Mapping[str, Json]) -> _Drawn:
    found = inventory.get(chain["through"])
    broken = chain["state"] == "broken"
    node = Node(resource.key, resource.name, "resource", kind_of(resource.type))
    label = found.name if found else chain["through"].rpartition("/")[2]
    between = Node(chain["through"], label, "resource", kind_of(SET) if found else "not among what was read")
    gone = any(link["link"] == "set_gone" and link["state"] == "broken" for link in chain["links"])
    between = Node(between.id, label, between.kind, "gone") if gone else between
    return _Drawn((node, between), (Edge(resource.key, between.id, "encrypted through", broken=broken),), broken)


def _label(chain: Mapping[str, Json]) -> str:
    """As whom the key is opened, and what is wrong beyond the key itself."""
    opener = f"as {chain['opener']}" if chain["opener"] else ""
    purpose = f"its {chain['purpose']}" if chain["purpose"] else ""
    faults = [link["text"] for link in chain["links"] if link["state"] == "broken" and link["link"] not in _ON_KEY]
    return ", ".join(part for part in (purpose, opener, *faults) if part)


_ON_KEY = frozenset(
    {"key_gone", "key_disabled", "key_expired", "key_not_yet_valid", "key_unsuitable", "version_unusable"}
    | {"vault_gone", "vault_deleted", "hsm_inactive"}
)
"""What the nodes of key and vault say already."""
