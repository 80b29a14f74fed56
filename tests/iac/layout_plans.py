"""Terraform plans in short, written out as `terraform show -json` prints them.

`resources` has values by address, `calls` what modules are given and `outputs` what they hand up, by module and name;
`repeated` are the modules with a `for_each`. A value `"(known after apply)"` is what only applying shows, and
`{"=": [REFERENCE, ...]}` the same with what its expression names. `"!action"` and `"!before"` among the values say what
happens, `"!unwritten"` which blocks the configuration does not show: dynamic ones, and those that nobody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.iac.plans import UNKNOWN, Ref, plan, resource

_ACTIONS = {"delete": ("delete",), "update": ("update",), "no-op": ("no-op",), "replace": ("delete", "create")}


def plan_of(short: Mapping[str, Any]) -> dict[str, Any]:
    """The plan that the short form stands for."""
    made = [_resource(address, values) for address, values in short["resources"].items()]
    return plan(*made, calls=short.get("calls"), outputs=short.get("outputs"), repeated=short.get("repeated", ()))


def _resource(address: str, values: Mapping[str, Any]) -> dict[str, Any]:
    action = values.get("!action", "create")
    given = {name: _value(value) for name, value in values.items() if not name.startswith("!")}
    key = re.search(r"\[([^\]]+)\]$", address)
    bare = address[: key.start()] if key else address
    made = resource(bare, given, actions=_ACTIONS.get(action, (action,)), before=values.get("!before"))
    for name in values.get("!unwritten", ()):  # a dynamic block
        del made["configuration"]["expressions"][name]
    if key:
        text = key[1]
        made["change"] |= {"address": address, "index": text.strip('"') if '"' in text else int(text)}
    return made


def _value(value: Any) -> Any:
    if value == "(known after apply)":
        return UNKNOWN
    if isinstance(value, Mapping):
        return Ref(*value["="]) if "=" in value else {name: _value(inner) for name, inner in value.items()}
    return [_value(one) for one in value] if isinstance(value, list) else value
