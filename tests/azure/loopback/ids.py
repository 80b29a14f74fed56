"""ARM ids taken apart, independently of the program that is tested."""

from __future__ import annotations


def type_of(resource_id: str) -> str:
    """The type that an id names, in its own case: `Microsoft.Network/virtualNetworks/subnets`."""
    parts = resource_id.strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if "providers" in lowered:
        start = len(lowered) - 1 - lowered[::-1].index("providers") + 1
        return "/".join([parts[start], *parts[start + 1 :: 2]])
    if len(parts) == 2 and lowered[0] == "subscriptions":
        return "Microsoft.Resources/subscriptions"
    if len(parts) == 4 and lowered[2] == "resourcegroups":
        return "Microsoft.Resources/subscriptions/resourceGroups"
    return ""


def subscription_of(resource_id: str) -> str:
    """The subscription's GUID in lower case, or ""."""
    parts = resource_id.strip("/").lower().split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "subscriptions" else ""


def group_of(resource_id: str) -> str:
    """The resource group's id in lower case, or ""."""
    parts = resource_id.strip("/").lower().split("/")
    return "/" + "/".join(parts[:4]) if len(parts) >= 4 and parts[2] == "resourcegroups" else ""


def owner_of(resource_id: str) -> str:
    """The resource that an extension belongs to, in lower case; "" where the id is no extension's."""
    lowered = resource_id.rstrip("/").lower()
    head, found, tail = lowered.rpartition("/providers/")
    return head if found and "/providers/" in head and tail else ""


def is_below(resource_id: str, scope: str) -> bool:
    """Whether an id is a scope or something below it; `/` holds everything."""
    lowered, wide = resource_id.rstrip("/").lower(), scope.rstrip("/").lower()
    return lowered == wide or lowered.startswith(wide + "/")
