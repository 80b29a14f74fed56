"""Properties as Resource Graph's tables have them, where that is not what Azure Resource Manager answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ZONES = ("microsoft.network/privatednszones/", "microsoft.network/dnszones/")
_NO_RECORDS = frozenset({"virtualnetworklinks"})
_CAPITALS = (
    "microsoft.network/effectivesecurityadminrules",
    "microsoft.network/networkmanagers/securityadminregionalgoalstates",
)


def properties_of(kind: str, properties: Any) -> Any:
    """The column `properties` of a row, made of an ARM body's."""
    if not isinstance(properties, Mapping):
        return properties
    if kind.startswith(_ZONES) and kind.rpartition("/")[2] not in _NO_RECORDS:
        return _record_set(kind, properties)
    if kind.startswith(_CAPITALS):
        # https://learn.microsoft.com/azure/virtual-network-manager/query-azure-resource-graph#sample-queries
        return _capital(properties)
    if kind == "microsoft.security/assessments" and "resourceDetails" in properties:
        # https://learn.microsoft.com/azure/defender-for-cloud/resource-graph-samples
        return {**properties, "resourceDetails": _capital(properties["resourceDetails"])}
    return properties


def _record_set(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """https://learn.microsoft.com/azure/dns/private-dns-arg: names and addresses of records of every type."""
    wanted = {f"{kind.rpartition('/')[2]}record", f"{kind.rpartition('/')[2]}records"}
    row = {name: value for name, value in properties.items() if name.lower() not in wanted}
    found = [value for name, value in properties.items() if name.lower() in wanted]
    records = found[0] if found else []
    return {**row, "records": records if isinstance(records, list) else [records]}


def _capital(value: Any) -> Any:
    if isinstance(value, list):
        return [_capital(item) for item in value]
    if isinstance(value, Mapping):
        return {name[:1].upper() + name[1:]: _capital(item) for name, item in value.items()}
    return value
