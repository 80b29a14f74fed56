"""Small tenants with a finding and somebody who depends on what its fix takes away, or nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor import api
from auditor.fixes.model import Plan
from tests.conftest import SUBSCRIPTION, arm_id

KEY = "c2VjcmV0LXBsYW50ZWQtZm9yLXRlc3RzLW9ubHktYW5kLW5vdGhpbmctZWxzZS0wMTIzNDU2Nzg5YWJjZGVmZ2hpag=="
SHORT = "c2VjcmV0LXBsYW50ZWQtZm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc="
NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = f"{NETWORK}/subnets"

Body = dict[str, Any]


def resource(resource_type: str, name: str, properties: Mapping[str, Any] | None = None, **more: Any) -> Body:
    return {
        "id": arm_id(resource_type, name),
        "name": name.rpartition("/")[2],
        "type": resource_type,
        "location": "westeurope",
        "properties": dict(properties or {}),
        **more,
    }


def app(name: str = "app-shop", subnet: str = "", **settings: str) -> list[Body]:
    """An app with settings, in a subnet or in none."""
    own = {"virtualNetworkSubnetId": arm_id(SUBNET, subnet)} if subnet else {}
    site = resource("Microsoft.Web/sites", name, {**own, "defaultHostName": f"{name}.azurewebsites.net"}, kind="app")
    config = resource("Microsoft.Web/sites/config", f"{name}/appsettings", settings)
    return [site, config]


def network(name: str, *subnets: str) -> Body:
    children = [{"id": arm_id(SUBNET, f"{name}/{one}"), "name": one, "properties": {}} for one in subnets]
    return resource(NETWORK, name, {"subnets": children})


def endpoint(name: str, subnet: str, target: Body) -> list[Body]:
    """A private endpoint in a subnet, and the target with its connection to it."""
    made = resource(
        "Microsoft.Network/privateEndpoints",
        name,
        {
            "subnet": {"id": arm_id(SUBNET, subnet)},
            "privateLinkServiceConnections": [
                {
                    "name": name,
                    "properties": {
                        "privateLinkServiceId": target["id"],
                        "groupIds": ["x"],
                        "privateLinkServiceConnectionState": {"status": "Approved"},
                    },
                }
            ],
        },
    )
    connection = {
        "id": f"{target['id']}/privateEndpointConnections/{name}",
        "name": name,
        "properties": {
            "privateEndpoint": {"id": made["id"]},
            "privateLinkServiceConnectionState": {"status": "Approved"},
        },
    }
    return [made, {**target, "properties": {**target["properties"], "privateEndpointConnections": [connection]}}]


def planned(folder: Path, bodies: list[Body], *rules: str, complete: bool = True) -> Plan:
    path = folder / "export.json"
    group = {"id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app", "name": "rg-app"}
    path.write_text(json.dumps([{**group, "type": "Microsoft.Resources/resourceGroups", "properties": {}}, *bodies]))
    source = api.open_source(path, assume_complete=complete)
    return api.plan_fixes(source, api.choose_rules(select=rules))
