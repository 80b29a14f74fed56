"""How fast a whole tenant is collected: 50 subscriptions, 100,000 resources, latency and quotas as Azure has them.

    python -m benchmarks.collection [--subscriptions 50] [--resources 100000] [--faults 0.05] [--no-quotas]
        [--latency-ms 60] [--all-rules] [--since]

`--all-rules` has a tenant of more types and asks for all that the built-in rules need; `--since` collects a second time
over the first,
where nothing changed meanwhile.

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
from contextlib import ExitStack, contextmanager
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

MORE_SHARES = {
    # With what is asked of each: services of storage accounts, keys, settings, databases.
    "Microsoft.Network/networkInterfaces": 16,
    "Microsoft.Network/networkSecurityGroups": 4,
    "Microsoft.Network/virtualNetworks": 2,
    "Microsoft.Network/publicIPAddresses": 3,
    "Microsoft.Network/privateEndpoints": 2,
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": 2,
    "Microsoft.Storage/storageAccounts": 6,
    "Microsoft.Storage/storageAccounts/blobServices": 6,
    "Microsoft.Storage/storageAccounts/blobServices/containers": 6,
    "Microsoft.KeyVault/vaults": 3,
    "Microsoft.KeyVault/vaults/keys": 3,
    "Microsoft.KeyVault/vaults/secrets": 3,
    "Microsoft.ManagedIdentity/userAssignedIdentities": 2,
    "Microsoft.Compute/virtualMachines": 14,
    "Microsoft.Compute/disks": 14,
    "Microsoft.Web/sites": 4,
    "Microsoft.Sql/servers": 2,
    "Microsoft.Sql/servers/databases": 2,
    "Microsoft.Sql/servers/elasticPools": 1,
    "Microsoft.App/managedEnvironments": 1,
    "Microsoft.App/managedEnvironments/certificates": 1,
    "Microsoft.Cdn/profiles": 1,
    "Microsoft.Cdn/profiles/afdEndpoints": 1,
    "Microsoft.ServiceBus/namespaces": 1,
}


def guid(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def bodies(subscriptions: int, resources: int, shares: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The tenant: children one below each of the first parents."""
    for number in range(subscriptions):
        for kind, share in shares.items():
            for index in range(resources // subscriptions * share // 100):
                yield body(guid(number), kind, index)


def body(subscription: str, kind: str, index: int) -> dict[str, Any]:
    namespace, *segments = kind.split("/")
    last = "default" if segments[-1] == "blobServices" else f"{segments[-1].lower()}-{index}"
    names = ["default" if one == "blobServices" else f"{one.lower()}-{index}" for one in segments[:-1]] + [last]
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
        list(bodies(options.subscriptions, options.resources, MORE_SHARES if options.all_rules else SHARES)),
        arm_latency_s=options.latency_ms / 1000,
        query_latency_s=max(options.latency_ms, 150) / 1000,
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


async def measure(base: str, path: Path, source: str, types: frozenset[str], old: Path | None = None) -> dict[str, Any]:
    from auditor.azure.clouds import Cloud
    from auditor.azure.collect import collect
    from auditor.azure.plan import CollectionPlan
    from auditor.azure.progress import Silent
    from auditor.azure.signin import sign_in
    from auditor.snapshot.manifest import Manifest
    from auditor.snapshot.store import Snapshot

    cloud = Cloud("loopback", base, base, "https://management.azure.com/.default", "", "")
    began = time.monotonic()
    spent = time.process_time()
    with ExitStack() as stack:
        manifest = Manifest("live", datetime.now(UTC), None)
        snapshot = stack.enter_context(Snapshot.create(path, manifest))
        more = {"earlier": stack.enter_context(_earlier(old, manifest))} if old else {}
        async with sign_in(cloud, credential="managed-identity") as session:
            plan = CollectionPlan(types, source=source)
            outcome = await collect(session, plan, snapshot, Silent(), **more)
        snapshot.finish(datetime.now(UTC), tenant=session.principal.tenant, subscriptions=outcome.subscriptions)
        kept = sum(1 for _ in snapshot.resources())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    requests = sum(outcome.requests.values())
    return {
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(time.process_time() - spent, 1),
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


def _earlier(path: Path, manifest: Any) -> Any:
    from datetime import timedelta

    from auditor.snapshot.earlier import open_earlier

    return open_earlier(path, manifest, full_after=timedelta(days=1))


def _types(all_rules: bool) -> frozenset[str]:
    from auditor import api

    return api.choose_rules().types if all_rules else frozenset(SHARES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscriptions", type=int, default=50)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail")
    parser.add_argument("--no-quotas", dest="quotas", action="store_false", help="do not enforce Azure's quotas")
    parser.add_argument("--source", choices=("auto", "graph", "arm"), default="auto")
    parser.add_argument("--latency-ms", type=float, default=60, help="of each answer; queries take 150 ms at least")
    parser.add_argument("--all-rules", action="store_true", help="more types, and all that the built-in rules need")
    parser.add_argument("--since", action="store_true", help="collect a second time, over the first")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options)
        return
    with azure_process(sys.argv[1:]) as azure, tempfile.TemporaryDirectory() as folder:
        os.environ.update(azure["identity"])
        types, first = _types(options.all_rules), Path(folder) / "tenant.db"
        result = asyncio.run(measure(azure["http"], first, options.source, types))
        if options.since:
            again = Path(folder) / "again.db"
            result["since"] = asyncio.run(measure(azure["http"], again, options.source, types, first))
        with urllib.request.urlopen(f"{azure['http']}/_loopback/summary") as response:
            result["served"] = json.load(response)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
