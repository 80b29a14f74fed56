"""How long the inventory's core takes, for a tenant of a given size.

    python benchmarks/inventory.py [resources]

Prints seconds a step and the peak of memory: redaction, writing pages, opening, references both ways, merge, query.
"""

from __future__ import annotations

import resource as process
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.inventory.coverage import ReadState
from auditor.secrets.redactor import Redactor
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.opening import open_source
from auditor.snapshot.query import query_snapshot
from auditor.snapshot.store import Snapshot

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
PAGE = 1000


def bodies(count: int) -> Iterator[dict[str, Any]]:
    """A mixture: interfaces and networks that refer to each other, accounts, sites; about 1.5 kB each."""
    for n in range(count):
        sub = f"/subscriptions/{n % 50:08d}-1111-1111-1111-111111111111"
        base = f"{sub}/resourceGroups/rg-{n % 400}/providers"
        group = n // 4
        make = (_interface, _network, _account, _site)[n % 4]
        yield make(base, group)


def _interface(base: str, n: int) -> dict[str, Any]:
    own = f"{base}/Microsoft.Network/networkInterfaces/nic{n}"
    network = f"{base}/Microsoft.Network/virtualNetworks/vnet{n}"
    return _body(
        own,
        {
            "ipConfigurations": [
                {
                    "id": f"{own}/ipConfigurations/ip{i}",
                    "name": f"ip{i}",
                    "properties": {
                        "privateIPAddress": "10.0.0.4",
                        "subnet": {"id": f"{network}/subnets/default"},
                        "publicIPAddress": {"id": f"{base}/Microsoft.Network/publicIPAddresses/pip{n}"},
                    },
                }
                for i in range(2)
            ],
            "networkSecurityGroup": {"id": f"{base}/Microsoft.Network/networkSecurityGroups/nsg{n}"},
            "virtualMachine": {"id": f"{base}/Microsoft.Compute/virtualMachines/vm{n}"},
        },
    )


def _network(base: str, n: int) -> dict[str, Any]:
    own = f"{base}/Microsoft.Network/virtualNetworks/vnet{n}"
    subnets = [
        {
            "id": f"{own}/subnets/{name}",
            "name": name,
            "properties": {
                "addressPrefix": "10.0.0.0/24",
                "networkSecurityGroup": {"id": f"{base}/Microsoft.Network/networkSecurityGroups/nsg{n}"},
                "routeTable": {"id": f"{base}/Microsoft.Network/routeTables/rt{n}"},
            },
        }
        for name in ("default", "app", "data")
    ]
    return _body(own, {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets})


def _account(base: str, n: int) -> dict[str, Any]:
    switches = {f"setting{i}": {"enabled": True, "keyType": "Account", "value": "text"} for i in range(8)}
    connections = [
        {
            "id": f"{base}/Microsoft.Storage/storageAccounts/st{n}/privateEndpointConnections/pec",
            "properties": {"privateEndpoint": {"id": f"{base}/Microsoft.Network/privateEndpoints/pe{n}"}},
        }
    ]
    return _body(
        f"{base}/Microsoft.Storage/storageAccounts/st{n}",
        {"minimumTlsVersion": "TLS1_2", "encryption": switches, "privateEndpointConnections": connections},
    )


def _site(base: str, n: int) -> dict[str, Any]:
    identity = f"{base}/Microsoft.ManagedIdentity/userAssignedIdentities/id{n}"
    return _body(
        f"{base}/Microsoft.Web/sites/app{n}",
        {
            "serverFarmId": f"{base}/Microsoft.Web/serverFarms/plan{n}",
            "httpsOnly": True,
            "siteConfig": {"x": "y" * 400},
        },
        identity={"type": "UserAssigned", "userAssignedIdentities": {identity: {"principalId": "0" * 8}}},
    )


def _body(identifier: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    parts = identifier.split("/")
    return {
        "id": identifier,
        "name": parts[-1],
        "type": "/".join(parts[6:8]),
        "location": "westeurope",
        "tags": {"env": "prod", "owner": "team"},
        "properties": {"provisioningState": "Succeeded", **properties},
        **more,
    }


@contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    peak = process.getrusage(process.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<42} {time.perf_counter() - started:7.2f} s   peak {peak:6.0f} MiB")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tenant.db"
        manifest = Manifest(source="live", started_at=NOW, finished_at=None, scopes=("/",))
        redactor = Redactor(b"key")
        sample = list(bodies(min(count, 10_000)))
        with timed(f"redact {len(sample):,} bodies"):
            for body in sample:
                redactor.redact(body["type"].lower(), body)
        with timed(f"write {count:,} bodies in pages"), Snapshot.create(path, manifest) as snapshot:
            page: list[dict[str, Any]] = []
            for body in bodies(count):
                page.append(body)
                if len(page) == PAGE:
                    snapshot.add("/", body["type"], page, cursor="next")
                    page.clear()
            snapshot.add("/", "x/y", page)
            snapshot.close("/", "x/y", ReadState.COMPLETE, as_of=NOW)
            snapshot.finish(NOW)
        print(f"{'size of the file':<42} {path.stat().st_size / 2**20:7.1f} MiB")
        with timed("query: count by type"):
            query_snapshot(path, "SELECT type, count(*) FROM resources GROUP BY type")
        with timed("open, with all indexes"):
            inventory = open_source(path).inventory
        with timed("references both ways"):
            inventory.references_to("/")
        networks = inventory.of_type("Microsoft.Network/virtualNetworks")
        with timed(f"{len(networks):,} questions who refers to a network"):
            for network in networks:
                inventory.referencing(network, "Microsoft.Network/networkInterfaces")
        print(f"{'resources, embedded ones included':<42} {len(inventory):7,}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
