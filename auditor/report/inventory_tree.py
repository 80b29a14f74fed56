"""A folder with one readable JSON file a resource, so that findings are shown at the property they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.evaluate.model import Outcome, Report, Result
from auditor.iac.layout import Layout
from auditor.iac.place import Place
from auditor.inventory import ids
from auditor.inventory.model import Resource
from auditor.report.addresses import artifact_path, artifact_uri
from auditor.report.json_layout import write


@dataclass(frozen=True, slots=True)
class InventoryTree:
    """Files to write, and where findings are in them."""

    files: Mapping[str, str]
    """JSON text by path relative to the folder, forward slashes."""
    locations: Mapping[str, Place]
    """Place by fingerprint: `RenderOptions.locations`."""
    calls: Mapping[str, tuple[Place, ...]] = field(default_factory=dict)
    """Module calls that lead to a place, by fingerprint: `RenderOptions.calls`."""
    openers: Mapping[str, tuple[tuple[str, Place], ...]] = field(default_factory=dict)
    """Where what decided a finding is declared, by fingerprint: `RenderOptions.openers`."""
    at_code: int = 0
    """How many findings stand at the code that declares their resource, or changes it."""


def inventory_tree(report: Report, resources: Mapping[str, Resource], prefix: str) -> InventoryTree:
    """The files of all resources that SARIF shows, from `resources` by lower-cased id.

    `prefix` is the folder's path relative to the repository, as `RenderOptions.uri_prefix`.
    """
    files: dict[str, str] = {}
    layouts: dict[str, Layout] = {}
    locations: dict[str, Place] = {}
    for result in report.with_outcome(Outcome.FAIL, Outcome.EXEMPT):
        key = ids.id_key(result.subject.id)
        resource = resources.get(key)
        if resource is None:
            continue
        if key not in layouts:
            layouts[key] = write(resource.body)
            files[artifact_path(resource.id)] = layouts[key].text
        locations[result.fingerprint] = _place(result, layouts[key], artifact_uri(prefix, resource.id))
    return InventoryTree(dict(sorted(files.items())), locations)


def _place(result: Result, layout: Layout, uri: str) -> Place:
    """Where the first piece of evidence that is the resource's own stands; the top of the file where there is none."""
    for leaf in result.evidence:
        if leaf.path.startswith("/") or leaf.path.startswith("facts."):
            continue  # another resource's property, or computed from several
        if span := layout.find(leaf.path):
            return Place(uri, span.line, span.start, span.line, span.end)
    return Place(uri)
