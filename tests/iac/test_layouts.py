"""Repositories as they are found in public, each with resources that it deploys and the lines that declare them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.iac import declared_at
from auditor.inventory.model import Resource

LAYOUTS = sorted(Path(__file__).parent.joinpath("layouts").glob("*.txt"))


def resource_of(kind: str, name: str, tags: list[str]) -> Resource:
    namespace, *segments = kind.split("/")
    tail = "/".join(f"{segment}/{part}" for segment, part in zip(segments, name.split("/"), strict=True))
    return Resource.from_body(
        {
            "id": f"/subscriptions/s/resourceGroups/rg-shop/providers/{namespace}/{tail}",
            "tags": dict(tag.split("=") for tag in tags),
        }
    )


def read(layout: Path, folder: Path) -> dict[str, tuple[Resource, str]]:
    """Writes the layout's files; gives its resources with `file: words of the line`, or `none`."""
    code, _, table = layout.read_text().partition("--- resources\n")
    for part in code.split("\n=== ")[1:]:
        name, _, text = part.partition("\n")
        folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath(name).write_text(text)
    rows = [re.fullmatch(r"(\S+) (\S+)((?: \S+=\S+)*) -> (.+)", line) for line in table.splitlines()]
    return {row[2]: (resource_of(row[1], row[2], row[3].split()), row[4]) for row in rows if row}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.stem)
def test_resources_are_found_where_they_are_declared(layout: Path, tmp_path: Path):
    wanted = read(layout, tmp_path)

    found = declared_at(tmp_path, [resource for resource, _ in wanted.values()])

    shown = {}
    for name, (resource, where) in wanted.items():
        shown[name] = "none"
        if declaration := found.get(resource.key):
            place = declaration.place
            line = (tmp_path / place.uri).read_text().splitlines()[place.start_line - 1]
            words = where.partition(": ")[2]
            shown[name] = f"{place.uri}: {words if words in line else line.strip()}"
    assert shown == {name: where for name, (_, where) in wanted.items()}
