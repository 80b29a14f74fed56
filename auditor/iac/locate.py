"""From resources to the declarations below a folder. Where anything is open, there is no match."""

from __future__ import annotations

import os
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from auditor.iac.arm import arm_declarations, is_template, parameter_values
from auditor.iac.bicep import BicepFile, Given, bicep_declarations, parameter_file
from auditor.iac.declaration import Declaration
from auditor.iac.terraform import Folder, block_of, terraform_declarations
from auditor.iac.terraform_state import Address, state_addresses
from auditor.iac.values import Values
from auditor.inventory.model import Resource

_SKIPPED = frozenset({".git", ".terraform", "node_modules", ".venv", "venv", "__pycache__", ".azure", ".tox"})
_SUFFIXES = frozenset({".bicep", ".bicepparam", ".json", ".tf", ".tfvars", ".tfstate"})
_LARGEST = 5_000_000
_LARGEST_STATE = 100_000_000


def declared_at(root: Path, resources: Iterable[Resource], *, base: Path | None = None) -> dict[str, Declaration]:
    """Declarations of resources in files below `root`, by lower-cased id.

    A Terraform state's ids come first, then type and full name, then the tags `yor_trace` and `azd-service-name` (told
    apart by `azd-env-name`: one template serves several environments). What two declarations or two resources could
    claim stays without one. URIs are relative to `base`, a folder that holds `root`; to `root` itself where that is not
    given or lies elsewhere.
    """
    root = root.resolve()
    start = base.resolve() if base and root.is_relative_to(base.resolve()) else root
    tree = _Tree()
    for path, text in _files(root):
        tree.add(path.relative_to(root).as_posix(), quote(path.relative_to(start).as_posix(), safe="/"), text)
    return _match(tree.declarations(), tree.by_state(), list(resources))


@dataclass(slots=True)
class _Tree:
    """All source files of a folder."""

    bicep: dict[str, BicepFile] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    templates: list[tuple[str, str, str]] = field(default_factory=list)
    """Path, URI and text."""
    parameters: list[tuple[str, dict[str, Values]]] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)
    states: list[tuple[Address, str]] = field(default_factory=list)

    def add(self, path: str, uri: str, text: str) -> None:
        """Take one file in; `path` is relative to the root."""
        match posixpath.splitext(path)[1].lower():
            case ".bicep":
                self.bicep[path] = BicepFile(path, uri, text)
            case ".bicepparam":
                self.given += [found] if (found := parameter_file(path, text)) else []
            case ".json":
                self._json(path, uri, text)
            case ".tf":
                self._folder(path).add(text, uri)
            case ".tfvars":
                self._folder(path).add_variables(text)
            case ".tfstate":
                self.states += state_addresses(text)
                self._folder(path).has_state = True

    def _folder(self, path: str) -> Folder:
        place = posixpath.dirname(path)
        return self.folders.setdefault(place, Folder(place))

    def _json(self, path: str, uri: str, text: str) -> None:
        values = parameter_values(text)
        if values is not None:
            self.parameters.append((path, values))
        elif is_template(text):
            self.templates.append((path, uri, text))
        # What a state looks like; most JSON of a repository is neither.
        elif '"format_version"' in text or '"terraform_version"' in text:
            self.states += state_addresses(text)

    def declarations(self) -> Iterator[Declaration]:
        """Everything that is declared."""
        for file in self.bicep.values():
            file.given = [given for given in self.given if given.file == file.path]
            file.given += [Given(file.path, _exact(file, values)) for values in self._parameters_for(file.path)]
        yield from bicep_declarations(self.bicep)
        for path, uri, text in self.templates:
            yield from arm_declarations(text, uri, list(self._parameters_for(path)))
        yield from terraform_declarations(self.folders)

    def _parameters_for(self, path: str) -> Iterator[dict[str, Values]]:
        """Parameter files of a template: `main.parameters.json`, `main.prod.parameters.json` beside `main.bicep`."""
        stem = posixpath.splitext(path)[0] + "."
        yield from (values for other, values in self.parameters if other.startswith(stem))

    def by_state(self) -> dict[str, Declaration]:
        """Places by id, for addresses of which exactly one block can be meant."""
        found: dict[str, set[Address]] = {}
        for address, key in self.states:
            found.setdefault(key, set()).add(address)
        single = {key: addresses.pop() for key, addresses in found.items() if len(addresses) == 1}
        blocks = {address: block_of(self.folders, address) for address in single.values()}
        return {key: block for key, address in single.items() if (block := blocks[address])}


def _exact(file: BicepFile, values: Mapping[str, Values]) -> dict[str, Values]:
    """A parameter file's values by the names as the Bicep file writes them."""
    import re

    spelt = {name.lower(): name for name in re.findall(r"^[ \t]*param[ \t]+(\w+)", file.text, re.M)}
    return {spelt[name]: found for name, found in values.items() if name in spelt}


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Source files in a fixed order; links are not followed, and what cannot be read as text is passed over."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix.lower() not in _SUFFIXES or path.is_symlink():
                continue
            try:
                largest = _LARGEST_STATE if path.suffix.lower() in (".tfstate", ".json") else _LARGEST
                if path.stat().st_size <= largest:
                    yield path, path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError):
                continue


def _match(
    declarations: Iterable[Declaration], known: Mapping[str, Declaration], resources: list[Resource]
) -> dict[str, Declaration]:
    claims = list(declarations)
    by_name = _unique(claims, lambda declaration: declaration.name)
    by_trace = _unique(claims, lambda declaration: declaration.trace.lower())
    by_service = _unique(claims, lambda declaration: declaration.service.lower())
    environments = {resource.key: _tag(resource, "azd-env-name") for resource in resources}
    names = Counter((resource.type_key, full_name(resource)) for resource in resources)
    traces = Counter((resource.type_key, _tag(resource, "yor_trace")) for resource in resources)
    services = Counter(_service(resource, environments) for resource in resources)
    found: dict[str, Declaration] = {}
    for resource in resources:
        named = (resource.type_key, full_name(resource))
        traced = (resource.type_key, _tag(resource, "yor_trace"))
        served = _service(resource, environments)
        declaration = known.get(resource.key)
        if declaration is None and names[named] == 1:
            declaration = by_name.get(named)
        if declaration is None and traces[traced] == 1:
            declaration = by_trace.get(traced)
        if declaration is None and services[served] == 1:
            declaration = by_service.get(served[:2])
        if declaration:
            found[resource.key] = declaration
    return found


def _unique(
    declarations: Iterable[Declaration], name_of: Callable[[Declaration], str]
) -> dict[tuple[str, str], Declaration]:
    """Declarations by type and what `name_of` gives, without those that two places claim."""
    found: dict[tuple[str, str], list[Declaration]] = {}
    for declaration in declarations:
        if name := name_of(declaration):
            found.setdefault((declaration.type_key, name), []).append(declaration)
    return {key: same[0] for key, same in found.items() if len({one.place for one in same}) == 1}


def full_name(resource: Resource) -> str:
    """The name as templates write it, lower-cased: `account/default` for a child; "" for what is no ARM resource."""
    _, providers, tail = resource.key.rpartition("/providers/")
    return "/".join(tail.split("/")[2::2]) if providers else ""


def _service(resource: Resource, environments: Mapping[str, str]) -> tuple[str, str, str]:
    """Type, service and environment, what `azd` tells a resource by; a resource group may have the environment."""
    group = resource.key.partition("/providers/")[0]
    environment = environments[resource.key] or environments.get(group, "")
    return (resource.type_key, _tag(resource, "azd-service-name"), environment)


def _tag(resource: Resource, name: str) -> str:
    """A tag's value in lower case; "" where there is none."""
    tags = resource.body.get("tags")
    values = {str(key).lower(): value for key, value in tags.items()} if isinstance(tags, Mapping) else {}
    value = values.get(name)
    return value.lower() if isinstance(value, str) else ""
