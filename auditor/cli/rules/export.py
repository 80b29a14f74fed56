"""`auditor rules export`: policy definitions and initiatives as files, and what no policy can stand for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli.terminal.output import write_file
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.rules.model import Framework, Rule

_SHOWN = 8


def write_policies(folder: Path, rules: Sequence[Rule], frameworks: Sequence[Framework], scope: str) -> str:
    """Write `definitions/ID.json`, `initiatives/FRAMEWORK.json` and `left-out.json`; gives what there is to say.

    Raises UsageError where the folder cannot be written to, and where no rule can be exported.
    """
    from auditor.rules.policy.export import NotExportable, initiative_of
    from auditor.rules.policy.readback import proved_definition

    exported: list[Rule] = []
    left_out: dict[str, str] = {}
    documents: dict[str, Mapping[str, Any]] = {}
    for rule in rules:
        try:
            documents[f"definitions/{rule.id}.json"] = proved_definition(rule)
            exported.append(rule)
        except NotExportable as reason:
            left_out[rule.id] = str(reason)
    if not exported:
        first = next(iter(left_out.values()), "there is none")
        raise UsageError(f"no rule can be a policy: {first}", remedy="Choose others with --select.")
    for framework in frameworks:
        own = [rule for rule in exported if rule.frameworks.get(framework.id)]
        titles = {control.id: control.title for control in framework.controls}
        if own:
            initiative = initiative_of(framework.id, framework.name, own, scope.rstrip("/"), titles)
            documents[f"initiatives/{framework.id}.json"] = initiative
    documents["left-out.json"] = left_out
    for name, document in documents.items():
        _write(folder / name, document)
    initiatives = sum(name.startswith("initiatives/") for name in documents)
    return _said(len(exported), initiatives, left_out, folder)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot be made: {error.strerror}", subject=str(path.parent), remedy="Choose another place."
        ) from error
    write_file(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


def _said(exported: int, initiatives: int, left_out: Mapping[str, str], folder: Path) -> str:
    lines = [
        f"{exported} definitions and {initiatives} initiatives written to {folder}; "
        f"{len(left_out)} rules left out, see left-out.json:"
    ]
    reasons = Counter(_kind(reason) for reason in left_out.values())
    lines += [f"  {count:4} {reason}" for reason, count in reasons.most_common(_SHOWN)]
    return "\n".join(lines if left_out else [lines[0].partition("; ")[0]]) + "\n"


def _kind(reason: str) -> str:
    """A reason without the name that it begins with or ends in."""
    if reason.startswith("Microsoft.Graph/"):
        return "it judges the directory, which a policy does not"
    return reason.partition(" properties.")[0] if reason.startswith("no alias") else reason
