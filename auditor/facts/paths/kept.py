"""Secrets that hosts keep, and the data stores that these open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.facts.credentials.places import HOLDERS, consumer_of
from auditor.facts.paths.entries import store_node
from auditor.facts.paths.hosts import node_of
from auditor.facts.paths.model import Edge, EdgeKind, Node, NodeKind, Proof
from auditor.facts.paths.targets import STORES
from auditor.facts.registry import Shared
from auditor.inventory.inventory import Inventory

_TAKEN = frozenset({"account key", "SAS", "SAS with a stored policy", "password"})
"""Steps of the ladder at which whoever has the text has the data."""


class Kept:
    """What hosts keep, over one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        """Index the entries of `credentials` by the host that uses them."""
        self._by_host: dict[str, list[Edge]] = {}
        self._opening: dict[str, Edge] = {}
        facts = Shared.of(inventory).values("credentials")
        for kind in sorted(HOLDERS):
            for holder in inventory.of_type(kind):
                said = facts.get(holder.key)
                if not isinstance(said, Mapping):
                    continue
                consumer = consumer_of(holder, inventory)
                source = node_of(consumer)
                for entry in said["entries"]:
                    target = inventory.get(entry["opens_id"]) if entry["opens_id"] else None
                    # A key that the service takes no more opens nothing.
                    if target is None or target.type_key not in STORES or entry["step"] not in _TAKEN:
                        continue
                    if entry["keys_off"] is True:
                        continue
                    secret = Node(f"{holder.key}#{entry['path']}", NodeKind.SECRET, str(entry["setting"]), holder)
                    proof = Proof(holder.id, str(entry["path"]), str(entry["text"]))
                    cut = f"take {entry['setting']} out of {consumer.name}"
                    self._by_host.setdefault(consumer.key, []).append(
                        Edge(source, secret, EdgeKind.MAY, f"reads its setting {secret.name}", (proof,), cut=cut)
                    )
                    does = f"opens {target.name} ({entry['step']})"
                    self._opening[secret.id] = Edge(
                        secret, store_node(target), EdgeKind.OPENS, does, (proof,), cut=cut, needs_network=True
                    )

    def of(self, host: str) -> Iterator[Edge]:
        """Steps from a host to its secrets."""
        yield from self._by_host.get(host, ())

    def opened_by(self, secret: str) -> Iterator[Edge]:
        """Steps from a secret to what it opens."""
        if secret in self._opening:
            yield self._opening[secret]

    def has(self, host: str) -> bool:
        """Whether a host keeps one that opens something."""
        return host in self._by_host
