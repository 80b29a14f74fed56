"""The public endpoint of a SQL managed instance, which lies in a virtual network and is filtered there.

https://learn.microsoft.com/azure/azure-sql/managed-instance/public-endpoint-overview
"""

from __future__ import annotations

from auditor.facts.network.addresses import Interval, merge, parse_prefix
from auditor.facts.network.effective import Local, filter_traffic, relevant
from auditor.facts.network.topology import Topology, items
from auditor.facts.paas.decide import opened_by
from auditor.facts.paas.model import Door, Exposure, Range, Service
from auditor.facts.paas.ranges import EVERYTHING, count_public, is_everything, public_part
from auditor.facts.paas.subject import NotReadError, Subject, value_at
from auditor.inventory import ids
from auditor.inventory.model import Gap

_PORT = 3342
_FIRST_USABLE = 4  # Azure keeps the first four addresses of a subnet


def managed_instance(service: Service, subject: Subject) -> Door:
    """Whom the security group of its subnet lets through to the port of the public endpoint."""
    words, paths, _ = opened_by(service, subject)
    subnet = subject.at("properties.subnetId")
    allowed, group = _let_through(ids.id_key(subnet), subject) if isinstance(subnet, str) else (EVERYTHING, "")
    why = f"{words}, and " + (f"{group} filters port {_PORT}" if group else "no security group is known for its subnet")
    if is_everything(allowed):
        return Door(Exposure.ALL, why, (*paths, "properties.subnetId"))
    ranges = (Range(f"what {group} lets through", count_public(allowed), "properties.subnetId"),) if allowed else ()
    return Door(Exposure.SELECTED, why, (*paths, "properties.subnetId"), ranges=ranges, allowed=allowed)


def _let_through(subnet: str, subject: Subject) -> tuple[tuple[Interval, ...], str]:
    topology = Topology(subject.inventory)
    group = topology.subnet_group(subnet)
    rules = topology.rules(group) if isinstance(group, str) else group
    if isinstance(group, Gap) or isinstance(rules, Gap):
        raise NotReadError(group if isinstance(group, Gap) else rules)  # type: ignore[arg-type]
    if rules is None:
        return EVERYTHING, ""
    around = topology.surroundings(subnet)
    local = Local(_address_in(subnet, subject))
    passed = filter_traffic([relevant(rules, local, around, inbound=True)], (), around, inbound=True)
    intervals = [
        interval
        for passage in passed.within(passed.internet)
        if passage.protocol == "tcp" and passage.first_port <= _PORT <= passage.last_port
        for interval in passage.remote.spans
    ]
    return public_part(merge(intervals)), group.rpartition("/")[2]


def _address_in(subnet: str, subject: Subject) -> int:
    """An address that an instance could have: rules name the whole subnet, since the instance's own can change."""
    found = subject.inventory.get(subnet)
    prefix = found and (
        value_at(found, "properties.addressPrefix")
        or next(iter(items(found.body, "properties", "addressPrefixes")), "")
    )
    interval = parse_prefix(prefix) if isinstance(prefix, str) else None
    return interval[0] + _FIRST_USABLE if interval else -1
