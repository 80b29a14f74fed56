"""What the loopback Azure serves and what rules read of each type is what Microsoft publishes of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest

from auditor.azure.collectors.entry import Entry
from auditor.azure.collectors.table import table
from auditor.inventory.coverage import embedding_parent
from auditor.inventory.model import Resource
from auditor.snapshot.demo import open_demo
from tests.azure.loopback.versions import versions_of
from tests.azure.shapes.exceptions import exceptions
from tests.azure.shapes.reads import examples, read
from tests.azure.shapes.schema import Steps, is_published, paths_of, published, shown

ENTRIES = [part for entry in table().values() for part in (entry, *entry.parts)]
DIRECTORY = "microsoft.graph/"
# What ids call the elements of `ipConfigurations`.
NAMED_OTHERWISE = frozenset({"azurefirewallipconfigurations", "bastionhostipconfigurations"})


Pairs = Iterable[tuple[str, Steps]]


@cache
def in_bodies() -> frozenset[tuple[str, Steps]]:
    """Type keys and paths of what the demo and rules' examples hold."""
    bodies = [Resource.from_body(body) for _, example in examples() for body in example]
    resources = (*open_demo().inventory, *bodies)
    return frozenset((resource.type_key, path) for resource in resources for path in paths_of(resource.body))


def is_apart(kind: str) -> bool:
    """Whether a type has a shape of its own: Microsoft Graph's have none here, and parts stand in what holds them."""
    parent, _, segment = kind.rpartition("/")
    if kind in published() or kind.startswith(DIRECTORY):
        return kind in published()
    return (
        not embedding_parent(kind)
        and segment not in NAMED_OTHERWISE
        and (parent not in published() or not is_published(parent, ("properties", segment, "[*]")))
    )


def unpublished(pairs: Pairs) -> set[tuple[str, Steps]]:
    """Those that their types are not published with."""
    return {(kind, path) for kind, path in pairs if kind in published() and not is_published(kind, path)}


def of_rules_over_several() -> set[tuple[str, Steps]]:
    """What rules over several types ask of all of them, and one of them has."""
    types = {rule.id: [name.lower() for name in rule.resource] for rule, _ in examples()}

    def one_has(reader: str, path: Steps) -> bool:
        return len(types[reader]) > 1 and any(is_published(name, path) for name in types[reader] if name in published())

    pairs = read(facts=False).items()
    return {(kind, path) for (kind, path), readers in pairs if all(one_has(reader, path) for reader in readers)}


def wrong(pairs: Pairs) -> list[str]:
    """Those that the types are not published with and nothing excuses."""
    return sorted(
        f"{kind} {shown(path)}"
        for kind, path in unpublished(pairs)
        if not any(excuse.covers(kind, path) for excuse in exceptions())
    )


def test_each_type_that_is_collected_or_judged_is_published() -> None:
    kinds = {entry.key for entry in ENTRIES} | {kind for kind, _ in in_bodies() if is_apart(kind)}
    missing = sorted(kinds - published().keys())
    assert missing == [], "run tests/azure/shapes/extract.py, or add them to unlisted.json by hand"


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.api_version], ids=lambda entry: entry.key)
def test_each_api_version_exists(entry: Entry) -> None:
    assert entry.api_version in versions_of(entry.type)
    assert published()[entry.key].read == entry.api_version, "run tests/azure/shapes/extract.py"


def test_each_shape_says_where_it_is_published() -> None:
    for name, kind in published().items():
        assert kind.source.startswith(("specification/", "https://learn.microsoft.com/")), name


def test_the_demo_and_the_examples_of_rules_have_published_properties_only() -> None:
    assert wrong(in_bodies()) == []


def test_rules_and_facts_read_published_properties_only() -> None:
    assert wrong(read(facts=True).keys() - of_rules_over_several()) == []


def test_each_exception_is_needed_and_what_many_are_asked_one_has() -> None:
    pairs = unpublished(read(facts=True).keys() | in_bodies()) - of_rules_over_several()
    for excuse in exceptions():
        paths = {path for kind, path in pairs if excuse.covers(kind, path)}
        assert paths, f"nothing needs the exception {excuse.path.pattern}: {excuse.why}"
        if excuse.of_many:
            assert any(is_published(kind, path) for kind in published() for path in paths), excuse.path.pattern
