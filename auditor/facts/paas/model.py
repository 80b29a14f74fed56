"""The words that the table of services is written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from auditor.facts.network.addresses import Interval
from auditor.inventory.model import Unread

if TYPE_CHECKING:
    from auditor.facts.paas.subject import Subject


class Exposure(StrEnum):
    """How far a service's public endpoint is open."""

    ALL = "all-networks"
    SELECTED = "selected-networks"
    PRIVATE = "private-only"


class Filter(StrEnum):
    """What an open public endpoint lets in."""

    NONE = "everything: the service has no network rules"
    DEFAULT_ACTION = "what the default action says of everything that is not listed"
    EMPTY_OPENS = "everything while no rule is listed, then only what is listed"
    LISTED_ONLY = "only what is listed"


ANY = "*"
"""In `Switch.closed`: that the property is set at all."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A property that can shut the public endpoint as a whole."""

    path: str = "properties.publicNetworkAccess"
    closed: tuple[str, ...] = ("Disabled",)
    """Values that shut it."""
    default: str = "Enabled"
    """What the service does where the property is missing or empty."""
    default_with_endpoint: str = ""
    """What it does then as soon as a private endpoint is approved; "" where that changes nothing."""
    beside: tuple[str, ...] = ()
    """Where the same switch stands a second time: child, its name, and the path in its body."""


@dataclass(frozen=True, slots=True)
class Action:
    """What happens to traffic that no rule names."""

    path: str = "properties.networkAcls.defaultAction"
    default: str = "Allow"
    """Where the property is missing."""
    needs_rules: bool = False
    """Whether `Deny` is enforced only once there is at least one rule."""


@dataclass(frozen=True, slots=True)
class RangeList:
    """Addresses in a list of the body."""

    path: str
    key: str = ""
    """Property of each entry that holds the range; "" where the entries are texts."""
    action: str = ""
    """Property that says whether an entry allows; those that do not are left out."""
    name: str = "name"
    zero_is_azure: bool = False
    """Whether 0.0.0.0 stands for every address of Azure."""


@dataclass(frozen=True, slots=True)
class RangeChildren:
    """Addresses in child resources, each with a first and a last address."""

    child: str = "firewallRules"
    start: str = "properties.startIpAddress"
    end: str = "properties.endIpAddress"
    zero_is_azure: bool = True
    """Whether the range from 0.0.0.0 to 0.0.0.0 stands for every address of Azure."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """A property that lets trusted Microsoft services past the rules."""

    path: str = "properties.networkAcls.bypass"
    value: str = "AzureServices"
    default: str = "AzureServices"


@dataclass(frozen=True, slots=True)
class Range:
    """A range of addresses, or a service tag, that is let in."""

    text: str
    addresses: int
    """Public IPv4 addresses; 0 for a service tag, whose addresses are not known offline."""
    path: str
    """Property that holds it; with a child's path (`firewallRules/office`), or another resource's id, and a colon
    before it where that is not the service itself."""
    name: str = ""
    intervals: tuple[Interval, ...] = ()
    azure: bool = False
    """Whether it stands for all of Azure."""


@dataclass(frozen=True, slots=True)
class Door:
    """What was found of one service."""

    exposure: Exposure
    why: str
    """What decided it, as a reader says it."""
    decided_by: tuple[str, ...]
    defaulted: bool = False
    """Whether the decisive property is missing."""
    ranges: tuple[Range, ...] = ()
    allowed: tuple[Interval, ...] = ()
    """Every address that is let in, for `selected-networks`."""
    subnets: int | Unread = 0
    """How many subnet rules there are; `Unread` where these were not read and cannot shut what is open."""
    trusted: bool = False
    instances: int = 0
    perimeter: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """How one service says who may reach it."""

    name: str
    type: str
    source: str
    """Documentation of the properties and their defaults."""
    switches: tuple[Switch, ...] = (Switch(),)
    """Any of them shuts the endpoint, unless `either`."""
    either: bool = False
    """Whether there is a door behind each switch, so that all have to be shut."""
    filter: Filter = Filter.NONE
    action: Action | None = None
    holder: str = ""
    """Child whose body holds action, lists and bypass (`networkRuleSets`); "" for the service's own."""
    unruled_tiers: tuple[str, ...] = ()
    """Values of `sku.name` of the tiers that have no network rules, so that none are looked for."""
    lists: tuple[RangeList, ...] = ()
    children: tuple[RangeChildren, ...] = ()
    subnets: str = ""
    """Path of the list of subnet rules."""
    subnet_children: str = ""
    """Child resources that are subnet rules, or, with `subnets`, whose bodies hold them."""
    bypass: Bypass | None = None
    instances: tuple[str, ...] = ()
    """Paths of lists of resources that are let in by their identity."""
    special: Callable[[Service, Subject], Door] | None = None
    """Decides instead of `filter` where the service works like no other."""
    reads: tuple[str, ...] = ()
    """Properties that `special` reads, for the documentation."""
    needs: tuple[str, ...] = ()
    """More types that `special` looks at."""
    documented: bool = True
    """Whether Microsoft's documentation says what a missing property means. Where it does not, the endpoint counts as
    open, which is what the service does with a request that leaves it out."""
    note: str = ""
    """What a reader of the table has to know."""
    key: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.type.lower())

    @property
    def child_types(self) -> frozenset[str]:
        """Type keys of the children that must be read for it."""
        names = [self.holder, self.subnet_children, *(entry.child for entry in self.children)]
        return frozenset(f"{self.key}/{name.lower()}" for name in names if name)
