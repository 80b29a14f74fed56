"""Resources matched with the declarations below a folder. Where anything is open, there is no match."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from auditor.inventory.model import Resource
from auditor.report.model import Place
from auditor.report.sources.arm import arm_declarations
from auditor.report.sources.bicep import bicep_declarations
from auditor.report.sources.declaration import Declaration
from auditor.report.sources.terraform import Block, state_ids, terraform_blocks

_SKIPPED = frozenset({".git", ".terraform", "node_modules", ".venv", "venv", "__pycache__", ".azure", ".tox"})
_LARGEST = 5_000_000


def declared_at(root: Path, resources: Iterable[Resource], *, base: Path | None = None) -> dict[str, Place]:
    """Where files below `root` declare resources, by lower-cased id: `RenderOptions.locations`.

    A Terraform state's ids come first, then type and full name, then the `azd-service-name` tag. What two declarations
    or two resources could claim stays without a place. URIs are relative to `base`, a folder that holds `root`; to
    `root` itself where that is not given or lies elsewhere.
    """
    root = root.resolve()
    start = base.resolve() if base and root.is_relative_to(base.resolve()) else root
    declarations: list[Declaration] = []
    blocks: list[Block] = []
    states: list[tuple[str, str]] = []
    for path, text in _files(root):
        uri = quote(path.relative_to(start).as_posix(), safe="/")
        match path.suffix.lower():
            case ".bicep":
                declarations += bicep_declarations(text, uri)
            case ".json":
                declarations += arm_declarations(text, uri)
            case ".tf":
                blocks += terraform_blocks(text, uri)
            case ".tfstate":
                states += state_ids(text)
    declarations += [block.declaration for block in blocks if block.declaration]
    return _match(declarations, _from_states(states, blocks), list(resources))


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Source files in a fixed order; links are not followed, and what cannot be read as text is passed over."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix.lower() not in (".bicep", ".json", ".tf", ".tfstate") or path.is_symlink():
                continue
            try:
                if path.stat().st_size <= _LARGEST:
                    yield path, path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                continue


def _from_states(states: Iterable[tuple[str, str]], blocks: Iterable[Block]) -> dict[str, Place]:
    """Places by id, for addresses that exactly one block has."""
    by_address: dict[str, list[Place]] = {}
    for block in blocks:
        by_address.setdefault(block.address, []).append(block.place)
    return {key: by_address[address][0] for address, key in states if len(by_address.get(address, ())) == 1}


def _match(
    declarations: Iterable[Declaration], known: Mapping[str, Place], resources: list[Resource]
) -> dict[str, Place]:
    by_name = _unique((d.type_key, d.name, d.place) for d in declarations if d.name)
    by_service = _unique((d.type_key, d.service.lower(), d.place) for d in declarations if d.service)
    names = Counter((resource.type_key, full_name(resource)) for resource in resources)
    services = Counter((resource.type_key, _service(resource)) for resource in resources)
    places: dict[str, Place] = {}
    for resource in resources:
        named, served = (resource.type_key, full_name(resource)), (resource.type_key, _service(resource))
        place = known.get(resource.key)
        if place is None and names[named] == 1:
            place = by_name.get(named)
        if place is None and served[1] and services[served] == 1:
            place = by_service.get(served)
        if place:
            places[resource.key] = place
    return places


def _unique(claims: Iterable[tuple[str, str, Place]]) -> dict[tuple[str, str], Place]:
    """Places by type and name, without those that two declarations claim."""
    places: dict[tuple[str, str], list[Place]] = {}
    for kind, name, place in claims:
        places.setdefault((kind, name), []).append(place)
    return {key: found[0] for key, found in places.items() if len(found) == 1}


def full_name(resource: Resource) -> str:
    """The name as templates write it, lower-cased: `account/default` for a child; "" for what is no ARM resource."""
    _, providers, tail = resource.key.rpartition("/providers/")
    return "/".join(tail.split("/")[2::2]) if providers else ""


def _service(resource: Resource) -> str:
    tags = resource.body.get("tags")
    service = tags.get("azd-service-name") if isinstance(tags, Mapping) else None
    return service.lower() if isinstance(service, str) else ""
