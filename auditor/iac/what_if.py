"""What Azure itself foretells: results of `az deployment group|sub|mg|tenant what-if --no-pretty-print`.

https://learn.microsoft.com/rest/api/resources/deployments/what-if, `WhatIfOperationResult`. The platform has worked out
every expression; the few that it leaves are texts such as `[reference(...)]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.expressions.partial import Unknown
from auditor.expressions.syntax import is_expression
from auditor.iac.change import Change, Effect
from auditor.iac.deployed import with_ids
from auditor.iac.settle import Redact, gap_of, settle
from auditor.inventory import ids

_KINDS = frozenset({"create", "modify", "nochange", "ignore", "delete", "deploy", "unsupported"})
_DROPPED = frozenset({"apiversion", "dependson"})


def what_if_changes(document: Any) -> list[Mapping[str, Any]] | None:
    """The changes that a what-if result lists; None for any other JSON. What failed lists none."""
    if not isinstance(document, Mapping):
        return None
    inner = document.get("properties")
    place = inner if isinstance(inner, Mapping) and "changes" in inner else document
    changes = place.get("changes")
    if not isinstance(changes, list) or "status" not in document:
        return None
    found = [
        change
        for change in changes
        if isinstance(change, Mapping) and (named := str(change.get("resourceId"))).startswith("/") and named.strip("/")
    ]
    are_known = all(str(change.get("changeType", "")).lower() in _KINDS for change in found)
    return found if are_known and len(found) == len(changes) else None


def foretold(changes: list[Mapping[str, Any]], source: str, redact: Redact, notices: list[str]) -> Iterator[Change]:
    """The changes as bodies."""
    bare = 0
    for change in changes:
        identifier = change["resourceId"].rstrip("/")
        kind = str(change["changeType"]).lower()
        before, after = _side(change, "before"), _side(change, "after")
        match kind:
            case "delete":
                yield Change(identifier, Effect.DELETE)
            case "create" | "modify" if after:
                yield _written(identifier, before, after, source, redact)
            case "nochange" | "ignore" if "properties" in (before):
                yield _kept(identifier, before, source, redact)
            case "nochange" | "ignore":
                yield _bare(identifier, Effect.KEEP, "what-if tells nothing of it: it stays as it is", source)
            case _:
                bare += 1
                why = str(change.get("unsupportedReason") or "what-if was run with --result-format ResourceIdOnly")
                yield _bare(identifier, Effect.PUT, why, source)
    if bare:
        noun = "resource" if bare == 1 else "resources"
        notices.append(f"{source} does not say what becomes of {bare} {noun}: use --result-format FullResourcePayloads")


def _side(change: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = change.get(name)
    return found if isinstance(found, Mapping) else {}


def _written(
    identifier: str, before: Mapping[str, Any], after: Mapping[str, Any], source: str, redact: Redact
) -> Change:
    kind = ids.type_of_id(identifier)
    raw = {name: _value(value) for name, value in after.items() if name.lower() not in _DROPPED}
    settled = settle(identifier, kind, raw, source)
    settled.body["id"] = identifier
    with_ids(identifier, kind, settled.body)
    body = settled.redacted(kind, redact)
    earlier = {name: value for name, value in before.items() if name.lower() not in _DROPPED}
    return Change(identifier, Effect.STATE, body, before=earlier, partial=settled.partial)


def _kept(identifier: str, before: Mapping[str, Any], source: str, redact: Redact) -> Change:
    change = _written(identifier, {}, before, source, redact)
    return Change(identifier, Effect.KEEP, change.body)


def _bare(identifier: str, effect: Effect, why: str, source: str) -> Change:
    kind = ids.type_of_id(identifier)
    gap = gap_of(Unknown(why), identifier, kind, source)
    return Change(identifier, effect, {"id": identifier}, unread={"properties": gap})


def _value(value: Any) -> Any:
    """A value; an expression that the platform left is not known."""
    if isinstance(value, str) and is_expression(value):
        return Unknown(f"what-if leaves {value[:80]} open")
    if isinstance(value, Mapping):
        return {key: _value(inner) for key, inner in value.items()}
    return [_value(one) for one in value] if isinstance(value, list) else value
