"""What the paths to one machine say of one another."""

from __future__ import annotations

from typing import Any

_DIRECT = frozenset(("public-ip", "load-balancer", "nat-rule"))
_GUARDED = frozenset(("application-gateway", "firewall"))


def relate(paths: list[dict[str, Any]]) -> None:
    """Complete the paths to one machine with `around` and `only_ipv6`, which depend on the others."""
    guards = [path for path in paths if path["via"] in _GUARDED and len(path["hops"]) > 1]
    for path in paths:
        path["around"] = _gone_around(path, guards) if guards and path["via"] in _DIRECT else []
        path["only_ipv6"] = path["family"] == 6 and not any(
            other["family"] == 4 and other["via"] != "bastion" and _same_service(path, other) for other in paths
        )


def _gone_around(path: dict[str, Any], guards: list[dict[str, Any]]) -> list[str]:
    """Gateways and firewalls that lead to the same service."""
    return list(dict.fromkeys(guard["hops"][1]["name"] for guard in guards if _same_service(path, guard)))


def _same_service(path: dict[str, Any], other: dict[str, Any]) -> bool:
    overlap = path["first_port"] <= other["last_port"] and other["first_port"] <= path["last_port"]
    return bool(overlap and path["protocol"] == other["protocol"])
