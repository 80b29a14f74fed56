"""Services whose network rules say what a caller may do, or stand in two places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.facts.network.addresses import merge
from auditor.facts.network.topology import items, value
from auditor.facts.paas.decide import filtered, opened_by
from auditor.facts.paas.model import Door, Exposure, Filter, RangeList, Service
from auditor.facts.paas.ranges import is_everything, listed
from auditor.facts.paas.subject import Subject

_ACLS = "properties.networkAcls"


def workspace(service: Service, subject: Subject) -> Door:
    """A Machine Learning workspace: network rules with a default action, or the older list of addresses.

    Both lists close the endpoint to everybody else:
    https://learn.microsoft.com/azure/machine-learning/how-to-configure-private-link#enable-public-access-only-from-internet-ip-ranges
    """
    if subject.at(f"{_ACLS}.defaultAction") is not None:
        return filtered(service, subject)
    return filtered(replace(service, filter=Filter.EMPTY_OPENS), subject)


def notification_hubs(service: Service, subject: Subject) -> Door:
    """Notification Hubs: rights of everybody, and of addresses. Without rules everybody has all of them.

    https://learn.microsoft.com/rest/api/notificationhubs/namespaces/get (`networkAcls`)
    """
    words, paths, defaulted = opened_by(service, subject)
    acls = subject.at(_ACLS)
    if acls is None:
        return Door(Exposure.ALL, words, paths, defaulted=defaulted)
    path = f"{_ACLS}.publicNetworkRule.rights"
    if rights := _rights(value(acls, "publicNetworkRule")):
        return Door(Exposure.ALL, f"{path} gives everybody {', '.join(rights)}", (*paths, path))
    rules = [rule for rule in items(acls, "ipRules") if _rights(rule)]
    ranges = tuple(listed(RangeList("ipRules", "ipMask"), {"ipRules": rules}, f"{_ACLS}."))
    allowed = merge(interval for entry in ranges for interval in entry.intervals)
    place = f"{_ACLS}.ipRules"
    if is_everything(allowed):
        return Door(Exposure.ALL, f"{place} let every address in", (*paths, place))
    return Door(Exposure.SELECTED, f"{path} is empty", (path,), ranges=ranges, allowed=allowed)


def _rights(rule: Any) -> list[str]:
    return [str(right) for right in items(rule, "rights")]
