"""Whether traffic gets through from one place of the network to another, by which ways, and which rule decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.facts.network.addresses import Interval, parse_prefix, public_space
from auditor.facts.network.bodies import name_of
from auditor.facts.network.interfaces import NIC, SCALE_SET
from auditor.facts.network.stages import ALLOWED, DENIED, UNKNOWN
from auditor.facts.network.topology import Topology
from auditor.facts.network.trace import Place, Tracer, Way
from auditor.facts.readable import readable
from auditor.inventory import ids

if TYPE_CHECKING:
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.model import Resource


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked."""

    origin: str
    """`internet`, an address, or a name or id."""
    target: str
    protocol: str
    port: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    question: Question
    ways: tuple[Way, ...]

    @property
    def verdict(self) -> str:
        """That of the best way."""
        verdicts = [way.verdict for way in self.ways]
        return next((verdict for verdict in (ALLOWED, UNKNOWN) if verdict in verdicts), DENIED)

    @property
    def deciding(self) -> Way:
        """The way that has the answer's verdict; of several that are denied the one that got furthest."""
        return max(self.ways, key=lambda way: (way.verdict == self.verdict, len(way.stages)))

    @property
    def reason(self) -> str:
        """What decided, in one line."""
        stages = self.deciding.stages
        stage = next((stage for stage in reversed(stages) if stage.verdict == self.verdict), stages[-1])
        if self.verdict == ALLOWED:
            rules = [s.text for s in stages if s.kind in _FILTERS and s.name]
            return f"allowed by {' and '.join(rules)}" if rules else "no rule is against it"
        return f"{_FILTERS[stage.kind]}: {stage.text}" if stage.kind in _FILTERS else stage.text


_FILTERS = {
    "security-admin": "security admin rules",
    "admission": "what is in between",
    "subnet": "the subnet's security group",
    "interface": "the interface's security group",
}


def answer(inventory: Inventory, question: Question) -> Answer:
    """The answer. Raises UsageError for a name that does not exist, or that several resources have."""
    known, bare = readable(inventory)
    topology = Topology.of(known)
    places = _Places(topology, bare)
    tracer = Tracer(topology)
    ways: list[Way] = []
    outside = _outside(question.origin)
    for target in places.named("--to", question.target):
        if outside is not None or question.origin.lower() == "internet":
            ways += tracer.from_internet(target, question.protocol, question.port, outside)
            continue
        sources = places.named("--from", question.origin)
        for source in sources:
            if isinstance(source, Place) and source.configuration.family == target.configuration.family:
                ways += tracer.from_place(source, target, question.protocol, question.port)
        if not sources and (address := parse_prefix(question.origin)):
            ways += tracer.from_inside(address, target, question.protocol, question.port)
    if not ways:
        raise UsageError(
            "the two have no IP version in common",
            subject=question.origin,
            remedy="Name an address of the same version.",
        )
    return Answer(question, tuple(ways))


def _outside(text: str) -> Interval | None:
    """A single public address; None for anything else."""
    found = parse_prefix(text)
    if found is None:
        return None
    if found[0] != found[1]:
        raise UsageError("is more than one address", subject=text, remedy="Name one address, or internet.")
    return found if any(first <= found[0] <= last for first, last in public_space()) else None


class _Places:
    """IP configurations by what people call them."""

    def __init__(self, topology: Topology, bare: Iterable[Resource]) -> None:
        self._topology = topology
        self._bare = {text for r in bare if r.type_key in (NIC, SCALE_SET) for text in (r.key, r.name.lower())}
        self._by_key: dict[str, list[Place]] = {}
        for owner, found in topology.interfaces.items():
            for interface in found:
                places = [Place(interface, configuration) for configuration in interface.configurations]
                for key in {owner, interface.machine} - {""}:
                    self._by_key.setdefault(key, []).extend(places)
        self._by_name: dict[str, list[str]] = {}
        for key in self._by_key:
            self._by_name.setdefault(name_of(key), []).append(key)

    def named(self, option: str, text: str) -> list[Place]:
        """The places of a name, id or address; for an address that nobody has none."""
        if (address := parse_prefix(text)) is not None:
            return self._at(option, text, address)
        if text.startswith("/"):
            found = self._by_key.get(ids.id_key(text))
            if found:
                return found
            self._refuse_bare(option, text, ids.id_key(text))
            raise UsageError(f"{option}: no interface, machine or scale set has this id", subject=text, remedy=_FIND)
        keys = self._by_name.get(text.lower(), [])
        self._refuse_bare(option, text, text.lower())
        if len(keys) == 1:
            return self._by_key[keys[0]]
        if keys:
            listed = "\n  ".join(sorted(keys))
            raise UsageError(
                f"{option}: several resources have this name", subject=text, remedy=f"Give one id:\n  {listed}"
            )
        words = [*sorted(self._by_name), *(["internet"] if option == "--from" else [])]
        near = get_close_matches(text.lower(), words, 3, 0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        said = f"{option}: no network interface, machine or scale set has this name"
        raise UsageError(said, subject=text, remedy=f"{hint}{_FIND}")

    def _refuse_bare(self, option: str, text: str, name: str) -> None:
        if name in self._bare:
            remedy = "Collect it again, or export with `az graph query` or `az rest`."
            raise UsageError(f"{option}: the properties of this resource were not read", subject=text, remedy=remedy)

    def _at(self, option: str, text: str, address: Interval) -> list[Place]:
        found = [Place(*pair) for pair in self._topology.at_address.get(address[0], ())]
        networks = {place.configuration.network for place in found}
        if len(networks) > 1:
            names = ", ".join(sorted(place.interface.name for place in found))
            raise UsageError(
                f"{option}: several interfaces have this address", subject=text, remedy=f"Name one of them: {names}."
            )
        if not found and option == "--to":
            raise UsageError(f"{option}: no interface has this address", subject=text, remedy=_FIND)
        return found


_FIND = "Names are those of network interfaces, virtual machines and scale sets."
