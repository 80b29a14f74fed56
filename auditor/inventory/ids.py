"""Azure Resource Manager ids: what they name and what contains them.

Ids compare without case. Sources: "Resource ID format" and "scope" at
https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource#resourceid and
https://learn.microsoft.com/azure/governance/policy/concepts/scope.
"""

from __future__ import annotations

import re

SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"
RESOURCE_GROUP_TYPE = "Microsoft.Resources/subscriptions/resourceGroups"
MANAGEMENT_GROUP_TYPE = "Microsoft.Management/managementGroups"

_PROVIDERS = re.compile("/providers/", re.IGNORECASE | re.ASCII)

_GROUP = re.compile("/subscriptions/[^/]+/resourcegroups/[^/]+")

_TYPE_SYNONYMS = {
    # The REST API names resource groups `Microsoft.Resources/resourceGroups`, Azure Policy and Resource Graph
    # name them with the subscription in between.
    "microsoft.resources/resourcegroups": RESOURCE_GROUP_TYPE.lower(),
}


def id_key(resource_id: str) -> str:
    """The id as a key: lower-cased, without a trailing slash."""
    return resource_id.rstrip("/").lower()


def type_key(resource_type: str) -> str:
    """The type name as a key: lower-cased, synonyms folded into one."""
    lowered = resource_type.lower()
    return _TYPE_SYNONYMS.get(lowered, lowered)


def type_of_id(resource_id: str) -> str:
    """The type an ARM id names, for example `Microsoft.Network/virtualNetworks/subnets`; "" where it names none."""
    segments = resource_id.strip("/").split("/")
    lowered = [segment.lower() for segment in segments]
    if "providers" in lowered:
        last = len(lowered) - 1 - lowered[::-1].index("providers")
        tail = segments[last + 1 :]
        return "/".join([tail[0], *tail[1::2]]) if len(tail) >= 2 else ""
    match lowered:
        case ["subscriptions", _]:
            return SUBSCRIPTION_TYPE
        case ["subscriptions", _, "resourcegroups", _]:
            return RESOURCE_GROUP_TYPE
        case _:
            return ""


def subscription_of(resource_id: str) -> str:
    """The subscription's GUID in lower case; "" for what lies above subscriptions."""
    segments = resource_id.strip("/").split("/", 2)
    return segments[1].lower() if len(segments) >= 2 and segments[0].lower() == "subscriptions" else ""


def resource_group_of(resource_id: str) -> str:
    """The resource group's name as written; "" where the id has none."""
    segments = resource_id.strip("/").split("/", 4)
    if len(segments) >= 4 and segments[0].lower() == "subscriptions" and segments[2].lower() == "resourcegroups":
        return segments[3]
    return ""


def group_key(resource_id: str) -> str:
    """The key of the resource group that holds the object with this id; "" where none does."""
    lowered = resource_id.lower()
    found = _GROUP.match(lowered)
    return found[0] if found else ""


def parent_of(resource_id: str) -> str:
    """What contains the object with this id, one step up; "" above a tenant-level object.

    A child's parent is its resource, an extension resource's parent the resource it extends, a resource's parent its
    resource group, a group's parent its subscription.
    """
    text = resource_id.rstrip("/")
    cut = text.rfind("/", 0, max(text.rfind("/"), 0))
    if cut <= 0:  # "/subscriptions/x", a bare GUID
        return ""
    head = text[:cut]
    namespace = head.rfind("/")
    before = head.rfind("/", 0, max(namespace, 0))
    # What is left ends in "/providers/Microsoft.X": that is part of the object's own name.
    return head[:before] if before >= 0 and head[before + 1 : namespace].lower() == "providers" else head


def below_provider(identifier: str) -> str:
    """What stands behind the last `/providers/` of an id, which may be written in any case; all of it without one.

    `/subscriptions/x/resourceGroups/g/providers/Microsoft.Sql/servers/s` gives `Microsoft.Sql/servers/s`.
    """
    return _PROVIDERS.split(identifier)[-1]
