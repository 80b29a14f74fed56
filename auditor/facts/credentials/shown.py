"""Secrets that stand where every Reader sees them: in commands, headers, definitions, addresses and tags.

Of a resource, and of a subscription for the tags of all that was read in it:

    {"entries": [{"path": "properties.template.containers[0].command[1]", "kind": "storage-account-key"}],
     "text": "properties.template.containers[0].command[1] (storage-account-key)", "decided_by": [...]}

Places of which other rules tell already (settings, environments, parameters) are left out, and what only may be secret.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from auditor.facts.credentials.places import kept_in
from auditor.facts.credentials.services import CLIENT_SECRET, KEY, PASSWORD, SAS, STEPS
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_SUBSCRIPTION = ids.type_key(ids.SUBSCRIPTION_TYPE)
_CONTAINERS = r"properties\.(configuration\.|template\.\w+\[\d+\]\.env\[)"
_TOLD: Mapping[str, str] = {
    "microsoft.app/containerapps": _CONTAINERS,
    "microsoft.app/jobs": r"properties\.configuration\.secrets",
    "microsoft.containerinstance/containergroups": (
        r"properties\.(imageRegistryCredentials|volumes|\w+\[\d+\]\.properties\.environmentVariables)"
    ),
    "microsoft.logic/workflows": r"properties\.(definition\.)?parameters",
    "microsoft.web/sites/config": r"properties\.(?!appCommandLine)",
    "microsoft.web/sites/slots/config": r"properties\.(?!appCommandLine)",
    # Keys of credentials are never given back, and people write the secret beside them as a name.
    "microsoft.graph/applications": r"(password|key)Credentials\[\d+\]\.(?!displayName)",
    "microsoft.graph/serviceprincipals": r"(password|key)Credentials\[\d+\]\.(?!displayName)",
    # Addresses come back without their query: https://learn.microsoft.com/rest/api/eventgrid
    **dict.fromkeys(
        (f"microsoft.eventgrid/{parent}/eventsubscriptions" for parent in ("topics", "systemtopics", "domains")),
        r"(?!.*deliveryAttributeMappings)",
    ),
    # Written, and never given back.
    "microsoft.network/applicationgateways": r"properties\.(sslCertificates|trusted|authentication)",
}
"""By type: paths of which another rule tells, or that Azure does not show."""
_TYPES = frozenset(
    {
        *_TOLD,
        "microsoft.web/connections",
        "microsoft.batch/batchaccounts/pools",
        "microsoft.app/managedenvironments/daprcomponents",
        "microsoft.compute/virtualmachines",
        "microsoft.resources/templatespecs/versions",
        "microsoft.datafactory/factories",
        "microsoft.datafactory/factories/pipelines",
        "microsoft.datafactory/factories/linkedservices",
        "microsoft.apimanagement/service/backends",
        "microsoft.apimanagement/service/policies",
        "microsoft.apimanagement/service/policyfragments",
        "microsoft.apimanagement/service/apis/policies",
        "microsoft.apimanagement/service/apis/operations/policies",
        "microsoft.apimanagement/service/products/policies",
        "microsoft.network/trafficmanagerprofiles",
        "microsoft.cdn/profiles/rulesets/rules",
        "microsoft.insights/actiongroups",
        "microsoft.insights/activitylogalerts",
        "microsoft.insights/metricalerts",
        "microsoft.insights/scheduledqueryrules",
        "microsoft.insights/autoscalesettings",
        "microsoft.insights/webtests",
        "microsoft.containerservice/managedclusters",
        "microsoft.databricks/workspaces",
    }
)
_TELLING = frozenset((KEY, PASSWORD, CLIENT_SECRET, SAS))
_SHOWN = 3


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by resource key."""
    found: dict[str, Json | Unread] = {}
    for kind in sorted(_TYPES):
        told = re.compile(_TOLD.get(kind, "(?!)"), re.IGNORECASE)
        for resource in inventory.of_type(kind):
            gap = resource.unread.get("properties")
            entries = [one for one in _entries(resource) if not told.match(one["path"])]
            found[resource.key] = Unread(gap) if gap else _value(entries)
    tags = _by_tags(inventory)
    for subscription in inventory.of_type(_SUBSCRIPTION):
        found[subscription.key] = _value(tags.get(ids.subscription_of(subscription.id), ()))
    return found


def _entries(resource: Resource) -> Iterator[dict[str, str]]:
    for name, inner in resource.body.items():
        if name != "tags":
            yield from (_entry(one.path, str(one.mark.get("kind"))) for one in kept_in(resource, inner, name))


def _by_tags(inventory: Inventory) -> Mapping[str, list[dict[str, str]]]:
    """Secrets in tags, by the GUID of the subscription."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for resource in inventory:
        tags = resource.body.get("tags")
        subscription = ids.subscription_of(resource.id) if tags else ""
        for one in kept_in(resource, tags, "tags") if subscription else ():
            entry = _entry(f"{one.setting} of {resource.name}", str(one.mark.get("kind")))
            found[subscription].append(entry)
    return found


def _entry(path: str, kind: str) -> dict[str, str]:
    return {"path": path, "kind": kind}


def _value(entries: Iterable[Mapping[str, str]]) -> Json:
    telling = [dict(one) for one in entries if one["kind"] == "private-key" or STEPS.get(one["kind"]) in _TELLING]
    texts = [f"{one['path']} ({one['kind']})" for one in telling]
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return {
        "entries": telling,
        "text": ", ".join(texts[:_SHOWN]) + more,
        "decided_by": [one["path"] for one in telling],
    }


FAMILY = FactFamily(
    name="shown_secrets",
    types=_TYPES | {_SUBSCRIPTION},
    needs=_TYPES,
    compute=compute,
    of_everything=True,  # tags of whatever type
    needs_by_type={kind: frozenset((kind,)) for kind in _TYPES | {_SUBSCRIPTION}},
    grounds={"entries": "no secret"},
)
