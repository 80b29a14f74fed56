"""A rule's examples: small ARM bodies, completed to what a service would return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.rules.model import Example, Examples
from auditor.rules.vocabulary import EXAMPLE_KEYS
from auditor.rules.yaml_source import Place

EXAMPLE_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
EXAMPLE_GROUP = "rg-example"

_Problem = tuple[Place, str, str]


def parse_examples(value: Any, types: Sequence[str]) -> tuple[Examples, list[_Problem]]:
    """The examples of a rule, and what is wrong with them as (place, message, remedy)."""
    problems: list[_Problem] = []
    if not isinstance(value, Mapping):
        return Examples(), [((), "examples must be a mapping", f"with {', '.join(EXAMPLE_KEYS)}")]
    known = f"keys: {', '.join(EXAMPLE_KEYS)}"
    problems += [((key,), f"there is no key {key!r} in examples", known) for key in value if key not in EXAMPLE_KEYS]
    missing = [key for key in ("fail", "pass") if not value.get(key)]
    problems += [((), f"there is no example that should {key}", f"add one under {key}:") for key in missing]

    def kind(key: str) -> tuple[Example, ...]:
        entries = value.get(key) or []
        if not isinstance(entries, list):
            problems.append(((key,), f"{key} takes a list of examples", "write each after a dash"))
            return ()
        return tuple(_example(entry, types, (key, index), problems) for index, entry in enumerate(entries))

    examples = Examples(fail=kind("fail"), passing=kind("pass"), not_applicable=kind("not_applicable"))
    return examples, problems


def _example(entry: Any, types: Sequence[str], place: Place, problems: list[_Problem]) -> Example:
    bodies = entry if isinstance(entry, list) else [entry]
    default = types[0] if types else ""
    completed = []
    for index, body in enumerate(bodies):
        spot = (*place, index) if isinstance(entry, list) else place
        if not isinstance(body, Mapping):
            problems.append((spot, "an example is an ARM body or a list of them", "write name:, properties:, ..."))
            continue
        if index and not body.get("id") and not body.get("type"):
            problems.append((spot, "a related resource needs a type or an id", "add type: Microsoft.Network/..."))
            continue
        completed.append(complete(body, default if index == 0 else ""))
    return tuple(completed)


def complete(body: Mapping[str, Any], default_type: str) -> dict[str, Any]:
    """A body with `id`, `name` and `type` where its author left them out.

    A child's name is written with its parents', as in ARM templates: `name: account/default` for the type
    `Microsoft.Storage/storageAccounts/blobServices`. Its body then has the last part only, as the service returns it.
    """
    kind = str(body.get("type") or default_type)
    name = str(body.get("name") or "example")
    if body.get("id"):
        return {**body, **({"type": kind} if kind else {})}
    namespace, *segments = kind.split("/")
    names = name.split("/")
    names = ["example"] * (len(segments) - len(names)) + names
    if namespace.lower() == "microsoft.graph":
        return {"id": name, "type": kind, **body}
    tail = "/".join(f"{segment}/{part}" for segment, part in zip(segments, names, strict=False))
    group = f"/subscriptions/{EXAMPLE_SUBSCRIPTION}/resourceGroups/{EXAMPLE_GROUP}"
    return {**body, "id": f"{group}/providers/{namespace}/{tail}", "type": kind, "name": names[-1]}
