"""Where rules apply: the machine's side of a connection, and what tags and groups mean there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from auditor.facts.network.address_set import AddressSet
from auditor.facts.network.addresses import Interval, public_space, subtract
from auditor.facts.network.security_rules import INTERNET, VIRTUAL_NETWORK, Endpoint, SecurityRule


@dataclass(frozen=True, slots=True)
class Local:
    """The machine's side of a connection."""

    address: int
    """On the axis of `auditor.facts.network.addresses`."""
    groups: frozenset[str] = frozenset()
    """Keys of the application security groups it belongs to."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What service tags and application security groups mean at one place."""

    virtual_network: tuple[Interval, ...]
    """The address space of the virtual network and of all it is connected to."""
    members: tuple[tuple[str, tuple[Interval, ...]], ...] = ()
    """Addresses of each application security group, by its key."""

    @property
    def internet(self) -> tuple[Interval, ...]:
        """Public addresses outside the virtual network."""
        return self.public.spans

    @property
    def public(self) -> AddressSet:
        """The public internet: the same addresses, and every service tag."""
        return _public(self.virtual_network)


@lru_cache(maxsize=4096)
def _public(virtual_network: tuple[Interval, ...]) -> AddressSet:
    return AddressSet(subtract(public_space(), virtual_network), other_tags=True)


def matches_local(endpoint: Endpoint, local: Local, surroundings: Surroundings) -> bool:
    """Whether the machine's own address is on this side of a rule."""
    if endpoint.any or endpoint.groups & local.groups:
        return True
    spans = list(endpoint.intervals)
    if VIRTUAL_NETWORK in endpoint.tags:
        spans += surroundings.virtual_network
    if INTERNET in endpoint.tags:
        spans += surroundings.internet
    return any(first <= local.address <= last for first, last in spans)


def relevant(
    rules: Sequence[SecurityRule], local: Local, around: Surroundings, *, inbound: bool
) -> tuple[SecurityRule, ...]:
    """The rules of one direction that concern the machine, in order."""
    return tuple(
        rule
        for rule in rules
        if rule.inbound is inbound and matches_local(rule.destination if inbound else rule.source, local, around)
    )
