"""Exports of other tools as a source: REST lists, `az resource list`, `az graph query`, JSON lines, folders of these.

An export has no ledger, so what it cannot show counts as not read. Secrets in it are replaced as at collection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from auditor.errors import Problem, SnapshotError
from auditor.inventory import ids
from auditor.inventory.coverage import ExportCoverage
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource
from auditor.inventory.standing import StandingChildren
from auditor.inventory.stored import beyond_the_first, is_large
from auditor.inventory.stumbles import Stumble, attempt
from auditor.secrets.redactor import Redactor
from auditor.snapshot.bodies import as_arm, lacks_properties
from auditor.snapshot.directory_objects import left_out
from auditor.snapshot.export_files import Document, files_below, read_document
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source

_REMEDY = "Export with: az graph query -q 'resources' --first 1000 -o json"
_SUBSCRIPTION = ids.type_key(ids.SUBSCRIPTION_TYPE)
_NOT_UNDERSTOOD = "BodyNotUnderstood"
_DIRECTORY = "microsoft.graph/"
# What Resource Graph and the Azure CLI add to each row, and ARM's own body does not have.
_ADDED = frozenset({"subscriptionId", "resourceGroup", "tenantId"})
# Top-level names of ARM's envelope: https://learn.microsoft.com/azure/templates/ and `az resource list`.
_ENVELOPE = frozenset(
    (  # noqa: SIM905 - names are easier to read without quotes
        "apiVersion changedTime createdTime etag extendedLocation id identity kind location managedBy name plan "
        "provisioningState resourceGroup scale sku subscriptionId systemData tags tenantId type zones"
    ).split()
)


def read_exports(path: Path, *, assume_complete: bool = False) -> Source:
    """Resources from a file or a folder of files. Raises SnapshotError with every file's problem.

    With `assume_complete` objects that the export lacks do not exist. What it holds in part stays unread: objects
    without their properties, and types of which it says itself that there are more pages.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    count = 0
    for file in files_below(path):
        if document := read_document(file, problems):
            documents.append(document)
            count += len(document.bodies)
            if is_large(count):
                document.bodies.pack()
    if problems:
        raise SnapshotError("cannot be read as an export", subject=str(path), remedy=_REMEDY, problems=problems)
    if not count:
        raise SnapshotError("holds no resources", subject=str(path), remedy=_REMEDY)
    # Keyed with the files' own content: the same export gives the same report, and a report alone gives nothing away.
    redactor = Redactor(hashlib.sha256(b"".join(document.digest for document in documents)).digest())
    cut = _cut_types(documents)
    manifest = _manifest(path, documents, assume_complete=assume_complete)
    resources = list(
        beyond_the_first(
            _resource(document.file, body, redactor, recognised=place in document.recognised)
            for document in documents
            for place, body in enumerate(document.bodies.taken())
        )
    )
    present = {resource.type_key for resource in resources if "properties" not in resource.unread} - set(cut)
    gaps = [_cut_gap(kind, file) for kind, file in sorted(cut.items())]
    standing = StandingChildren(resources)
    groups = {group for resource in resources if (group := ids.group_key(resource.key))}
    coverage = ExportCoverage(
        present, str(path), gaps, standing=standing, groups=groups, assume_complete=assume_complete
    )
    notices = (*_cut_notices(cut), *_notices(resources), *_told(resources))
    return Source(manifest, Inventory(resources, coverage, gaps), notices)


def _manifest(path: Path, documents: Sequence[Document], *, assume_complete: bool) -> Manifest:
    modified_at = max(document.modified_at for document in documents)
    tenants: set[str] = set()
    subscriptions: dict[str, str] = {}
    for body in (body for document in documents for body in document.bodies):
        if body.get("tenantId"):
            tenants.add(str(body["tenantId"]).lower())
        subscriptions.update(_subscription(body))
    return Manifest(
        source=str(path),
        started_at=modified_at,
        finished_at=modified_at,
        # Where all rows of a Resource Graph query name the same one.
        tenant=tenants.pop() if len(tenants) == 1 else "",
        subscriptions=dict(sorted(subscriptions.items())),
        assumed_complete=assume_complete,
    )


def _resource(file: Path, body: Mapping[str, Json], redactor: Redactor, *, recognised: bool) -> Resource:
    plain = Resource.from_body(body)
    if plain.type_key.startswith(_DIRECTORY):
        gaps = {name.lower(): _not_selected(plain, name, file) for name in left_out(body)} if recognised else {}
        whole = attempt(redactor.redact, plain.type_key, body)
        if isinstance(whole, Stumble):
            return _not_understood(plain, file, whole, redactor.envelope(body))
        return Resource.from_body(whole, unread=gaps)
    trimmed = body if plain.type_key == _SUBSCRIPTION else as_arm(plain.type_key, _without_added(body))
    kept = attempt(redactor.redact, plain.type_key, trimmed)
    if isinstance(kept, Stumble):
        return _not_understood(plain, file, kept, redactor.envelope(body))
    if not lacks_properties(plain.type_key, kept):
        if kept.get("id") == plain.id and kept.get("type") == body.get("type"):
            return Resource(plain.id, plain.type, kept, {}, plain.key, plain.type_key)
        return Resource.from_body(kept)
    gap = Gap(plain.id, plain.type, f"read {file}", None, "NotInExport", _why_bare(body))
    return Resource.from_body(kept, unread={"properties": gap})


def _not_selected(resource: Resource, name: str, file: Path) -> Gap:
    message = f"the export leaves out {name}: Microsoft Graph gives it where it is selected or expanded"
    return Gap(resource.id, resource.type, f"read {file}", None, "NotInExport", message)


def _without_added(body: Mapping[str, Json]) -> dict[str, Json]:
    """A row without the columns that queries add to what Azure Resource Manager has."""
    return {name: value for name, value in body.items() if name not in _ADDED}


def _why_bare(body: Mapping[str, Json]) -> str:
    if len(set(body) - _ENVELOPE) > 2:
        return (
            "the export has flattened the properties, as `az <service> list` does; "
            "use `az graph query` or `az rest`, which leave bodies as they are"
        )
    return "the export leaves out properties, as `az resource list` does; use `az graph query` or `az rest`"


def _cut_types(documents: Sequence[Document]) -> dict[str, Path]:
    """Types of which a file says that there are more on pages that are not here, with the file."""
    cut: dict[str, Path] = {}
    if not any(document.continued or document.total is not None for document in documents):
        return cut
    ended = {kind for document in documents if not document.continued for kind in _types(document)}
    for document in documents:
        rows = sum(len(other.bodies) for other in documents if other.total == document.total)
        missing = document.total is not None and rows < document.total
        types = _types(document)
        # Pages saved as files of one folder: the last one of them has no continuation.
        if missing or (document.continued and document.total is None and not types & ended):
            cut.update(dict.fromkeys(types, document.file))
    return cut


def _types(document: Document) -> set[str]:
    return {Resource.from_body(body).type_key for body in document.bodies}


def _cut_gap(kind: str, file: Path) -> Gap:
    message = f"{file.name} is only the first part of its query's answer"
    return Gap("/", kind, f"read {file}", None, "NotInExport", message)


def _cut_notices(cut: Mapping[str, Path]) -> Iterator[str]:
    for file in sorted(set(cut.values())):
        yield f"{file} is cut short: it says that there are more pages; follow its skip token, or use `auditor collect`"


def _subscription(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Id and name of a subscription, where the export holds it (`resourcecontainers`)."""
    kind = body.get("type")
    if isinstance(kind, str) and "/" in kind and ids.type_key(kind) != _SUBSCRIPTION:
        return
    resource = Resource.from_body(body)
    if resource.type_key == _SUBSCRIPTION and resource.subscription_id:
        yield resource.subscription_id, resource.display_name


def _not_understood(plain: Resource, file: Path, stumble: Stumble, envelope: Mapping[str, Json]) -> Resource:
    """A resource of whose body nothing could be made safe to keep: it is there, and nothing else is known of it."""
    message = f"its body cannot be understood: {stumble}"
    gap = Gap(plain.id, plain.type, f"read {file}", None, _NOT_UNDERSTOOD, message)
    return Resource.from_body({"id": plain.id, **envelope}, resource_type=plain.type, unread={"properties": gap})


def _told(resources: Iterable[Resource]) -> Iterator[str]:
    for resource in resources:
        for gap in resource.unread.values():
            if gap.code == _NOT_UNDERSTOOD:
                yield f"{resource.id} counts as not read: {gap.message}"


def _is_bare(resource: Resource) -> bool:
    gap = resource.unread.get("properties")
    return gap is not None and gap.code == "NotInExport"


def _notices(resources: Iterable[Resource]) -> Iterator[str]:
    bare = sum(1 for resource in resources if _is_bare(resource))
    if bare:
        yield (
            f"{bare} resource{'s have' if bare > 1 else ' has'} no properties in the export, so rules over these are "
            "unknown; export with `az graph query` or `az rest` instead"
        )
