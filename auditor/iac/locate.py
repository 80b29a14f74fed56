"""The declarations below a folder, and the resources that they declare."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from auditor.iac.arm import arm_declarations, is_compiled, is_template
from auditor.iac.bicep import BicepFile, BicepTree, Given
from auditor.iac.declaration import Declaration
from auditor.iac.matching import matched
from auditor.iac.registry_modules import module_aliases
from auditor.iac.template import TemplateFile, parameter_values
from auditor.iac.terraform import TerraformTree
from auditor.iac.terraform_state import Address, address_of, state_addresses
from auditor.inventory.model import Resource

_SKIPPED = frozenset({".git", ".terraform", "node_modules", ".venv", "venv", "__pycache__", ".azure", ".tox"})
_SUFFIXES = frozenset({".bicep", ".bicepparam", ".json", ".tf", ".tfvars", ".tfstate"})
_LARGEST = 5_000_000
_LARGEST_STATE = 100_000_000


def declared_at(
    root: Path, resources: Iterable[Resource], *, base: Path | None = None, addresses: Mapping[str, str] | None = None
) -> dict[str, Declaration]:
    """Declarations of resources in files below `root`, by lower-cased id.

    A Terraform state's ids come first, then type and full name, then the tags `yor_trace` and `azd-service-name` (told
    apart by `azd-env-name`: one template serves several environments), then names of which all but a hash is known.
    What two declarations or two resources could claim stays without one. URIs are relative to `base`, a folder that
    holds `root`; to `root` itself where that is not given or lies elsewhere. `addresses` are Terraform's by lower-cased
    id, of what a plan will create and no state has yet.
    """
    root = root.resolve()
    start = base.resolve() if base and root.is_relative_to(base.resolve()) else root
    tree = _Tree(root, lambda path: quote(path.relative_to(start).as_posix(), safe="/"))
    for path, text in _files(root):
        tree.add(path.relative_to(root).as_posix(), text)
    tree.states += [(address_of(address), key) for key, address in (addresses or {}).items()]
    return matched(tree.declarations(), tree.by_state(), list(resources))


class _Tree:
    """All source files of a folder."""

    def __init__(self, root: Path, uri_of: Callable[[Path], str]) -> None:
        self.root, self.uri_of = root, uri_of
        self.bicep = BicepTree(self.read)
        self.terraform = TerraformTree()
        self.templates: list[TemplateFile] = []
        self.parameters: list[tuple[str, dict[str, Any]]] = []
        self.states: list[tuple[Address, str]] = []

    def read(self, path: str) -> str | None:
        """The text of a file by its path relative to the root; None for what is not below it or cannot be read."""
        place = self.root / path
        try:
            is_inside = place.resolve().is_relative_to(self.root)
            return place.read_text(encoding="utf-8-sig") if is_inside and place.stat().st_size <= _LARGEST else None
        except (OSError, UnicodeDecodeError, ValueError):
            return None

    def add(self, path: str, text: str) -> None:
        """Take one file in; `path` is relative to the root."""
        folder, name = posixpath.split(path)
        uri = self.uri_of(self.root / path)
        match posixpath.splitext(path)[1].lower():
            case ".bicep":
                self.bicep.files[path] = BicepFile(path, uri, text)
            case ".bicepparam":
                self.bicep.add_parameter_file(path, text)
            case ".json":
                self._json(path, uri, text)
            case ".tf":
                self.terraform.folder(folder).add(text, uri)
            case ".tfvars":
                self.terraform.folder(folder).add_variables(name, text)
            case ".tfstate":
                self.states += state_addresses(text)
                self.terraform.folder(folder).has_state = True

    def _json(self, path: str, uri: str, text: str) -> None:
        if posixpath.basename(path) == "bicepconfig.json":
            self.bicep.aliases = {**self.bicep.aliases, **module_aliases(text)}
            return
        values = parameter_values(text)
        if values is not None:
            self.parameters.append((path, values))
        elif is_template(text):
            self.templates.append(TemplateFile(path, uri, text))
        # What a state looks like; most JSON of a repository is neither.
        elif '"format_version"' in text or '"terraform_version"' in text:
            self.states += state_addresses(text)

    def declarations(self) -> Iterator[Declaration]:
        """Everything that is declared."""
        for path in self.bicep.files:
            self.bicep.given += [Given(path, values) for values in self._parameters_for(path)]
        yield from self.bicep.declarations()
        with_bicep = {posixpath.dirname(path) for path in self.bicep.files}
        for file in self.templates:
            # A template that Bicep made stands for the code beside it.
            if not (posixpath.dirname(file.path) in with_bicep and is_compiled(file)):
                yield from arm_declarations(file, list(self._parameters_for(file.path)), self._linked)
        yield from self.terraform.declarations()

    def _linked(self, path: str) -> TemplateFile | None:
        text = self.read(path)
        return TemplateFile(path, self.uri_of(self.root / path), text) if text is not None else None

    def _parameters_for(self, path: str) -> Iterator[dict[str, Any]]:
        """Parameter files of a template: `main.parameters.json`, `main.prod.parameters.json` beside `main.bicep`."""
        stem = posixpath.splitext(path)[0] + "."
        yield from (values for other, values in self.parameters if other.startswith(stem))

    def by_state(self) -> dict[str, Declaration]:
        """Places by id, for addresses of which exactly one block can be meant."""
        found: dict[str, set[Address]] = {}
        for address, key in self.states:
            found.setdefault(key, set()).add(address)
        single = {key: addresses.pop() for key, addresses in found.items() if len(addresses) == 1}
        blocks = {address: self.terraform.block_of(address) for address in single.values()}
        return {key: block for key, address in single.items() if (block := blocks[address])}


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
