"""The inventory: all resources with their indexes, and references between them in both directions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType

from auditor.inventory import ids
from auditor.inventory.changes import CHANGES_KEY, property_changes
from auditor.inventory.coverage import ClosedWorld, Coverage
from auditor.inventory.cycles import uncollected
from auditor.inventory.model import Gap, Json, PropertyChange, Reference, Resource
from auditor.inventory.stored import Stored, stored


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
        management_groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Index `resources`; of two with one id the later one wins, as a fresh read replaces an older one."""
        self.coverage: Coverage = coverage or ClosedWorld()
        """What absence of a resource means."""
        self.gaps: tuple[Gap, ...] = tuple(gaps)
        """What could not be read, in the order of the reads."""
        self.management_groups: Mapping[str, Sequence[str]] = management_groups or {}
        """GUID of a subscription to the names of the management groups above it, the closest first, as far as known."""
        with uncollected():
            by_key = {resource.key: resource for resource in resources}
            records = [key for key, resource in by_key.items() if resource.type_key == CHANGES_KEY]
            self.change_records: tuple[Resource, ...] = tuple(by_key.pop(key) for key in sorted(records))
            """Azure's records of changes, which are no resources; see `auditor.inventory.changes`."""
            self.collected = len(by_key)
            """How many resources were read, without the children that their bodies hold."""
            read = set(by_key)
            _add_embedded(by_key)
            self._embedded = frozenset(by_key.keys() - read)
            self._by_key = {key: by_key[key] for key in sorted(by_key)}
            self._by_type: dict[str, list[Resource]] = {}
            self._children: dict[tuple[str, str], list[Resource]] = {}
            for key, resource in self._by_key.items():
                self._by_type.setdefault(resource.type_key, []).append(resource)
                if parent := ids.parent_of(key):
                    self._children.setdefault((parent, resource.type_key), []).append(resource)
        self._shared = _keys_by_tail(self._by_type)
        self._outgoing: dict[str, tuple[Reference, ...]] = {}
        self._incoming: dict[str, list[Reference]] | None = None
        self._changes: Mapping[str, Sequence[PropertyChange]] | None = None

    @property
    def by_key(self) -> Mapping[str, Resource]:
        """All resources by lower-cased id."""
        return MappingProxyType(self._by_key)

    @property
    def types(self) -> Sequence[str]:
        """Type keys of which there is at least one resource, sorted."""
        return sorted(self._by_type)

    @property
    def changes(self) -> Mapping[str, Sequence[PropertyChange]]:
        """What was changed by whom, by the key of the resource, the latest first; empty where nobody collected it."""
        if self._changes is None:
            self._changes = property_changes(self.change_records)
        return self._changes

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Resource]:
        """All resources in order of their keys."""
        return iter(self._by_key.values())

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this id, compared without case.

        A role or policy definition is found whatever scope its id is written with.
        """
        return self._by_key.get(self._known_key(ids.id_key(resource_id)))

    def is_embedded(self, resource: Resource) -> bool:
        """Whether it was not read on its own: its parent's body holds it."""
        return resource.key in self._embedded

    def nearest(self, resource_id: str) -> Resource | None:
        """The resource with this id, or the closest one that contains it.

        A public IP refers to an IP configuration inside a network interface; the interface is what can be judged.
        """
        key = self._known_key(ids.id_key(resource_id))
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
        found = self._by_type.get(child_type, [])
        # "0" follows "/" in the alphabet: every key below the resource, and no other.
        first, last = (bisect_left(found, resource.key + sign, key=attrgetter("key")) for sign in "/0")
        return found[first:last]

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
            with uncollected():
                self._incoming = self._all_incoming()
        return self._incoming

    def _all_incoming(self) -> dict[str, list[Reference]]:
        incoming: dict[str, list[Reference]] = {}
        for resource in self._by_key.values():
            for reference in self.references_from(resource):
                incoming.setdefault(reference.target, []).append(reference)
        for target in [target for target in incoming if target not in self._by_key]:
            if container := self.nearest(target):
                incoming.setdefault(container.key + "/", []).extend(incoming[target])
        return incoming

    def _find_references(self, resource: Resource) -> Iterator[Reference]:
        own = resource.key
        below = own + "/"
        for path, text in _id_like_strings(resource.body):
            target = ids.id_key(text)
            if target == own or target.startswith(below):
                continue
            # Object ids of Microsoft Graph are bare GUIDs: a reference only where they name something known.
            if target[0] != "/" and target not in self._by_key:
                continue
            yield Reference(source=own, path=path, target=self._known_key(target))

    def _known_key(self, key: str) -> str:
        """The key under which a definition is known, where the id names it below another scope; else the key itself."""
        if self._shared and key not in self._by_key and "/providers/microsoft.authorization/" in key:
            return self._shared.get(_tail(key), key)
        return key


_DEFINITIONS = (
    "microsoft.authorization/roledefinitions",
    "microsoft.authorization/policydefinitions",
    "microsoft.authorization/policysetdefinitions",
)


def _keys_by_tail(by_type: Mapping[str, Sequence[Resource]]) -> Mapping[str, str]:
    """Definitions by the end of their ids: built-in ones are written with and without a subscription in front.

    An assignment names `/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/<guid>`; a list at the
    tenant gives `/providers/Microsoft.Authorization/roleDefinitions/<guid>` for the same one
    (https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list#rest-api).
    """
    found: dict[str, str] = {}
    for kind in _DEFINITIONS:
        for resource in by_type.get(kind, ()):
            found.setdefault(_tail(resource.key), resource.key)
    return found


def _tail(key: str) -> str:
    return key[key.rfind("/providers/") :]


def _add_embedded(by_key: dict[str, Resource]) -> None:
    """Add the children that bodies hold; one that was read on its own stays, unless its properties were not."""
    for resource in list(by_key.values()):
        for child in _embedded_children(resource):
            own = by_key.get(child.key)
            if own is None or "properties" in own.unread:
                by_key[child.key] = stored(child) if isinstance(resource, Stored) else child


def _id_like_strings(body: Mapping[str, Json]) -> list[tuple[str, str]]:
    """Property paths and values of all strings that can be an ARM id or a GUID; property names can be ids too.

    `identity.userAssignedIdentities` is keyed by the ids of the identities. The body's own `id` is none. Within one
    object texts come before what is nested.
    """
    found: list[tuple[str, str]] = []
    stack: list[tuple[str, Json]] = [("", {key: value for key, value in body.items() if key != "id"})]
    while stack:
        path, value = stack.pop()
        nested: list[tuple[str, Json]] = []
        if isinstance(value, dict):
            start = f"{path}." if path else ""
            for key, inner in value.items():
                if key[:1] == "/" and _looks_like_id(key):
                    found.append((path, key))
                kind = type(inner)
                if kind is str:
                    if (inner[:1] == "/" or len(inner) == _GUID_LENGTH) and _looks_like_id(inner):
                        found.append((start + key, inner))
                elif (kind is dict or kind is list) and inner:
                    nested.append((start + key, inner))
        else:
            for index, inner in enumerate(value):
                kind = type(inner)
                if kind is str:
                    if (inner[:1] == "/" or len(inner) == _GUID_LENGTH) and _looks_like_id(inner):
                        found.append((f"{path}[{index}]", inner))
                elif (kind is dict or kind is list) and inner:
                    nested.append((f"{path}[{index}]", inner))
        stack.extend(reversed(nested))
    return found


_GUID_LENGTH = 36


def _looks_like_id(text: str) -> bool:
    if text[:1] == "/":
        return text[:15].lower() == "/subscriptions/" or "/providers/" in text.lower()
    return len(text) == _GUID_LENGTH and text[8] == text[13] == text[18] == text[23] == "-"


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
