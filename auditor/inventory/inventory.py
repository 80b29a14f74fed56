"""The inventory: all resources with their indexes, and references between them in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from auditor.inventory import ids
from auditor.inventory.coverage import ClosedWorld, Coverage
from auditor.inventory.model import Gap, Json, Reference, Resource


class Inventory:
    """Resources by id and type, children, and references both ways.

    Children that a parent's body holds (subnets of a virtual network, rules of a security group, private endpoint
    connections of a service) are resources here, each with its own id, unless they were also given on their own.
    """

    def __init__(
        self,
        resources: Iterable[Resource],
        coverage: Coverage | None = None,
        gaps: Sequence[Gap] = (),
    ) -> None:
        """Index `resources`; of two with one id the later one wins, as a fresh read replaces an older one."""
        self.coverage: Coverage = coverage or ClosedWorld()
        """What absence of a resource means."""
        self.gaps: tuple[Gap, ...] = tuple(gaps)
        """What could not be read, in the order of the reads."""
        by_key: dict[str, Resource] = {}
        for resource in resources:
            by_key[resource.key] = resource
        self.collected = len(by_key)
        """How many resources were read, without the children that their bodies hold."""
        for resource in list(by_key.values()):
            for child in _embedded_children(resource):
                by_key.setdefault(child.key, child)
        self._by_key = by_key
        self._by_type: dict[str, list[Resource]] = {}
        self._children: dict[tuple[str, str], list[Resource]] = {}
        for key in sorted(by_key):
            resource = by_key[key]
            self._by_type.setdefault(resource.type_key, []).append(resource)
            parent = ids.parent_of(key)
            if parent:
                self._children.setdefault((parent, resource.type_key), []).append(resource)
        self._outgoing: dict[str, tuple[Reference, ...]] = {}
        self._incoming: dict[str, list[Reference]] | None = None

    @property
    def by_key(self) -> Mapping[str, Resource]:
        """All resources by lower-cased id."""
        return MappingProxyType(self._by_key)

    @property
    def types(self) -> Sequence[str]:
        """Type keys of which there is at least one resource, sorted."""
        return sorted(self._by_type)

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Resource]:
        """All resources in order of their keys."""
        return (self._by_key[key] for key in sorted(self._by_key))

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this id, compared without case."""
        return self._by_key.get(ids.id_key(resource_id))

    def nearest(self, resource_id: str) -> Resource | None:
        """The resource with this id, or the closest one that contains it.

        A public IP refers to an IP configuration inside a network interface; the interface is what can be judged.
        """
        key = ids.id_key(resource_id)
        while key:
            if found := self._by_key.get(key):
                return found
            if "/providers/" not in key:
                return None
            key = ids.parent_of(key)
        return None

    def of_type(self, resource_type: str) -> Sequence[Resource]:
        """All resources of a type, in order of their keys."""
        return self._by_type.get(ids.type_key(resource_type), ())

    def children(self, resource: Resource, child: str) -> Sequence[Resource]:
        """Children of `resource`: `blobServices` below a storage account, or a whole type for extension resources.

        `child` is a type segment (`blobServices`, `blobServices/containers`), or a full type name such as
        `Microsoft.Insights/diagnosticSettings` for what extends a resource.
        """
        lowered = child.lower()
        is_extension = "." in lowered.partition("/")[0]
        child_type = lowered if is_extension else f"{resource.type_key}/{lowered}"
        steps = 0 if is_extension else lowered.count("/")
        if not steps:
            return self._children.get((resource.key, child_type), ())
        prefix = resource.key + "/"
        return [r for r in self._by_type.get(child_type, ()) if r.key.startswith(prefix)]

    def references_from(self, resource: Resource) -> Sequence[Reference]:
        """Every property of `resource` that holds another object's id."""
        found = self._outgoing.get(resource.key)
        if found is None:
            found = self._outgoing[resource.key] = tuple(self._find_references(resource))
        return found

    def references_to(self, resource_id: str) -> Sequence[Reference]:
        """Every reference that names exactly this id, wherever it was found."""
        return self._index_incoming().get(ids.id_key(resource_id), ())

    def referencing(self, target: Resource, resource_type: str, path: str | None = None) -> Sequence[Resource]:
        """Resources of `resource_type` that hold the id of `target`, or of a part inside it, at `path`.

        `path` is compared without case and with every index as `[*]`; None accepts any property. A part is a
        sub-object with an id of its own, such as an IP configuration inside a network interface.
        """
        wanted_type = ids.type_key(resource_type)
        wanted_path = path.lower() if path is not None else None
        sources = {
            reference.source
            for reference in self._references_into(target)
            if wanted_path is None or reference.pattern == wanted_path
        }
        return [r for key in sorted(sources) if (r := self._by_key[key]).type_key == wanted_type and r is not target]

    def gap(self, resource_type: str, scope: str | None) -> Gap | None:
        """Why resources of a type below `scope` may be missing; see `Coverage.gap`."""
        return self.coverage.gap(ids.type_key(resource_type), scope)

    def _references_into(self, target: Resource) -> Iterator[Reference]:
        incoming = self._index_incoming()
        yield from incoming.get(target.key, ())
        yield from incoming.get(target.key + "/", ())

    def _index_incoming(self) -> dict[str, list[Reference]]:
        if self._incoming is None:
            incoming: dict[str, list[Reference]] = {}
            for key in sorted(self._by_key):
                for reference in self.references_from(self._by_key[key]):
                    incoming.setdefault(reference.target, []).append(reference)
                    container = self.nearest(reference.target)
                    if container is not None and container.key != reference.target:
                        incoming.setdefault(container.key + "/", []).append(reference)
            self._incoming = incoming
        return self._incoming

    def _find_references(self, resource: Resource) -> Iterator[Reference]:
        for path, text in _id_like_strings(resource.body):
            target = ids.id_key(text)
            if target == resource.key or target.startswith(resource.key + "/"):
                continue
            # Object ids of Microsoft Graph are bare GUIDs: a reference only where they name something known.
            if target[0] != "/" and target not in self._by_key:
                continue
            yield Reference(source=resource.key, path=path, target=target)


def _id_like_strings(body: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Property paths and values of all strings that can be an ARM id or a GUID; property names can be ids too.

    `identity.userAssignedIdentities` is keyed by the ids of the identities.
    """
    stack: list[tuple[str, Json]] = [(key, value) for key, value in reversed(list(body.items())) if key != "id"]
    while stack:
        path, value = stack.pop()
        if isinstance(value, str):
            if _looks_like_id(value):
                yield path, value
        elif isinstance(value, Mapping):
            for key in value:
                if key[:1] == "/" and _looks_like_id(key):
                    yield path, key
            stack.extend((f"{path}.{key}", inner) for key, inner in reversed(list(value.items())))
        elif isinstance(value, list):
            stack.extend((f"{path}[{index}]", inner) for index, inner in reversed(list(enumerate(value))))


def _looks_like_id(text: str) -> bool:
    if text[:1] == "/":
        return text[:15].lower() == "/subscriptions/" or "/providers/" in text.lower()
    return len(text) == 36 and text[8] == text[13] == text[18] == text[23] == "-"


def _embedded_children(resource: Resource) -> Iterator[Resource]:
    """Elements of a body's lists that are ARM children with their own id, children of those included."""
    properties = resource.body.get("properties")
    if not isinstance(properties, Mapping):
        return
    prefix = resource.key + "/"
    for value in properties.values():
        if not isinstance(value, list):
            continue
        for element in value:
            if not isinstance(element, Mapping) or "properties" not in element:
                continue
            child_id = element.get("id")
            if isinstance(child_id, str) and child_id.lower().startswith(prefix):
                # Never the element's own `type`: several services misspell it or leave it out there.
                child = Resource.from_body(element, resource_type=ids.type_of_id(child_id))
                yield child
                yield from _embedded_children(child)
