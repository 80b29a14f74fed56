"""Bodies are Azure Resource Manager's, whichever way they came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.snapshot.bodies import as_arm, lacks_properties
from auditor.snapshot.opening import open_source

ZONE = "Microsoft.Network/privateDnsZones"
PUBLIC = "Microsoft.Network/dnsZones"

# One record set a type: Resource Graph's list, and what ARM has instead
# (https://learn.microsoft.com/rest/api/dns/privatednszones/record-sets/get and .../dns/record-sets/get).
RECORDS = [
    (f"{ZONE}/A", [{"ipv4Address": "10.0.0.4"}], {"aRecords": [{"ipv4Address": "10.0.0.4"}]}),
    (f"{ZONE}/AAAA", [{"ipv6Address": "fd00::4"}], {"aaaaRecords": [{"ipv6Address": "fd00::4"}]}),
    (f"{ZONE}/CNAME", [{"cname": "x.example"}], {"cnameRecord": {"cname": "x.example"}}),
    (f"{ZONE}/MX", [{"exchange": "m", "preference": 1}], {"mxRecords": [{"exchange": "m", "preference": 1}]}),
    (f"{ZONE}/PTR", [{"ptrdname": "x"}], {"ptrRecords": [{"ptrdname": "x"}]}),
    (f"{ZONE}/SOA", [{"host": "azureprivatedns.net"}], {"soaRecord": {"host": "azureprivatedns.net"}}),
    (f"{ZONE}/SRV", [{"port": 443, "target": "x"}], {"srvRecords": [{"port": 443, "target": "x"}]}),
    (f"{ZONE}/TXT", [{"value": ["a", "b"]}], {"txtRecords": [{"value": ["a", "b"]}]}),
    (f"{ZONE}/A", [], {"aRecords": []}),
    (f"{ZONE}/CNAME", [], {}),
    (f"{PUBLIC}/A", [{"ipv4Address": "20.0.0.4"}], {"ARecords": [{"ipv4Address": "20.0.0.4"}]}),
    (f"{PUBLIC}/CNAME", [{"cname": "x.example"}], {"CNAMERecord": {"cname": "x.example"}}),
    (f"{PUBLIC}/NS", [{"nsdname": "ns1"}], {"NSRecords": [{"nsdname": "ns1"}]}),
    ("Microsoft.Contoso/zones/A", [1], {"records": [1]}),
]


@pytest.mark.parametrize(("kind", "records", "wanted"), RECORDS)
def test_records_stand_under_the_name_of_their_type(kind: str, records: list[Any], wanted: dict[str, Any]) -> None:
    row = {"id": "/x", "type": kind.lower(), "kind": "", "properties": {"ttl": 10, "fqdn": "a.b.", "records": records}}
    assert as_arm(kind.lower(), row) == {
        "id": "/x",
        "type": kind.lower(),
        "properties": {"ttl": 10, "fqdn": "a.b.", **wanted},
    }


def test_a_body_of_arm_stays_as_it_is() -> None:
    body = {"id": "/x", "properties": {"aRecords": [{"ipv4Address": "10.0.0.4"}]}}
    assert as_arm(f"{ZONE}/A".lower(), body) == body


def test_an_export_of_records_is_read_as_arms_own(tmp_path: Path) -> None:
    row = {
        "id": f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/{ZONE}/p.example/A/st",
        "type": f"{ZONE}/a".lower(),
        "properties": {"ttl": 10, "records": [{"ipv4Address": "10.0.0.4"}]},
    }
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"data": [row]}))
    [record] = open_source(path).inventory.of_type(f"{ZONE}/A")
    assert record.body["properties"] == {"ttl": 10, "aRecords": [{"ipv4Address": "10.0.0.4"}]}


@pytest.mark.parametrize("properties", [None, "Succeeded", []])
def test_an_export_without_properties_is_unread(tmp_path: Path, properties: Any) -> None:
    body = {"id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Sql/servers/s", "properties": properties}
    path = tmp_path / "servers.json"
    path.write_text(json.dumps([{**body, "type": "Microsoft.Sql/servers"}]))
    [server] = open_source(path).inventory.of_type("Microsoft.Sql/servers")
    assert "properties" in server.unread


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("microsoft.sql/servers", True),
        ("microsoft.resources/subscriptions/resourcegroups", True),
        ("microsoft.resources/subscriptions", False),
        ("microsoft.graph/applications", False),
        ("microsoft.policyinsights/policystates", False),
    ],
)
def test_which_types_have_properties(kind: str, lacks: bool) -> None:
    assert lacks_properties(kind, {"id": "/x"}) is lacks
