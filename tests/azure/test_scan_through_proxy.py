"""A network where Azure is only reached through a proxy."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import storage_account
from tests.azure.loopback.server import serve
from tests.cli.inside import run
from tests.cli.test_scan_command import found_in


class Proxy(ThreadingHTTPServer):
    """Forwards plain HTTP requests and remembers where they went."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Forward)
        self.forwarded: list[str] = []


class Forward(BaseHTTPRequestHandler):
    server: Proxy

    def forward(self) -> None:
        target = urlsplit(self.path)
        self.server.forwarded.append(f"{self.command} {target.netloc}")
        length = int(self.headers.get("Content-Length") or 0)
        connection = HTTPConnection(target.netloc, timeout=10)
        path = target.path + (f"?{target.query}" if target.query else "")
        connection.request(self.command, path, self.rfile.read(length) or None, dict(self.headers))
        answer = connection.getresponse()
        body = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        connection.close()

    do_GET = do_POST = forward  # noqa: N815 - names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_read_goes_through_the_proxy_that_the_environment_names(proxy: Proxy, tmp_path: Path) -> None:
    azure = LoopbackAzure([storage_account("st1", {"supportsHttpsTrafficOnly": False})])
    with serve(azure) as endpoints:
        env = {**endpoints.managed_identity(), "HTTP_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}"}
        cloud = endpoints.cloud_file(tmp_path)
        done = run("scan", "--cloud", cloud, "--select", "storage-https-only", "--format", "json", env=env)
        host = urlsplit(endpoints.http).netloc

    assert found_in(json.loads(done.stdout)) == {("storage-https-only", "st1")}, done.stderr
    asked = len(azure.journal.of(service="arm")) + len(azure.journal.of(service="resource graph"))
    assert asked >= 2
    assert len([line for line in proxy.forwarded if line.endswith(host)]) == asked
