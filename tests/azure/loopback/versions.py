"""Which API versions each resource type really has.

From the type index of Azure/bicep-types-az of August 2026, with what the installed management clients send
(azure-mgmt-network 33.1, -storage 25.3, -keyvault 14.1).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from tests.azure.loopback.wire import Reply, error_reply

_SHAPE = re.compile(r"20\d\d-\d\d-\d\d(-preview|-alpha|-beta|-privatepreview)?", re.IGNORECASE)

# Types that cannot be deployed and are therefore not in the index; from their reference pages at
# https://learn.microsoft.com/rest/api/
_READ_ONLY = {
    "microsoft.resources/subscriptions": "2014-04-01 2015-11-01 2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 "
    "2021-01-01 2022-12-01",
    # https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/list-deleted
    "microsoft.keyvault/deletedvaults": "2023-07-01 2024-11-01 2025-05-01 2026-02-01 2026-05-15",
    "microsoft.keyvault/deletedmanagedhsms": "2023-07-01 2024-11-01 2025-05-01 2026-02-01 2026-05-15",
    # https://learn.microsoft.com/rest/api/subscription/subscription-policy/get-policy-for-tenant
    "microsoft.subscription/policies": "2021-10-01",
    "microsoft.resources/tenants": "2016-06-01 2018-06-01 2019-06-01 2019-11-01 2020-01-01 2021-01-01 2022-12-01",
    "microsoft.resources/subscriptions/resourcegroups": "2018-05-01 2019-05-01 2019-10-01 2020-06-01 2020-10-01 "
    "2021-01-01 2021-04-01 2022-09-01 2023-07-01 2024-03-01 2024-07-01 2024-11-01 2025-03-01 2025-04-01",
    "microsoft.resources/resources": "2018-05-01 2019-05-01 2019-10-01 2020-06-01 2020-10-01 2021-01-01 2021-04-01 "
    "2022-09-01 2023-07-01 2024-03-01 2024-07-01 2024-11-01 2025-03-01 2025-04-01",
    "microsoft.resources/providers": "2018-05-01 2019-10-01 2020-06-01 2020-10-01 2021-01-01 2021-04-01 2022-09-01 "
    "2024-03-01 2025-04-01",
    "microsoft.management/managementgroups": "2018-03-01-preview 2019-11-01 2020-02-01 2020-05-01 2020-10-01 "
    "2021-04-01 2023-04-01",
    "microsoft.management/managementgroups/descendants": "2018-03-01-preview 2019-11-01 2020-02-01 2020-05-01 "
    "2020-10-01 2021-04-01 2023-04-01",
    "microsoft.authorization/permissions": "2015-07-01 2018-01-01-preview 2022-04-01",
    "microsoft.authorization/roledefinitions": "2015-07-01 2018-01-01-preview 2022-04-01 2022-05-01-preview",
    "microsoft.authorization/denyassignments": "2018-07-01-preview 2022-04-01 2024-07-01-preview",
    "microsoft.authorization/roleassignmentscheduleinstances": "2020-10-01 2020-10-01-preview",
    "microsoft.authorization/roleeligibilityscheduleinstances": "2020-10-01 2020-10-01-preview",
    "microsoft.authorization/roleassignmentschedules": "2020-10-01 2020-10-01-preview",
    "microsoft.authorization/roleeligibilityschedules": "2020-10-01 2020-10-01-preview",
    "microsoft.policyinsights/policystates": "2018-04-04 2018-07-01-preview 2019-10-01 2022-04-01 2024-10-01",
    "microsoft.resourcegraph/resources": "2018-09-01-preview 2019-04-01 2020-04-01-preview 2021-03-01 "
    "2021-06-01-preview 2022-10-01 2024-04-01",
    "microsoft.security/assessments": "2019-01-01-preview 2020-01-01 2021-06-01 2025-05-04",
    "microsoft.security/jitnetworkaccesspolicies": "2015-06-01-preview 2020-01-01",
    # The index has the preview only; the stable one is what clients send: https://learn.microsoft.com/rest/api/dns/
    "microsoft.network/dnszones": "2018-05-01 2023-07-01-preview",
    "microsoft.network/dnszones/cname": "2018-05-01 2023-07-01-preview",
    "microsoft.security/securescores": "2020-01-01 2020-01-01-preview",
}


@cache
def _table() -> dict[str, tuple[str, ...]]:
    raw = json.loads(Path(__file__).with_name("api_versions.json").read_text("utf-8"))
    found: dict[str, set[str]] = {}
    for namespace, groups in raw.items():
        for versions, names in groups.items():
            for name in names:  # the index spells some namespaces in two ways, with versions below each
                found.setdefault(f"{namespace}/{name}".lower(), set()).update(versions.split())
    table = {name: tuple(sorted(versions)) for name, versions in found.items()}
    return table | {name: tuple(versions.split()) for name, versions in _READ_ONLY.items()}


@cache
def _namespaces() -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for name, versions in _table().items():
        found.setdefault(name.partition("/")[0], set()).update(versions)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}


def versions_of(resource_type: str) -> tuple[str, ...]:
    """All versions of a type; those of its nearest ancestor that the table knows, () where it knows none.

    What is under a type (`config/web`, `blobServices/default`) shares its versions where it is not listed itself.
    """
    name = resource_type.lower()
    while "/" in name:
        if found := _table().get(name):
            return found
        name = name.rpartition("/")[0]
    return ()


@cache
def is_known(resource_type: str) -> bool:
    """Whether the top-level type is one that the table knows."""
    return "/".join(resource_type.lower().split("/")[:2]) in {"/".join(name.split("/")[:2]) for name in _table()}


def refusal(resource_type: str, version: str | None, *, given: frozenset[str]) -> Reply | None:
    """Why a request is refused for its version, in Azure Resource Manager's words; None where it is right.

    `given` are types of which the test gave bodies: of those that the table does not know, any version is taken.
    """
    if version is None:
        words = "The api-version query parameter (?api-version=) is required for all requests."
        return error_reply(400, "MissingApiVersionParameter", words)
    namespace, _, name = resource_type.partition("/")
    supported = versions_of(resource_type)
    if version.lower() in supported or (not supported and resource_type.lower() in given and _SHAPE.fullmatch(version)):
        return None
    if namespace.lower() not in _namespaces() and resource_type.lower() not in given:
        return error_reply(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")
    if not is_known(resource_type) and resource_type.lower() not in given:
        words = (
            f"The resource type '{name}' could not be found in the namespace '{namespace}' for api version '{version}'."
            f" The supported api-versions are '{','.join(_namespaces()[namespace.lower()])}'."
        )
        return error_reply(404, "InvalidResourceType", words)
    return _unsupported(namespace, name, version, supported)


def _unsupported(namespace: str, name: str, version: str, supported: tuple[str, ...]) -> Reply:
    listed = ",".join(reversed(supported))
    if namespace.lower() == "microsoft.resources" or not _SHAPE.fullmatch(version):
        words = f"The api-version '{version}' is invalid. The supported versions are '{listed}'."
        return error_reply(400, "InvalidApiVersionParameter", words)
    words = (
        f"No registered resource provider found for location 'westeurope' and API version '{version}' for type "
        f"'{name}'. The supported api-versions are '{listed}'. The supported locations are 'westeurope,northeurope'."
    )
    return error_reply(400, "NoRegisteredProviderFound", words)
