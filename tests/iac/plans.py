"""Small Terraform plans, as `terraform show -json` prints them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = object()
"""A value that only applying shows."""


class Ref:
    """A value that only applying shows, with what its expression names."""

    def __init__(self, *references: str) -> None:
        self.references = [*references]


def _split(value: Any) -> tuple[Any, Any, Any]:
    """After, after_unknown and the expression of a value."""
    if value is UNKNOWN:
        return None, True, {}
    if isinstance(value, Ref):
        return None, True, {"references": value.references}
    if isinstance(value, Mapping):
        parts = {name: _split(inner) for name, inner in value.items()}
        after = {name: part[0] for name, part in parts.items() if part[1] is not True}
        unknown = {name: part[1] for name, part in parts.items() if part[1]}
        return after, unknown or False, {name: part[2] for name, part in parts.items()}
    if isinstance(value, list):
        elements = [_split(inner) for inner in value]
        unknown_list = [one[1] for one in elements]
        references = [name for one in elements if isinstance(one[2], dict) for name in one[2].get("references", [])]
        expression: Any = [one[2] for one in elements] if any(isinstance(v, Mapping) for v in value) else {}
        return (
            [one[0] for one in elements],
            unknown_list if any(unknown_list) else False,
            {"references": references} if references and not any(isinstance(v, Mapping) for v in value) else expression,
        )
    return value, False, {"constant_value": value}


def resource(
    address: str, values: Mapping[str, Any], *, actions: tuple[str, ...] = ("create",), before: Any = None
) -> dict[str, Any]:
    after, unknown, expressions = _split(dict(values))
    kind, name = address.split(".")[-2:]
    module_address = ".".join(address.split(".")[:-2])
    return {
        "change": {
            "address": address,
            **({"module_address": module_address} if module_address else {}),
            "mode": "managed",
            "type": kind,
            "name": name,
            "provider_name": "registry.terraform.io/hashicorp/azurerm",
            "change": {
                "actions": [*actions],
                "before": before,
                "after": None if actions == ("delete",) else after,
                "after_unknown": {**(unknown or {}), **({"id": True} if before is None else {})},
                "after_sensitive": {},
            },
        },
        "module": module_address.removeprefix("module."),
        "configuration": {"mode": "managed", "type": kind, "name": name, "expressions": expressions},
    }


def plan(
    *resources: Mapping[str, Any],
    calls: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    repeated: Sequence[str] = (),
) -> dict[str, Any]:
    """`calls` are arguments and `outputs` references of modules by name, `net` or `net.module.dns`."""
    root: dict[str, Any] = {"resources": [], "module_calls": {}}
    for one in resources:
        place = root
        path = ""
        for name in re.findall(r"module\.([\w-]+)|^([\w-]+)", re.sub(r"\[[^\]]*\]", "", one["module"])):
            own = name[0] or name[1]
            path = f"{path}.module.{own}" if path else own
            if own not in place["module_calls"]:
                arguments = (calls or {}).get(path, {})
                handed = (outputs or {}).get(path, {})
                place["module_calls"][own] = {
                    **({"for_each_expression": {"references": ["var.keys"]}} if path in repeated else {}),
                    "expressions": {key: {"references": [value]} for key, value in arguments.items()},
                    "module": {
                        "resources": [],
                        "module_calls": {},
                        "outputs": {key: {"expression": {"references": [value]}} for key, value in handed.items()},
                    },
                }
            place = place["module_calls"][own]["module"]
        place["resources"].append(one["configuration"])
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": [one["change"] for one in resources],
        "configuration": {"root_module": root},
    }
