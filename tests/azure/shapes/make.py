"""Bodies made up from published shapes: every property that a type has, with values of the declared kinds."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tests.azure.shapes.schema import published, resolved

Dice = random.Random
_SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
_GUID = "8c5e2f64-90d1-4b7a-a1c3-{:012d}"
_DEEPEST = 9

# What a text holds, by the end of its property's name; the first that fits.
_TEXTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("resourceid", "id"), ("{id}", "{guid}")),
    (("tenantid", "clientid", "principalid", "objectid"), ("{guid}",)),
    (("keyuri", "keyurl", "keyvaulturi", "secreturl"), ("https://kv-{n}.vault.azure.net/keys/key-{n}/0123456789abcdef",)),
    (("uri", "url", "endpoint", "fqdn"), ("https://host-{n}.example.net/{n}", "host-{n}.example.net")),
    (("prefix", "ipmask", "cidr", "subnet"), ("10.{m}.0.0/16", "203.0.113.{m}", "2001:db8::/48", "Internet")),
    (("ipaddress", "ip", "startipaddress", "endipaddress"), ("10.0.0.{m}", "203.0.113.{m}", "0.0.0.0")),  # noqa: S104
    (("portrange", "port"), ("443", "1-65535", "*")),
    (("time", "date", "on", "expiry", "utc"), ("2026-03-0{d}T10:20:30Z", "2031-01-0{d}T00:00:00Z")),
    (("email", "mail"), ("someone-{n}@example.com",)),
    (("version",), ("1.{d}", "TLS1_{d}", "0123456789abcdef0123456789abcdef")),
    (("location", "region"), ("westeurope",)),
    (("state", "status"), ("Succeeded", "Approved", "Enabled", "Disabled")),
)  # fmt: skip


def made(kind: str, dice: Dice, name: str = "made") -> dict[str, Any]:
    """A body of a type, with an id below a resource group or, for what extends resources, below a subscription."""
    entry = published()[kind.lower()]
    parts = entry.type.split("/")
    names = "".join(f"/{segment}/{name}" for segment in parts[1:])
    body = value(entry.shape, dice)
    identity = {
        "id": f"{_SUBSCRIPTION}/resourceGroups/rg/providers/{parts[0]}{names}",
        "name": name,
        "type": entry.type,
    }
    return {**(body if isinstance(body, Mapping) else {}), **identity}


def value(shape: Any, dice: Dice, name: str = "", depth: int = 0) -> Any:
    """A value of a shape; what holds itself ends after some levels."""
    shape = resolved(shape)
    if isinstance(shape, Mapping):
        if depth > _DEEPEST:
            return {}
        return {
            (f"own-{dice.randrange(9)}" if key == "*" else key): value(inner, dice, key, depth + 1)
            for key, inner in shape.items()
            if depth < 5 or dice.random() < 0.4
        }
    if isinstance(shape, list):
        count = 0 if depth > _DEEPEST else 1 if depth > 3 else dice.choice((1, 1, 2))
        return [value(shape[0], dice, name, depth + 1) for _ in range(count)]
    if shape.startswith("="):
        return dice.choice(shape[1:].split("|"))
    match shape:
        case "boolean":
            return dice.random() < 0.5
        case "integer":
            return dice.choice((0, 1, 7, 30, 90, 443, 3389, 65536))
        case "string":
            return _text(name, dice)
        case _:
            return dice.choice(({"own": "x"}, "x", 1, None))


def _text(name: str, dice: Dice) -> str:
    lowered = name.lower()
    texts = next((texts for ends, texts in _TEXTS if lowered.endswith(ends)), ("text-{n}",))
    number = dice.randrange(100)
    return dice.choice(texts).format(
        id=f"{_SUBSCRIPTION}/resourceGroups/rg/providers/{dice.choice(_TARGETS)}/n{number}",
        guid=_GUID.format(number),
        n=number,
        m=number + 1,
        d=number % 4,
    )


_TARGETS = (
    "Microsoft.Network/virtualNetworks/n/subnets",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.OperationalInsights/workspaces",
)
