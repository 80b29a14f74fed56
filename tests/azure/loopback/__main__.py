"""Run a loopback Azure by hand or for a benchmark, until interrupted:

python -m tests.azure.loopback --bodies fixtures/demo --folder /tmp/loopback

It writes the cloud file (`--cloud`), the authority's certificate and the environment for sign-in into the folder.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.faults import TRANSIENT, Fault, Faults
from tests.azure.loopback.server import Endpoints, serve
from tests.azure.loopback.throttle import Throttle


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = _options()
    azure = LoopbackAzure(
        bodies=list(_bodies(options.bodies)),
        page_size=options.page_size,
        arm_latency_s=options.latency_ms / 1000,
        query_latency_s=options.query_latency_ms / 1000,
        throttle=Throttle(enforce_arm=options.throttle, enforce_queries=options.throttle),
    )
    if options.faults:
        share = options.faults / len(TRANSIENT) / 100
        azure.faults = Faults([Fault(kind, share=share) for kind in TRANSIENT], options.seed)
    options.folder.mkdir(parents=True, exist_ok=True)
    with serve(azure, tls_folder=options.folder, port=options.port, tls_port=options.tls_port) as endpoints:
        _write_environment(endpoints, options.folder)
        print(f"ready {endpoints.http} {endpoints.https}", flush=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print(json.dumps(azure.journal.summary()), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.azure.loopback", description="An Azure on this machine.")
    parser.add_argument(
        "--bodies", type=Path, nargs="*", default=[], help=".json (array or {value}), .jsonl or folders"
    )
    parser.add_argument("--folder", type=Path, default=Path("/tmp/loopback"), help="where files for clients go")  # noqa: S108
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls-port", type=int, default=0)
    parser.add_argument("--page-size", type=int, default=1000)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--query-latency-ms", type=float, default=0)
    parser.add_argument("--throttle", action="store_true", help="enforce Azure's quotas")
    parser.add_argument("--faults", type=float, default=0, help="per cent of requests that meet a transient fault")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _bodies(paths: list[Path]) -> Iterator[Mapping[str, Any]]:
    for path in paths:
        if path.is_dir():
            yield from _bodies(sorted(p for p in path.rglob("*") if p.suffix in (".json", ".jsonl")))
        elif path.suffix == ".jsonl":
            yield from (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
        else:
            document = json.loads(path.read_text("utf-8"))
            items = document if isinstance(document, list) else document.get("value") or document.get("data") or ()
            yield from (item for item in items if isinstance(item, dict) and "id" in item)


def _write_environment(endpoints: Endpoints, folder: Path) -> None:
    endpoints.cloud_file(folder)
    endpoints.cloud_file(folder, tls=True)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in endpoints.managed_identity().items()]
    (folder / "managed-identity.sh").write_text("\n".join(lines) + "\n")
    values = {**endpoints.service_principal(), "SSL_CERT_FILE": str(endpoints.ca_file)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    (folder / "service-principal.sh").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
