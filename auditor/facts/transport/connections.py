"""How an app's settings connect to databases, caches and storage: with TLS or without, certificate checked or not.

A fact of `config/appsettings` and `config/connectionstrings` of an app or slot, and of a container app:

    {"all": [{"setting": "DB", "path": "properties.DB", "kind": "sql-password", "host": "db.example.com",
              "flaws": ["plain"],
              "text": "DB to db.example.com with Encrypt=false"}],
     "plain": "DB to db.example.com with Encrypt=false", "unchecked": "",
     "decided_by": ["properties.DB"]}

Values of settings were replaced when they were collected; what of them is about the connection was kept in the mark. A
flaw is `plain` (the connection may be made without TLS) or `unchecked` (any certificate is taken).

- SQL Server clients: https://learn.microsoft.com/sql/connect/ado-net/connection-string-syntax. Azure SQL encrypts in
  any case (https://learn.microsoft.com/azure/azure-sql/database/security-overview), so that a client that does not ask
  for it only leaves the certificate unchecked.
- PostgreSQL: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION; `require` checks nothing.
- MySQL: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.facts.credentials.places import kept_by
from auditor.facts.network.bodies import text, value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

CONFIGS = ("microsoft.web/sites/config", "microsoft.web/sites/slots/config")
CONTAINER_APPS = ("microsoft.app/containerapps", "microsoft.app/jobs")
_AZURE_SQL = (".database.windows.net", ".database.usgovcloudapi.net", ".database.chinacloudapi.cn")
_OFF = frozenset(("false", "no", "0", "optional"))
_ON = frozenset(("true", "yes", "1"))
_MAY_BE_PLAIN = frozenset(("disable", "disabled", "none", "allow", "prefer", "preferred"))
_UNCHECKED_MODES = frozenset(("require", "required"))
_NO_CLIENT = frozenset(("url", "plain", "empty", "masked", "key-vault-reference", "app-configuration-reference"))
"""Kinds of values that open no connection to a data service: an address in a setting may be of anything."""


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each configuration and container app."""
    of_apps = (
        resource
        for kind in CONFIGS
        for resource in inventory.of_type(kind)
        if resource.key.endswith(("/appsettings", "/connectionstrings"))
    )
    of_container_apps = (resource for kind in CONTAINER_APPS for resource in inventory.of_type(kind))
    return {resource.key: _fact(resource) for resource in (*of_apps, *of_container_apps)}


def _fact(resource: Resource) -> Json | Unread:
    if "properties" in resource.unread:
        return Unread(resource.unread["properties"])
    found: list[dict[str, Any]] = []
    decided: list[str] = []
    for one in kept_by(resource):
        mark, name = one.mark, one.setting
        kind, host = text(mark, "kind"), text(mark, "host")
        if kind in _NO_CLIENT:
            continue
        flaws = dict(_flaws(mark, host))
        where = host or str(value(mark, "account") or "") or "its server"
        words = ", ".join(flaws.values())
        found.append(
            {
                "setting": name,
                "path": one.path,
                "kind": kind,
                "host": host,
                "flaws": sorted(flaws),
                "text": f"{name} to {where}" + (f" with {words}" if words else ""),
            }
        )
        if flaws:
            decided.append(one.path)
    return {
        "all": found,
        "plain": "; ".join(each["text"] for each in found if "plain" in each["flaws"]),
        "unchecked": "; ".join(each["text"] for each in found if "unchecked" in each["flaws"]),
        "decided_by": decided,
    }


def _flaws(mark: Mapping[str, Any], host: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a connection, and the words of its setting that make it so."""
    encrypt = text(mark, "encrypt")
    if encrypt in _OFF:
        yield ("unchecked" if host.endswith(_AZURE_SQL) else "plain"), f"Encrypt={encrypt}"
    elif text(mark, "trust_server_certificate") in _ON and encrypt != "strict":
        yield "unchecked", "TrustServerCertificate=true"
    mode = text(mark, "sslmode")
    if mode in _MAY_BE_PLAIN:
        yield "plain", f"sslmode={mode}"
    elif mode in _UNCHECKED_MODES:
        yield "unchecked", f"sslmode={mode}"
    if text(mark, "ssl") in _OFF:
        yield "plain", "ssl=false"
    if text(mark, "protocol") == "http":
        yield "plain", "DefaultEndpointsProtocol=http"


FAMILY = FactFamily(
    name="connections",
    types=frozenset((*CONFIGS, *CONTAINER_APPS)),
    needs=frozenset((*CONFIGS, *CONTAINER_APPS)),
    compute=compute,
    needs_by_type={kind: frozenset((kind,)) for kind in (*CONFIGS, *CONTAINER_APPS)},
    grounds={"all": "TLS with a certificate that is checked"},
)
