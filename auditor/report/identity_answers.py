"""The answers of `auditor identity paths` and `auditor identity who-can` as text and as JSON.

JSON of paths, stable in its keys:

    {"schema_version": "1.0", "to": "Owner", "gap": null,
     "paths": [{"start": {"id", "kind", "name"}, "direct": false, "certain": true, "guards": [], "text": "...",
                "steps": [{"edge", "source", "target", "does", "right", "guard", "cut", "on", "assignment",
                           "proofs": [{"resource", "path", "value"}]}]}],
     "cuts": [{"change": "...", "paths": 3}]}

And of holders:

    {"schema_version": "1.0", "action": "...", "on": "/subscriptions/...", "data": false, "gap": null,
     "holders": [{"id", "kind", "name", "certain": true, "eligible": false, "role", "scope", "assignment", "groups": [],
                  "text": "..."}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditor.facts.identity.access import Holder, Holders, shown
from auditor.facts.identity.escalation.graph import Cut
from auditor.facts.identity.escalation.model import Path, Step
from auditor.inventory.model import Gap
from auditor.report.answers import document, gap_json, maybe_more, node_json, proofs_json, told, wrapped

_CUTS_SHOWN = 3


def paths_as_text(to: str, paths: Sequence[Path], cuts: Sequence[Cut], gap: Gap | None, width: int) -> str:
    """Ways that take steps first, each with its steps; then who has the rights already."""
    ways = [path for path in paths if not path.direct]
    held = [path for path in paths if path.direct]
    lines: list[str] = []
    for path in ways:
        sure = "" if path.certain else "  (not certain: something that decides was not read)"
        lines += [f"{path.start.name}  [{path.start.kind}]{sure}"]
        for step in path.steps:
            lines += _step(step, width)
        lines.append("")
    if not ways:
        lines += [f"Nobody becomes {to} by a step of their own.", ""]
    if held:
        names = ", ".join(f"{path.start.name} ({path.start.kind})" for path in held)
        lines += wrapped(f"{to} already, by a role or a membership: {names}", width)
    if cuts:
        lines += ["", "What to change first:"]
        for cut in cuts[:_CUTS_SHOWN]:
            lines += wrapped(f"{cut.text}: ends {cut.paths} of {len(ways)}", width, "  ")
    return told((*lines, *maybe_more(gap, width)))


def paths_as_json(to: str, paths: Sequence[Path], cuts: Sequence[Cut], gap: Gap | None) -> str:
    """The paths as JSON."""
    content = {
        "schema_version": "1.0",
        "to": to,
        "gap": gap_json(gap),
        "paths": [
            {
                "start": node_json(path.start),
                "direct": path.direct,
                "certain": path.certain,
                "guards": list(path.guards),
                "text": path.text,
                "steps": [_step_json(step) for step in path.steps],
            }
            for path in paths
        ],
        "cuts": [{"change": cut.text, "paths": cut.paths} for cut in cuts],
    }
    return document(content)


def holders_as_text(action: str, scope: str, found: Holders, width: int) -> str:
    """Who may do an action: one line a principal and reason."""
    lines: list[str] = []
    for certain, head in (
        (True, f"may {action} on {shown(scope)}:"),
        (False, "may, where a condition or something unread lets:"),
    ):
        some = [holder for holder in found.holders if holder.certain is certain]
        if some:
            lines.append(head)
            column = min(max(len(_who(holder)) for holder in some), max(width // 2, 20))
            for holder in some:
                text = f"  {_who(holder):<{column}}  {holder.grant.text}"
                lines += wrapped(text, width, "", " " * (column + 4))
            lines.append("")
    if not found.holders:
        lines += wrapped(f"Nobody may {action} on {shown(scope)}.", width)
    return told((*lines, *maybe_more(found.gap, width)))


def holders_as_json(action: str, scope: str, found: Holders, *, data: bool) -> str:
    """The holders as JSON."""
    content = {
        "schema_version": "1.0",
        "action": action,
        "on": scope,
        "data": data,
        "gap": gap_json(found.gap),
        "holders": [
            {
                "id": holder.principal.id,
                "kind": holder.principal.kind.value,
                "name": holder.principal.name,
                "certain": holder.certain,
                "eligible": holder.grant.assignment.eligible,
                "role": holder.grant.assignment.role_name,
                "scope": holder.grant.assignment.scope,
                "assignment": holder.grant.assignment.resource.id,
                "groups": [group.name for group in holder.grant.groups],
                "text": holder.grant.text,
            }
            for holder in found.holders
        ],
    }
    return document(content)


def _step(step: Step, width: int) -> Iterator[str]:
    right = f" ({step.right})" if step.right else ""
    yield from wrapped(f"-> {step.does}{right}", width, "  ", "     ")
    for proof in step.proofs:
        yield from wrapped(f"{proof.path}: {proof.value}, of {proof.resource}", width, "     ", "       ")
    if step.guard:
        yield from wrapped(f"in the way: {step.guard}", width, "     ", "       ")
    if step.cut:
        yield from wrapped(f"closed by: {step.cut}", width, "     ", "       ")


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "edge": step.edge,
        "source": node_json(step.source),
        "target": node_json(step.target),
        "does": step.does,
        "right": step.right,
        "guard": step.guard,
        "cut": step.cut,
        "on": step.on.id if step.on else None,
        "assignment": step.assignment.id if step.assignment else None,
        "proofs": proofs_json(step.proofs),
    }


def _who(holder: Holder) -> str:
    return f"{holder.principal.name} ({holder.principal.kind})"
