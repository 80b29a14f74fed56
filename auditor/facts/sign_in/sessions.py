"""Which shared cache an app keeps its sessions in, as far as its settings tell, and how that cache is guarded.

A fact of an app or slot:

    {"affinity": true, "caches": ["redis-shop"], "weak": ["redis-shop answers without TLS"]}

`affinity` binds each client to one instance. `caches` are the Redis caches whose hosts stand in its settings. `weak`
says of those in the inventory what lets others at the sessions: a port without TLS, TLS before 1.2, or reach from
everywhere by key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.facts.network.bodies import text, value
from auditor.facts.registry import FactFamily
from auditor.facts.sign_in.built_in import CONFIGS, SITES
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

REDIS = "microsoft.cache/redis"
MANAGED_REDIS = "microsoft.cache/redisenterprise"
_SETTINGS = ("appsettings", "connectionstrings")
_SUFFIXES = (
    ".redis.cache.windows.net",
    ".redis.cache.usgovcloudapi.net",
    ".redis.cache.chinacloudapi.cn",
    ".redis.azure.net",
)


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each app and slot."""
    caches = {
        host: cache for kind in (REDIS, MANAGED_REDIS) for cache in inventory.of_type(kind) if (host := _host(cache))
    }
    settings: dict[str, list[Resource]] = {}
    for kind in CONFIGS:
        for config in inventory.of_type(kind):
            if config.key.rpartition("/")[2] in _SETTINGS:
                settings.setdefault(ids.parent_of(config.key).removesuffix("/config"), []).append(config)
    return {
        site.key: _fact(site, settings.get(site.key, []), caches, inventory)
        for kind in SITES
        for site in inventory.of_type(kind)
    }


def _fact(site: Resource, settings: list[Resource], caches: Mapping[str, Resource], inventory: Inventory) -> Json:
    hosts = sorted({host for config in settings for host in _redis_hosts(value(config.body, "properties"))})
    known = [caches[host] for host in hosts if host in caches]
    gap = inventory.gap(f"{site.type_key}/config", site.key) if len(settings) < len(_SETTINGS) else None
    unread: Json = Unread(gap) if gap else None
    return {
        # Left out means on: https://learn.microsoft.com/azure/app-service/configure-common
        "affinity": value(site.body, "properties", "clientAffinityEnabled") is not False,
        "caches": [host.partition(".")[0] for host in hosts] or unread or [],
        "weak": [f"{cache.name} {words}" for cache in known for words in _weak(cache)] or unread or [],
    }


def _redis_hosts(settings: Any) -> Iterator[str]:
    """Hosts of caches in settings, whose secret parts were replaced at collection."""
    if isinstance(settings, str):
        for word in settings.replace(";", ",").split(","):
            host = word.rpartition("=")[2].strip().partition(":")[0].lower()
            if host.endswith(_SUFFIXES):
                yield host
    elif isinstance(settings, Mapping):
        for inner in settings.values():
            yield from _redis_hosts(inner)


def _host(cache: Resource) -> str:
    return text(cache.body, "properties", "hostName")


def _weak(cache: Resource) -> Iterator[str]:
    properties = value(cache.body, "properties")
    if cache.type_key == REDIS and value(properties, "enableNonSslPort") is True:
        yield "answers without TLS"
    # Left out, TLS 1.0 is taken: https://learn.microsoft.com/azure/azure-cache-for-redis/cache-remove-tls-10-11
    if text(properties, "minimumTlsVersion") in ("1.0", "1.1"):
        yield f"takes TLS {text(properties, 'minimumTlsVersion')}"
    by_key = value(properties, "disableAccessKeyAuthentication") is not True
    if by_key and text(properties, "publicNetworkAccess") != "disabled" and cache.type_key == REDIS:
        yield "is reached from every network by key"


FAMILY = FactFamily(
    name="app_sessions",
    types=frozenset(SITES),
    needs=frozenset((*SITES, *CONFIGS, REDIS, MANAGED_REDIS)),
    compute=compute,
)
