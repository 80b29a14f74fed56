"""What an inventory knows it has read, so that absence can be told from not having looked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from auditor.inventory import ids
from auditor.inventory.model import Gap
from auditor.inventory.standing import StandingChildren

_EMBEDDED = frozenset(
    {
        "microsoft.network/virtualnetworks/subnets",
        "microsoft.network/virtualnetworks/virtualnetworkpeerings",
        "microsoft.network/networksecuritygroups/securityrules",
        "microsoft.network/networksecuritygroups/defaultsecurityrules",
        "microsoft.network/networkinterfaces/ipconfigurations",
        "microsoft.network/routetables/routes",
        "microsoft.network/loadbalancers/frontendipconfigurations",
        "microsoft.network/loadbalancers/backendaddresspools",
        "microsoft.network/loadbalancers/loadbalancingrules",
        "microsoft.network/loadbalancers/inboundnatrules",
        "microsoft.network/loadbalancers/outboundrules",
        "microsoft.network/loadbalancers/probes",
        "microsoft.network/expressroutecircuits/peerings",
    }
)


# Of these services the bodies leave the connections out: they come by a list of their own
# (https://learn.microsoft.com/rest/api/datafactory/private-end-point-connections/list-by-factory and
# https://learn.microsoft.com/rest/api/appservice/web-apps/get-private-endpoint-connection-list).
LISTED_APART = frozenset(
    {
        "microsoft.datafactory/factories/privateendpointconnections",
        "microsoft.web/sites/privateendpointconnections",
    }
)
"""Type keys of connections that must be read apart."""


def embedding_parent(type_key: str) -> str | None:
    """The type whose bodies already hold all objects of `type_key`, or None where they must be read apart.

    A virtual network's body holds its subnets, a security group's its rules, and every service's body its private
    endpoint connections, with the exceptions above
    (https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get and
    https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties).
    """
    if type_key in LISTED_APART:
        return None
    if type_key in _EMBEDDED or type_key.endswith("/privateendpointconnections"):
        return type_key.rpartition("/")[0]
    return None


# Extend any resource, and are read of the types of which that matters: a line of its own for each that was read.
_READ_BY_PARENT = frozenset({"microsoft.insights/diagnosticsettings"})


class ReadState(StrEnum):
    """How the read of one kind in one scope ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    """Pages were read, then the read broke off."""
    DENIED = "denied"
    THROTTLED = "throttled"
    FAILED = "failed"
    """The service answered wrongly or not at all."""
    UNSUPPORTED = "unsupported"
    """The service says that this kind cannot exist here (no such provider, feature or API): an answer, not a gap."""
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the coverage ledger: a kind in a scope."""

    scope: str
    """ARM id of a subscription, management group or resource, or `/` for the tenant."""
    type: str
    """The resource type that was asked for."""
    state: ReadState
    as_of: datetime | None = None
    """How old the data is, in UTC: the time of the read, or Resource Graph's own timestamp."""
    gap: Gap | None = None
    """Why not, for every state but complete and unsupported."""
    own: bool = False
    """Whether it is of the objects directly below `scope` alone, where another line is of all that is below: a
    subscription has diagnostic settings itself, and so have the resources in it."""

    @property
    def settled(self) -> bool:
        """Whether absence of an object of this kind in this scope means that it does not exist."""
        return self.state in (ReadState.COMPLETE, ReadState.UNSUPPORTED)


ELSEWHERE = "/subscriptions/-"
"""A scope that lies in nothing that is known: asks whether there may be more than what was to be read."""


class Coverage(Protocol):
    """Answers whether objects of a type that are not in the inventory are known not to exist."""

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        """Why objects of `type_key` (lower-cased) below `scope` may be missing; None where all were read.

        `scope` is the ARM id of a resource, group or subscription; None asks about everything that was to be read, and
        `ELSEWHERE` about everything else too.
        """


class ClosedWorld:
    """Everything that exists is here: a rule's own examples."""

    def gap(self, type_key: str, scope: str | None) -> Gap | None:  # noqa: ARG002 - the protocol's arguments
        """See `Coverage.gap`: nothing is missing."""
        return None


class ExportCoverage:
    """An export has no ledger: a type of which it holds none counts as not read."""

    def __init__(
        self,
        present: Collection[str],
        source: str,
        gaps: Iterable[Gap] = (),
        *,
        standing: StandingChildren | None = None,
        groups: Collection[str] | None = None,
        assume_complete: bool = False,
    ) -> None:
        """`present` are type keys of which all is there; `gaps` say of others why only a part is.

        `standing` knows which of the children that every parent has are there; `groups` are the keys of the resource
        groups of which something is: an export may be of some groups alone. None where nobody looked. With
        `assume_complete` the user says that what the export lacks does not exist; `gaps` remain.
        """
        self._assume_complete = assume_complete
        self._standing = None if assume_complete else standing
        self._groups = None if assume_complete or groups is None else frozenset(groups)
        self._subscriptions = frozenset(map(ids.subscription_of, self._groups or ()))
        self._present = frozenset(present)
        self._gaps = {ids.type_key(gap.type): gap for gap in gaps}
        self._source = source

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        """See `Coverage.gap`."""
        wanted = embedding_parent(type_key) or type_key
        if type_key in self._present or wanted in self._present:
            return self._not_there(type_key, scope)
        if gap := self._gaps.get(type_key) or self._gaps.get(wanted):
            return gap
        if self._assume_complete:
            return None
        return self._lacking(
            type_key, scope, f"the export holds no {type_key}, so it cannot show whether there are any"
        )

    def _not_there(self, type_key: str, scope: str | None) -> Gap | None:
        """Why an object may be missing though others of its kind are there."""
        if scope is None:
            return None
        if self._standing is not None and self._standing.lack(type_key, scope):
            why = f"the export holds no {type_key} of this resource, which always has one"
            return self._lacking(type_key, scope, why)
        if self._groups is not None and not self._reaches(scope):
            return self._lacking(type_key, scope, "the export holds nothing of this resource group")
        return None

    def _reaches(self, scope: str) -> bool:
        """Whether the export holds anything of the resource group or subscription that a scope lies in."""
        group = ids.group_key(scope)
        if group and self._groups:
            return group in self._groups
        subscription = ids.subscription_of(scope)
        return not subscription or subscription in self._subscriptions

    def _lacking(self, type_key: str, scope: str | None, message: str) -> Gap:
        return Gap(scope or "/", type_key, f"read {self._source}", None, "NotInExport", message)


class Ledger:
    """The coverage ledger of a collection. The entry closest to what is asked about wins."""

    def __init__(self, entries: Iterable[LedgerEntry], *, finished: bool = True) -> None:
        """`finished` is False for a collection that broke off: what has no line was not asked, it is not absent."""
        self.entries = tuple(entries)
        """Every line, in the order of the reads."""
        self._by_type: dict[str, dict[str, LedgerEntry]] = {}
        self._own: dict[tuple[str, str], LedgerEntry] = {}
        for entry in self.entries:
            type_key, place = ids.type_key(entry.type), ids.id_key(entry.scope)
            if entry.own:
                self._own[type_key, place] = entry
            self._by_type.setdefault(type_key, {})
            if not entry.own:
                self._by_type[type_key][place] = entry
        self._finished = finished
        self._wide: dict[str, Gap | None] = {}

    def gap(self, type_key: str, scope: str | None) -> Gap | None:
        """See `Coverage.gap`."""
        by_scope = self._by_type.get(type_key)
        if by_scope is None:
            parent = embedding_parent(type_key)
            return self.gap(parent, scope) if parent else _not_asked(type_key, scope or "/")
        if scope is None:
            if type_key not in self._wide:
                self._wide[type_key] = _first_gap(by_scope) or self._unfinished(type_key, by_scope)
            return self._wide[type_key]
        place = ids.id_key(scope)
        if own := self._own.get((type_key, place)) or self._own.get((type_key, ids.parent_of(place))):
            return None if own.settled else own.gap
        by_parent = type_key in _READ_BY_PARENT and "/providers/" in place
        while place:
            if entry := by_scope.get(place):
                if entry.settled and by_parent and "/providers/" not in place:
                    return _not_asked(type_key, scope)  # of a type whose resources were not asked for theirs
                return None if entry.settled else entry.gap
            place = ids.parent_of(place)
        if entry := by_scope.get(""):  # the tenant, "/"
            return None if entry.settled else entry.gap
        return _not_asked(type_key, scope)

    def _unfinished(self, type_key: str, by_scope: Mapping[str, LedgerEntry]) -> Gap | None:
        whole = by_scope.get("")
        return None if self._finished or (whole and whole.settled) else _not_asked(type_key, "/")


def _first_gap(by_scope: Mapping[str, LedgerEntry]) -> Gap | None:
    for entry in by_scope.values():
        if not entry.settled and entry.gap:
            return entry.gap
    return None


def _not_asked(type_key: str, scope: str) -> Gap:
    return Gap(
        scope=scope,
        type=type_key,
        operation="",
        status=None,
        code="NotAsked",
        message=f"{type_key} was not collected here",
    )
