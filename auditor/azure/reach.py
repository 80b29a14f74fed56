"""Whether a host can be reached at all, asked before a client library begins to wait and to retry."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from auditor.azure.connections import proxy_for

_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a host cannot be reached."""

    host: str
    words: str
    """What happened, as a clause: `login.microsoftonline.com cannot be resolved`."""
    remedy: str
    proxy: str = ""
    """The proxy in between; "" where there is none."""


async def try_to_reach(url: str, *, patience_s: float = _PATIENCE_S, proxies: bool = True) -> Unreachable | None:
    """Open a connection to the host of `url`, or to the proxy in front of it; None where that works."""
    proxy = proxy_for(url) if proxies else None
    parts = urlsplit(proxy or url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(patience_s):
            addresses = await _resolve(host, port)
            await _connect(addresses)
    except TimeoutError:
        words = f"{host}:{port} does not answer"
    except socket.gaierror:
        words = f"{host} cannot be resolved"
    except ConnectionRefusedError:
        words = f"{host}:{port} refuses connections"
    except OSError as error:
        words = f"{host}:{port} cannot be reached ({error.strerror or type(error).__name__})"
    else:
        return None
    if proxy:
        remedy = "Correct HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY."
        return Unreachable(host, f"the proxy {words}", remedy, proxy)
    remedy = "Check the network, and HTTPS_PROXY where the way out is a proxy."
    return Unreachable(host, words, remedy)


async def _resolve(host: str, port: int) -> list[tuple[str, int]]:
    """Addresses of a host.

    In a thread of its own that nobody waits for: resolvers can hang for longer than we want to, and the event loop's
    threads are waited for when the program ends.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[list[tuple[str, int]]] = loop.create_future()

    def settle(addresses: list[tuple[str, int]] | None, error: OSError | None) -> None:
        if future.done():
            return
        if error:
            future.set_exception(error)
        else:
            future.set_result(addresses or [])

    def look_up() -> None:
        addresses, failure = None, None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = [(str(info[4][0]), int(info[4][1])) for info in found]
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    return await future


async def _connect(addresses: list[tuple[str, int]]) -> None:
    failure: OSError | None = None
    for host, port in dict.fromkeys(addresses):
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            failure = failure or error
            continue
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return
    raise failure or OSError("no address")
