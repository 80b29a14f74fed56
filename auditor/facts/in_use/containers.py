"""Which code a confidential container group lets run: its policy, read as what it is.

https://learn.microsoft.com/azure/container-instances/container-instances-confidential-overview
"""

from __future__ import annotations

import base64
import binascii
import json
import re

from auditor.facts.keys.places import at, text_at
from auditor.inventory.model import Json

_POLICY = "properties.confidentialComputeProperties.ccePolicy"
# A rule of a policy is a query; one that is set to a constant answers every question alike.
_CONSTANT = re.compile(r"^\s*(\w+)\s*:=\s*(\{[^{}]*\})\s*$", re.MULTILINE)
_COMMENT = re.compile(r"#.*$", re.MULTILINE)
_STARTS_CODE = ("create_container", "exec_in_container", "exec_external")


def container_policy(body: Json) -> Json:
    """What is known of a group's policy; None for a group that is not confidential.

    `verdict` is `enforced`, `none` (a group without one runs any code), `allows-any` or `not-understood`.
    """
    if text_at(body, "properties.sku") != "confidential":
        return None
    encoded = at(body, _POLICY)
    return {"verdict": _verdict(encoded), "decided_by": [_POLICY]}


def _verdict(encoded: Json) -> str:
    if not isinstance(encoded, str) or not encoded.strip():
        return "none"
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "not-understood"
    constants = {name: _constant(value) for name, value in _CONSTANT.findall(_COMMENT.sub("", text))}
    if any(constants.get(name) is True for name in _STARTS_CODE):
        return "allows-any"
    return "enforced" if text.strip() else "none"


def _constant(value: str) -> Json:
    """What a constant object says of `allowed`."""
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found.get("allowed") if isinstance(found, dict) else None
