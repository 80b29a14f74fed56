"""Rewrites `published.json` from a checkout of https://github.com/Azure/bicep-types-az.

That repository holds, for each API version, the types that https://github.com/Azure/azure-rest-api-specs declares:
what can be read of a type as well as what can be set. By hand, when an API version of the collection table changes:
`python -m tests.azure.shapes.extract CHECKOUT`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any

from auditor.azure.collectors.table import table
from auditor.rules.loader import load_rules
from tests.azure.shapes.schema import DATA

_FILE = re.compile(r"generated/(?P<folder>[^/]+)/(?P<namespace>[^/]+)/(?P<version>\d[^/]+)/types\.json")
_PLAIN = {"StringType": "string", "IntegerType": "integer", "BooleanType": "boolean"}


class Checkout:
    """The files of types at the newest commit."""

    def __init__(self, place: str) -> None:
        self._place = place
        self.files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        """Paths by namespace (lower-cased) and version."""
        for path in self._git("ls-tree", "-r", "--name-only", "HEAD", "generated").splitlines():
            if found := _FILE.fullmatch(path):
                self.files[found["namespace"].lower()][found["version"]].append(path)

    def _git(self, *words: str) -> str:
        return subprocess.run(("git", "-C", self._place, *words), check=True, capture_output=True, text=True).stdout

    @cache  # noqa: B019 - one checkout a run
    def types(self, path: str) -> tuple[list[dict[str, Any]], dict[str, list[int]]]:
        """The nodes of a file, and where the bodies of its types are, by lower-cased type."""
        nodes = json.loads(self._git("show", f"HEAD:{path}"))
        bodies: dict[str, list[int]] = defaultdict(list)
        for node in nodes:
            if node["$type"] == "ResourceType":
                bodies[node["name"].partition("@")[0].lower()].append(_at(node["body"]))
        return nodes, bodies

    @cache  # noqa: B019
    def specification(self, path: str) -> str:
        """The folder of azure-rest-api-specs that a file was made from."""
        folder = path.split("/")[1]
        try:
            first = self._git("show", f"HEAD:generated/{folder}/log.out").partition("\n")[0]
        except subprocess.CalledProcessError:  # a copy that leaves large files out
            first = ""
        found = re.search(r"'(specification/.*?)(/readme\.md)?'", first)
        return found[1] if found else f"specification/{folder.partition('_')[0]}/resource-manager"

    def find(self, kind: str, version: str) -> tuple[str, str] | None:
        """The file and version that has a type: the very version, or the nearest stable one before it, or after it.

        Where no version is given the newest, as Resource Graph shows what newer versions have.
        """
        versions = self.files.get(kind.partition("/")[0], {})
        having = [(found, path) for found, paths in versions.items() for path in paths if kind in self.types(path)[1]]
        if not having:
            return None
        stable = [pair for pair in having if not pair[0].endswith("preview")] or having
        before = [pair for pair in stable if pair[0] <= version]
        exact = [pair for pair in having if pair[0] == version]
        chosen = max(exact or before or (having if not version else [min(stable)]))
        return chosen[1], chosen[0]


def _at(reference: Mapping[str, str]) -> int:
    return int(reference["$ref"].rpartition("/")[2])


class Shapes:
    """Shapes of one file; objects are named once, however often they are held."""

    def __init__(self, nodes: list[dict[str, Any]], prefix: str, names: dict[str, Any]) -> None:
        self._nodes = nodes
        self._prefix = prefix
        self._names = names
        self._named: dict[int, str] = {}

    def shape(self, number: int) -> Any:
        """What stands at a node: `string`, `=A|B` (words it takes), `[x]`, `{"*": x}` (any name), `@name`."""
        node = self._nodes[number]
        match node["$type"]:
            case "ArrayType":
                return [self.shape(_at(node["itemType"]))]
            case "UnionType":
                return self._union([_at(part) for part in node["elements"]])
            case "StringLiteralType":
                return f"={node['value']}"
            case "ObjectType" | "DiscriminatedObjectType":
                return self._object(number, node)
            case kind:
                return _PLAIN.get(kind, "any")

    def _union(self, parts: list[int]) -> Any:
        shapes = [self.shape(part) for part in parts]
        words = [shape[1:] for shape in shapes if isinstance(shape, str) and shape.startswith("=")]
        if words:
            return "=" + "|".join(words[:12])
        return shapes[0] if len(shapes) == 1 else "any"

    def _object(self, number: int, node: Mapping[str, Any]) -> Any:
        if number in self._named:
            return f"@{self._named[number]}"
        properties = dict(node.get("properties") or node.get("baseProperties") or {})
        if not properties and node["$type"] == "ObjectType":
            more = node.get("additionalProperties")
            return {"*": self.shape(_at(more))} if more else "any"
        name = self._name(node["name"])
        self._named[number] = name
        self._names[name] = {}  # it may hold itself
        made = {key: self.shape(_at(value["type"])) for key, value in properties.items() if key != "apiVersion"}
        for element in node.get("elements", {}).values():
            self._take(made, self.shape(_at(element)))
        if more := node.get("additionalProperties"):
            made["*"] = self.shape(_at(more))
        self._names[name] = made
        return f"@{name}"

    def _take(self, made: dict[str, Any], element: Any) -> None:
        """Everything that one of the variants has."""
        for key, value in self._names[element[1:]].items() if isinstance(element, str) and element[0] == "@" else ():
            made[key] = merged(made[key], value, self._names) if key in made else value

    def _name(self, name: str) -> str:
        wanted = f"{self._prefix}.{name.rpartition('/')[2]}"
        number = 0
        while f"{wanted}{number or ''}" in self._names:
            number += 1
        return f"{wanted}{number or ''}"


def merged(one: Any, other: Any, names: dict[str, Any]) -> Any:
    """A shape that has what either has."""
    if other in (one, "any"):
        return one
    if one == "any":
        return other
    if all(isinstance(shape, str) and shape.startswith("=") for shape in (one, other)):
        return "=" + "|".join(dict.fromkeys([*one[1:].split("|"), *other[1:].split("|")]))
    if not _is_object(one) or not _is_object(other):
        return other if _is_object(other) else one
    first, second = (names[shape[1:]] if isinstance(shape, str) else shape for shape in (one, other))
    start = next((shape[1:] for shape in (one, other) if isinstance(shape, str)), "any") + "+"
    name = next(made for number in count(1) if (made := f"{start}{number}") not in names)
    names[name] = {}
    both = {key: merged(first[key], second[key], names) for key in first if key in second}
    names[name] = {**first, **second, **both}
    return f"@{name}"


def _is_object(shape: Any) -> bool:
    return isinstance(shape, Mapping) or (isinstance(shape, str) and shape.startswith("@"))


def wanted() -> Iterator[tuple[str, str]]:
    """Types to find, with the API version that they are read by; "" where Resource Graph answers."""
    seen: dict[str, str] = {}
    for entry in table().values():
        for part in (entry, *entry.parts):
            seen[part.type] = part.api_version
    lowered = {name.lower() for name in seen}
    for rule in load_rules(examples=True).rules:
        bodies = [body for kind in (rule.examples.fail, rule.examples.passing) for example in kind for body in example]
        for name in (*rule.resource, *(str(body.get("type") or "") for body in bodies)):
            if name and not name.lower().startswith("microsoft.graph/") and name.lower() not in lowered:
                lowered.add(name.lower())
                seen[name] = ""
    yield from sorted(seen.items())


def extract(place: str) -> dict[str, Any]:
    """Everything that `published.json` has."""
    checkout = Checkout(place)
    names: dict[str, Any] = {}
    made: dict[tuple[str, str], Shapes] = {}
    types: dict[str, Any] = {}
    for kind, version in wanted():
        found = checkout.find(kind.lower(), version)
        if found is None:
            print("not published:", kind, version, file=sys.stderr)
            continue
        path, published = found
        nodes, bodies = checkout.types(path)
        prefix = f"{kind.partition('/')[0].removeprefix('Microsoft.')}"
        shapes = made.setdefault((path, prefix), Shapes(nodes, prefix, names))
        shape = shapes.shape(bodies[kind.lower()][0])
        for other in bodies[kind.lower()][1:]:
            shape = merged(shape, shapes.shape(other), names)
        types[kind] = {"read": version, "published": published, "source": checkout.specification(path), "shape": shape}
    return {"types": types, "objects": dict(sorted(_reached(types, names).items()))}


def _reached(types: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    reached: dict[str, Any] = {}
    pending = [entry["shape"] for entry in types.values()]
    while pending:
        shape = pending.pop()
        if isinstance(shape, list):
            pending += shape
        elif isinstance(shape, Mapping):
            pending += shape.values()
        elif shape.startswith("@") and shape[1:] not in reached:
            reached[shape[1:]] = names[shape[1:]]
            pending += names[shape[1:]].values()
    return reached


def written(data: Mapping[str, Any]) -> str:
    """The file's text: one line a type and an object, so that a change of one can be read."""
    parts = (
        f' "{part}": {{\n'
        + ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in data[part].items()
        )
        + "\n }"
        for part in ("types", "objects")
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    DATA.write_text(written(extract(sys.argv[1])), "utf-8")
