"""Where code scanning shows each result: at the code that declares the resource, or in an inventory tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from auditor.evaluate.model import Outcome, Report
from auditor.inventory import ids
from auditor.inventory.model import Resource
from auditor.report.inventory_tree import InventoryTree, inventory_tree
from auditor.report.sources import declared_at


def places(
    report: Report,
    resources: Mapping[str, Resource],
    *,
    source_root: Path | None = None,
    repository: Path | None = None,
    tree_prefix: str | None = None,
) -> InventoryTree:
    """What `--source-root` and `--sarif-inventory` come to: `RenderOptions.locations`, and the files to write.

    `resources` are by lower-cased id. A declaration below `source_root` wins, its URI relative to `repository` (the
    root itself where that is None); the other resources get a file of the tree where `tree_prefix`, the tree's folder
    relative to the repository, is given.
    """
    shown = report.with_outcome(Outcome.FAIL, Outcome.EXEMPT)
    declared = declared_at(source_root, resources.values(), base=repository) if source_root else {}
    wanted = {ids.id_key(result.subject.id) for result in shown}
    declared = {key: place for key, place in declared.items() if key in wanted}
    if tree_prefix is None:
        return InventoryTree({}, declared)
    left = replace(report, results=tuple(r for r in shown if ids.id_key(r.subject.id) not in declared))
    tree = inventory_tree(left, resources, tree_prefix)
    return InventoryTree(tree.files, {**declared, **tree.locations})
