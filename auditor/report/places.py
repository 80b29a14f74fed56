"""Where code scanning shows each result: at the code that declares the resource, or in an inventory tree."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from auditor.evaluate.model import Outcome, Report, Result
from auditor.iac.declaration import Declaration
from auditor.iac.place import Place
from auditor.inventory import ids
from auditor.inventory.model import Resource
from auditor.report.inventory_tree import InventoryTree, inventory_tree

_TERRAFORM_RESOURCE = re.compile(r'resource[ \t]+"([\w-]+)"[ \t]+"[^"\n]*"[ \t]*\{')
_PROPERTY = re.compile(r"(?:[a-z]\w*|(?i:properties))([.\[][^ :/]*)?")
"""A path in the resource's own body; other evidence names another resource, or what was counted."""
_OPENERS = 10
"""Resources that one finding names at most: a machine can be open in many ways."""
_IDENTIFYING = frozenset({"name", "location", "resource_group_name", "type", "parent_id", "scope", "tags"})
_TERRAFORM_ARGUMENT = re.compile(r"^[ \t]*([a-z]\w*)[ \t]*=(?!=)", re.MULTILINE)


def places(
    report: Report,
    resources: Mapping[str, Resource],
    *,
    declared: Mapping[str, Declaration],
    changed: Collection[str] = (),
    tree_prefix: str | None = None,
) -> InventoryTree:
    """What `--source-root` and `--sarif-inventory` come to: `RenderOptions.locations`, and the files to write.

    `resources` and `declared`, what code declares, are by lower-cased id. A declaration wins; the other resources get
    a file of the tree where `tree_prefix`, the tree's folder relative to the repository, is given. `changed` are those
    that code is about to change: a finding on another resource is shown at one of them that its evidence names.
    """
    shown = report.with_outcome(Outcome.FAIL, Outcome.EXEMPT)
    at_code: dict[str, Place] = {}
    calls: dict[str, tuple[Place, ...]] = {}
    for result in shown:
        declaration = declared.get(ids.id_key(result.subject.id)) or _through(result, declared, changed)
        if declaration:
            is_own = ids.id_key(result.subject.id) in declared
            at_code[result.fingerprint] = _property(result, declaration) if is_own else declaration.place
            if declaration.calls:
                calls[result.fingerprint] = declaration.calls
    openers = {
        result.fingerprint: found
        for result in shown
        if (found := tuple(_openers(result, declared, at_code.get(result.fingerprint))))
    }
    if tree_prefix is None:
        return InventoryTree({}, at_code, calls, openers, len(at_code))
    left = replace(report, results=tuple(result for result in shown if result.fingerprint not in at_code))
    tree = inventory_tree(left, resources, tree_prefix)
    return InventoryTree(tree.files, {**at_code, **tree.locations}, calls, openers, len(at_code))


def _openers(result: Result, declared: Mapping[str, Declaration], primary: Place | None) -> Iterator[tuple[str, Place]]:
    """Names and places of the other resources in the evidence, or of what holds them, where code declares these."""
    own = ids.id_key(result.subject.id)
    told: set[str] = {own}
    for leaf in result.evidence:
        owner, separator, path = leaf.path.partition(":")
        key = ids.id_key(owner)
        if not separator or not owner.startswith("/") or key in told or len(told) > _OPENERS:
            continue
        holder = key
        while "/providers/" in holder and holder not in declared:
            holder = ids.parent_of(holder)
        if holder not in declared:
            continue
        declaration = declared[holder]
        place = declaration.nearest(path) if holder == key else declaration.place
        told.add(key)
        if place != primary:
            yield "/".join(ids.below_provider(owner).split("/")[2::2]), place


def _through(result: Result, declared: Mapping[str, Declaration], changed: Collection[str]) -> Declaration | None:
    """The declaration of what code changes and the evidence names: a security rule that opens a machine."""
    if not changed:
        return None
    told = " ".join(f"{leaf.path} {leaf.actual} {leaf.expected}" for leaf in result.evidence) + result.message
    below = ids.id_key(result.subject.id) + "/"
    named = [
        key
        for key in changed
        if key in declared
        and (key in told.lower() or (key.startswith(below) and key.rpartition("/")[2] in told.lower()))
    ]
    return declared[max(named, key=len)] if named else None


def _property(result: Result, declaration: Declaration) -> Place:
    """The line of the first property in the evidence that is the resource's own, where the declaration has it."""
    set_by = _terraform_arguments(result.rule.remediation.terraform, declaration.block)
    if line := next((declaration.arguments[name] for name in set_by if name in declaration.arguments), None):
        return line  # what the rule's remediation would set is what is wrong
    own = (leaf.path for leaf in result.evidence if _PROPERTY.fullmatch(leaf.path))
    path = next(own, "")
    return declaration.nearest(path) if path else declaration.place


def _terraform_arguments(code: str, block: str) -> list[str]:
    """Arguments that the code sets in blocks of a resource type; all where it shows arguments alone."""
    if not block:
        return []
    parts = _TERRAFORM_RESOURCE.split(code)
    chosen = (
        parts[0]
        if len(parts) == 1
        else "".join(b for kind, b in zip(parts[1::2], parts[2::2], strict=True) if kind == block)
    )
    return [name for name in _TERRAFORM_ARGUMENT.findall(chosen) if name not in _IDENTIFYING]
