"""How fast a whole tenant is collected: 50 subscriptions, 100,000 resources, latency and quotas as Azure has them.

    python -m benchmarks.collection [--subscriptions 50] [--resources 100000] [--faults 0.05] [--no-quotas]

Measured on two shared cores in November 2026, with 60 ms a request and 150 ms a query, ARM's 250 + 25/s a subscription
and Resource Graph's 15 in 5 s enforced:

                 seconds  requests  answered 429     peak memory
    sound            28    13,502   none                  194 MB
    5 % faults       35    14,179   1.2 % (as planned)    191 MB

The loopback Azure runs in a process of its own, so that memory and processor time are the collector's alone.
"""

# ruff: noqa: PLC0415 - each of the two processes imports only its own side

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHARES = {
    # Of a hundred resources of a subscription.
    "Microsoft.Network/networkInterfaces": 20,
    "Microsoft.Network/networkSecurityGroups": 4,
    "Microsoft.Network/virtualNetworks": 2,
    "Microsoft.Network/publicIPAddresses": 3,
    "Microsoft.Network/privateEndpoints": 2,
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": 2,
    "Microsoft.Storage/storageAccounts": 5,
    "Microsoft.Storage/storageAccounts/blobServices": 5,
    "Microsoft.KeyVault/vaults": 2,
    "Microsoft.KeyVault/vaults/keys": 2,
    "Microsoft.ManagedIdentity/userAssignedIdentities": 2,
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": 1,
    "Microsoft.Compute/virtualMachines": 20,
    "Microsoft.Compute/disks": 20,
    "Microsoft.Web/sites": 5,
    "Microsoft.Sql/servers": 5,
}


def guid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def bodies(subscriptions: int, resources: int) -> Iterator[dict[str, Any]]:
    """The tenant: children one below each of the first parents."""
    for number in range(subscriptions):
        for kind, share in SHARES.items():
            for index in range(resources // subscriptions * share // 100):
                yield body(guid(number), kind, index)


def body(subscription: str, kind: str, index: int) -> dict[str, Any]:
    namespace, *segments = kind.split("/")
    last = "default" if segments[-1] == "blobServices" else f"{segments[-1].lower()}-{index}"
    names = [*(f"{segment.lower()}-{index}" for segment in segments[:-1]), last]
    path = "/".join(f"{segment}/{name}" for segment, name in zip(segments, names, strict=True))
    below = f"/subscriptions/{subscription}/resourceGroups/rg-{index % 20}/providers/{namespace}/{path}"
    return {
        "id": below,
        "name": last,
        "type": kind,
        "location": "westeurope",
        "tags": {"environment": "production", "cost-center": str(index % 7)},
        **({"kind": "StorageV2"} if kind == "Microsoft.Storage/storageAccounts" else {}),
        "properties": {
            "provisioningState": "Succeeded",
            "settings": [{"name": f"setting-{n}", "value": n, "enabled": n % 2 == 0} for n in range(8)],
            "subnet": {
                "id": f"/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v"
            },
        },
    }


def serve(options: argparse.Namespace) -> None:
    """The other process: the loopback Azure, until its standard input ends."""
    from tests.azure.loopback.azure import LoopbackAzure
    from tests.azure.loopback.faults import TRANSIENT, Fault
    from tests.azure.loopback.server import serve as run
    from tests.azure.loopback.throttle import Throttle

    azure = LoopbackAzure(
        list(bodies(options.subscriptions, options.resources)),
        arm_latency_s=0.060,
        query_latency_s=0.150,
        throttle=Throttle(enforce_arm=options.quotas, enforce_queries=options.quotas),
    )
    if options.faults:
        azure.plan_faults(
            *(Fault(kind, options.faults / len(TRANSIENT), path="/subscriptions|ResourceGraph") for kind in TRANSIENT)
        )
    with run(azure) as endpoints:
        print(json.dumps({"http": endpoints.http, "identity": endpoints.managed_identity()}), flush=True)
        sys.stdin.read()


@contextmanager
def azure_process(arguments: list[str]) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.collection", "--serve", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


async def measure(base: str, path: Path, source: str) -> dict[str, Any]:
    from auditor.azure.clouds import Cloud
    from auditor.azure.collect import collect
    from auditor.azure.plan import CollectionPlan
    from auditor.azure.progress import Silent
    from auditor.azure.signin import sign_in
    from auditor.snapshot.manifest import Manifest
    from auditor.snapshot.store import Snapshot

    cloud = Cloud("loopback", base, base, "https://management.azure.com/.default", "", "")
    began = time.monotonic()
    with Snapshot.create(path, Manifest("live", datetime.now(UTC), None)) as snapshot:
        async with sign_in(cloud, credential="managed-identity") as session:
            plan = CollectionPlan(frozenset(SHARES), source=source)
            outcome = await collect(session, plan, snapshot, Silent())
        snapshot.finish(datetime.now(UTC), subscriptions=outcome.subscriptions)
        kept = sum(1 for _ in snapshot.resources())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    requests = sum(outcome.requests.values())
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "resources": kept,
        "requests": requests,
        "throttled_share": round(
            sum(n for c, n in outcome.troubles.items() if "hrottled" in c or c == "RateLimiting") / requests, 5
        ),
        "troubles": dict(outcome.troubles),
        "gaps": outcome.gaps,
        "peak_mb": round(usage.ru_maxrss / 1024),
        "file_mb": round(path.stat().st_size / 2**20),
        "by_operation": dict(outcome.requests),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscriptions", type=int, default=50)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail")
    parser.add_argument("--no-quotas", dest="quotas", action="store_false", help="do not enforce Azure's quotas")
    parser.add_argument("--source", choices=("auto", "graph", "arm"), default="auto")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
        return
    with azure_process(sys.argv[1:]) as azure, tempfile.TemporaryDirectory() as folder:
        os.environ.update(azure["identity"])
        result = asyncio.run(measure(azure["http"], Path(folder) / "tenant.db", options.source))
        with urllib.request.urlopen(f"{azure['http']}/_loopback/summary") as response:
            result["served"] = json.load(response)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
