"""The command that shuts the public endpoint of a service, by the property that the table names for its type."""

from __future__ import annotations

from auditor.facts.paas.model import ANY, Service, Switch
from auditor.inventory.model import Resource


def mending(service: Service, resource: Resource) -> str:
    """A command for a shell; "" for a service that has no switch which can be set later."""
    set_to = [f"{switch.path}={switch.closed[0]}" for switch in _switches(service)]
    return f"az resource update --ids {resource.id} --set {' '.join(set_to)}" if set_to else ""


def _switches(service: Service) -> tuple[Switch, ...]:
    """All of those that have to be shut together; otherwise the one that is not decided when a service is made."""
    later = [switch for switch in service.switches if ANY not in switch.closed and not _at_creation(switch)]
    return tuple(later) if service.either else tuple(later[:1])


def _at_creation(switch: Switch) -> bool:
    return switch.path in (
        "properties.vnetConfiguration.internal",
        "properties.internalLoadBalancingMode",
        "properties.virtualNetworkType",
    )
