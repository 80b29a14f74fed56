"""Bodies as Azure Resource Manager has them, whichever way they came: by a list, a row of Resource Graph, an export."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.inventory import ids
from auditor.inventory.model import Json

_DIRECTORY = "microsoft.graph/"

# Objects whose answer has no `properties`: https://learn.microsoft.com/rest/api/resources/subscriptions/list and
# https://learn.microsoft.com/rest/api/policyinsights/policy-states/summarize-for-subscription
_FLAT = frozenset(
    {ids.type_key(ids.SUBSCRIPTION_TYPE), "microsoft.resources/tenants", "microsoft.policyinsights/policystates"}
)

# Resource Graph's table `dnsresources` has the records of every type in one list, `records`; Azure Resource Manager has
# one name a type (https://learn.microsoft.com/rest/api/dns/privatednszones/record-sets/get), and for public zones the
# same in capitals (https://learn.microsoft.com/rest/api/dns/record-sets/get).
_PRIVATE_RECORDS = {
    "a": "aRecords",
    "aaaa": "aaaaRecords",
    "cname": "cnameRecord",
    "mx": "mxRecords",
    "ptr": "ptrRecords",
    "soa": "soaRecord",
    "srv": "srvRecords",
    "txt": "txtRecords",
}
_PUBLIC_RECORDS = {
    "a": "ARecords",
    "aaaa": "AAAARecords",
    "caa": "caaRecords",
    "cname": "CNAMERecord",
    "ds": "DSRecords",
    "mx": "MXRecords",
    "naptr": "NAPTRRecords",
    "ns": "NSRecords",
    "ptr": "PTRRecords",
    "soa": "SOARecord",
    "srv": "SRVRecords",
    "tlsa": "TLSARecords",
    "txt": "TXTRecords",
}
# What network managers deploy, and what applies to a network, has names in capitals or not; both are asked for in
# https://learn.microsoft.com/azure/virtual-network-manager/query-azure-resource-graph#sample-queries
_MANAGED = (
    "microsoft.network/networkmanagers/",
    "microsoft.network/effectivesecurityadminrules",
    "microsoft.network/effectiveconnectivityconfigurations",
    "microsoft.network/networkgroupmemberships",
)
# `resourceDetails.Source` and `.Id` there, `source` and `id` in
# https://learn.microsoft.com/rest/api/defenderforcloud/assessments/get
_ASSESSMENT = "microsoft.security/assessments"

_RECORDS = {"microsoft.network/privatednszones": _PRIVATE_RECORDS, "microsoft.network/dnszones": _PUBLIC_RECORDS}


def has_properties(type_key: str) -> bool:
    """Whether objects of a type always have `properties`: all of Azure Resource Manager's but a few."""
    return type_key not in _FLAT and not type_key.startswith(_DIRECTORY)


def lacks_properties(type_key: str, body: Mapping[str, Json]) -> bool:
    """Whether a body came without the properties that its type has: left out, null, or no object."""
    return has_properties(type_key) and not isinstance(body.get("properties"), Mapping)


def as_arm(type_key: str, row: Mapping[str, Json]) -> dict[str, Json]:
    """A row of Resource Graph as Azure Resource Manager would have sent it.

    Columns that the resource does not have are left out, DNS records stand under the name of their type, and names
    begin in lower case.
    """
    body = {name: value for name, value in row.items() if value is not None and value != ""}
    zone, _, kind = type_key.rpartition("/")
    name = _RECORDS.get(zone, {}).get(kind)
    properties = body.get("properties")
    if not isinstance(properties, Mapping):
        return body
    if name and isinstance(properties.get("records"), list):
        body["properties"] = _record_set(properties, name)
    elif type_key.startswith(_MANAGED):
        body["properties"] = _camel(properties)
    elif type_key == _ASSESSMENT and "resourceDetails" in properties:
        body["properties"] = {**properties, "resourceDetails": _camel(properties["resourceDetails"])}
    return body


def _camel(value: Json) -> Json:
    """The value with every name beginning in lower case, as ARM has them; one that is there already stays."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    lowered = {name[:1].lower() + name[1:]: _camel(item) for name, item in value.items() if not name[:1].islower()}
    return lowered | {name: _camel(item) for name, item in value.items() if name[:1].islower()}


def _record_set(properties: Mapping[str, Json], name: str) -> dict[str, Json]:
    """Properties of a record set, its `records` under ARM's name; a CNAME and a SOA are one object."""
    kept = {key: value for key, value in properties.items() if key != "records"}
    if any(key.lower() == name.lower() for key in kept):
        return dict(properties)
    records = properties["records"]
    if name.endswith("Record"):
        return kept | ({name: records[0]} if records else {})
    return kept | {name: records}
