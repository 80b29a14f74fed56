"""Files and folders of code, read as what they say that will be. What a file is shows its content."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from auditor.errors import ConfigError
from auditor.iac.arm import is_template
from auditor.iac.bicep import BicepTree
from auditor.iac.change import Change, Forecast
from auditor.iac.deployed import Target, changes_of
from auditor.iac.settle import Redact
from auditor.iac.template import DEPLOYMENT, TemplateFile, parameter_values
from auditor.iac.terraform_plan import is_plan, planned_changes
from auditor.iac.what_if import foretold, what_if_changes

_SKIPPED = frozenset({".git", ".terraform", "node_modules", ".venv", "venv", "__pycache__", ".azure", ".tox"})
_LARGEST = 200_000_000
_LARGEST_SOURCE = 5_000_000
_DYNAMIC = re.compile(r'\bdynamic\s+"(\w+)"')
_REMEDY = (
    "Give templates, Bicep, or what `az deployment ... what-if --no-pretty-print` or `terraform show -json` printed."
)
_COMPILE_S = 120


@dataclass(slots=True)
class _Found:
    """What the files hold."""

    templates: list[TemplateFile] = field(default_factory=list)
    parameters: list[tuple[Path, dict[str, Any]]] = field(default_factory=list)
    bicep: list[Path] = field(default_factory=list)
    what_if: list[tuple[Path, list[Mapping[str, Any]]]] = field(default_factory=list)
    plans: list[tuple[Path, Mapping[str, Any]]] = field(default_factory=list)
    named: set[Path] = field(default_factory=set)
    """Files that the user named, not a folder that holds them."""
    notices: list[str] = field(default_factory=list)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    """Of all texts."""


def read_forecast(
    paths: Sequence[Path], target: Target, redact_with: Callable[[bytes], Redact], *, base: Path | None = None
) -> Forecast:
    """What the files, and those below the folders, say that will be. URIs of places are relative to `base`.

    `redact_with` is given what stands for the files' content, and gives what replaces secrets.
    Raises ConfigError for what cannot be read, holds nothing to judge, or needs a compiler that is not there.
    """
    found = _Found()
    for path in paths:
        _take(path, found)
    source = ", ".join(map(str, paths))
    reader = _Reader(base or Path.cwd(), target, redact_with(found.digest.digest()), found)
    changes = list(reader.changes())
    if not changes:
        raise ConfigError("declares no Azure resources", subject=source, remedy=_REMEDY)
    return Forecast(source, tuple(changes), tuple(dict.fromkeys(found.notices)))


def _take(path: Path, found: _Found) -> None:
    if not path.exists():
        raise ConfigError("there is no such file or folder", subject=str(path), remedy=_REMEDY)
    if path.is_file():
        found.named.add(path)
        if not _take_file(path, found):
            text = _text(path)
            if text.lstrip()[:1] in ("{", "["):
                _check_json(path, text)
            raise ConfigError("is neither code for Azure nor a what-if result", subject=str(path), remedy=_REMEDY)
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix.lower() in (".json", ".bicep", ".bicepparam") and not file.is_symlink():
                _take_file(file, found)


def _take_file(path: Path, found: _Found) -> bool:
    """Takes a file in; False for what is none of ours."""
    if path.suffix.lower() == ".bicep":
        found.bicep.append(path)
        return True
    text = _text(path)
    found.digest.update(text.encode())
    if path.suffix.lower() == ".bicepparam":
        return _take_bicep_parameters(path, text, found)
    values = parameter_values(text)
    if values is not None:
        found.parameters.append((path, values))
        return True
    if is_template(text):
        file = TemplateFile(str(path), "", text)
        if file.document:
            found.templates.append(file)
        else:
            _check_json(path, text)
        return bool(file.document)
    if '"changeType"' not in text and '"resource_changes"' not in text:
        return False
    _check_json(path, text)
    document = json.loads(text)
    if is_plan(document):
        found.plans.append((path, document))
        return True
    changes = what_if_changes(document)
    if changes is not None:
        found.what_if.append((path, changes))
    return changes is not None


def _check_json(path: Path, text: str) -> None:
    """Raise ConfigError for what should be JSON and is not: left out, it would be code that changes nothing."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        why = "ends too early" if cut else f"is not JSON: {error.msg}"
        place = f"{path}:{error.lineno}:{error.colno}"
        raise ConfigError(why, subject=place, remedy="Write the file again; it may have been cut off.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError("is not JSON that can be read", subject=str(path), remedy="Write the file again.") from error


def _take_bicep_parameters(path: Path, text: str, found: _Found) -> bool:
    tree = BicepTree(lambda _path: None)
    tree.add_parameter_file(str(path), text)
    found.parameters += [(Path(given.file), dict(given.values)) for given in tree.given]
    return bool(tree.given)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError("is too large", subject=str(path), remedy="Give files up to 200 MB.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is no UTF-8 text", subject=str(path)) from error


@dataclass(slots=True)
class _Reader:
    base: Path
    target: Target
    redact: Redact
    found: _Found

    def changes(self) -> Iterator[Change]:
        """All changes, those that the platform foretold first."""
        for path, listed in self.found.what_if:
            yield from foretold(listed, str(path), self.redact, self.found.notices)
        for path, document in self.found.plans:
            dynamic = _dynamic_blocks(path.parent)
            yield from planned_changes(document, str(path), self.target, self.redact, self.found.notices, dynamic)
        templates = [*self.found.templates, *self._compiled()]
        linked = set(self._linked(templates))
        for file in templates:
            if posixpath.normpath(file.path) not in linked:
                for values in self._given(file, alone=len(templates) == 1) or [{}]:
                    placed = replace(file, uri=self._uri(Path(file.path)))
                    yield from changes_of(placed, values, self.target, self._open, self.redact, self.found.notices)

    def _uri(self, path: Path) -> str:
        own = path.resolve()
        shown = own.relative_to(self.base.resolve()) if own.is_relative_to(self.base.resolve()) else path
        return quote(shown.as_posix(), safe="/")

    def _open(self, path: str) -> TemplateFile | None:
        file = Path(path)
        return TemplateFile(path, self._uri(file), _text(file)) if file.is_file() else None

    def _given(self, file: TemplateFile, *, alone: bool) -> list[Mapping[str, Any]]:
        """Parameter files of a template: those beside it that are named after it, or all that were named with it."""
        path = Path(file.path)
        stem = f"{path.stem}."
        ours: list[Mapping[str, Any]] = []
        for other, values in self.found.parameters:
            is_beside = other.resolve().parent == path.resolve().parent
            is_its = is_beside and (
                other.name.startswith(stem) or other.resolve() == path.with_suffix(".bicep").resolve()
            )
            if is_its or (alone and other in self.found.named):
                ours.append(values)
        return ours

    def _linked(self, templates: Iterable[TemplateFile]) -> Iterator[str]:
        """Templates that others deploy."""
        for file in templates:
            for link in _links(file.document.get("resources")):
                yield posixpath.normpath(posixpath.join(posixpath.dirname(file.path), link))

    def _compiled(self) -> Iterator[TemplateFile]:
        """Bicep files that no other one calls, as templates."""
        tree = {path.resolve(): _text(path) for path in self.found.bicep}
        called = {path for own, text in tree.items() for path in _modules(own, text)}
        for path in self.found.bicep:
            if path.resolve() in called and path not in self.found.named:
                continue
            # A template that was compiled from it is there already.
            beside = path.with_suffix(".json").resolve()
            if any(Path(file.path).resolve() == beside for file in self.found.templates):
                continue
            try:
                yield TemplateFile(str(path), "", compiled(path), is_generated=True)
            except ConfigError as error:
                # Of a folder that holds more, the rest can be judged.
                if path in self.found.named or not (self.found.templates or self.found.what_if or self.found.plans):
                    raise
                self.found.notices.append(f"{path} was left out: {error}")


def _dynamic_blocks(folder: Path) -> frozenset[str]:
    """Names of the dynamic blocks in Terraform files below a folder, those of fetched modules included."""
    found: set[str] = set()
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name == ".terraform" or name not in _SKIPPED)
        for name in names:
            file = Path(place, name)
            if name.endswith(".tf") and file.is_file() and file.stat().st_size < _LARGEST_SOURCE:
                found |= set(_DYNAMIC.findall(file.read_text(encoding="utf-8", errors="replace")))
    return frozenset(found)


def _links(resources: Any) -> Iterator[str]:
    items = resources.values() if isinstance(resources, Mapping) else resources if isinstance(resources, list) else ()
    for resource in items:
        if not isinstance(resource, Mapping):
            continue
        properties = resource.get("properties")
        if str(resource.get("type", "")).lower() == DEPLOYMENT and isinstance(properties, Mapping):
            link, template = properties.get("templateLink"), properties.get("template")
            if isinstance(link, Mapping) and isinstance(link.get("relativePath"), str):
                yield link["relativePath"]
            if isinstance(template, Mapping):
                yield from _links(template.get("resources"))
        yield from _links(resource.get("resources"))


def _modules(path: Path, text: str) -> Iterator[Path]:
    from auditor.iac.bicep_tree import parse_bicep

    for module in parse_bicep(text).modules:
        if not module.source.startswith(("br:", "br/", "ts:", "ts/")):
            yield (path.parent / module.source).resolve()


def compiled(path: Path) -> str:
    """A Bicep file as the ARM template that its compiler makes of it. Raises ConfigError where that fails."""
    if bicep := shutil.which("bicep"):
        command = [bicep, "build", "--stdout", str(path)]
    elif az := shutil.which("az"):
        command = [az, "bicep", "build", "--stdout", "--file", str(path)]
    else:
        raise ConfigError(
            "Bicep is compiled by `bicep` or `az`, and neither is on the path",
            subject=str(path),
            remedy=f"Run `az bicep build --file {path}` where one is, and give the .json; or give a what-if result.",
        )
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_COMPILE_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        told = getattr(error, "stderr", None) or b""
        reason = told.decode(errors="replace").strip().splitlines()
        raise ConfigError(
            f"cannot be compiled: {reason[0] if reason else error}", subject=str(path), remedy="Mend the Bicep file."
        ) from error
    return done.stdout.decode("utf-8-sig", errors="replace")
