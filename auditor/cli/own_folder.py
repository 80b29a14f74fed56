"""A folder that belongs to one command: it replaces what it wrote itself, and nothing else.

A manifest in the folder, `.auditor-files.json`, holds the SHA-256 of each file. What is there and not in it, or is in
it and was changed since, is somebody else's: the command is refused before anything is written. Links are never
followed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.cli.terminal.output import write_file
from auditor.errors import UsageError

MANIFEST = ".auditor-files.json"
_FORMAT = "azure-auditor files"
_STAGING = ".writing-"


class OwnFolder:
    """The folder; everything in it is readable by its owner alone.

    Raises UsageError where it cannot be used: a link, a file, or with something in it that is not ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._check()

    def write(self, files: Iterable[tuple[str, bytes]]) -> int:
        """Write the files, paths with `/`, in place of those of the last time; gives how many there are.

        All are written beside their places first, so that a failure on the way leaves the old ones.
        """
        try:
            if not self._path.exists():
                self._path.mkdir(mode=0o700, parents=True)
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self._path))
            try:
                made = {name: self._stage(staging, name, data) for name, data in files}
                old = self._check(staging)
                # Both at once, so that what an interruption leaves is known as ours.
                self._manifest(made, old)
                self._move(staging, made)
                self._remove(set(old) - set(made))
                self._manifest(made, {})
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        except OSError as error:
            raise UsageError(
                f"cannot be written: {error.strerror or error}",
                subject=str(self._path),
                remedy="Choose another folder.",
            ) from error
        return len(made)

    def _stage(self, staging: Path, name: str, data: bytes) -> str:
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\\" in part or part.startswith(_STAGING) for part in parts):
            raise ValueError(f"{name!r} is no path below a folder")
        place = staging.joinpath(*parts)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
        return hashlib.sha256(data).hexdigest()

    def _move(self, staging: Path, made: Iterable[str]) -> None:
        for name in made:
            target = self._path / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (staging / name).replace(target)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            place = self._path / name
            place.unlink(missing_ok=True)
            for folder in place.parents:
                if folder == self._path or any(folder.iterdir()):
                    break
                folder.rmdir()

    def _manifest(self, made: Mapping[str, str], earlier: Mapping[str, set[str]]) -> None:
        found = {name: sorted({*earlier.get(name, ()), *([made[name]] if name in made else [])}) for name in made}
        found |= {name: sorted(marks) for name, marks in earlier.items() if name not in made}
        document = {"format": _FORMAT, "sha256": dict(sorted(found.items()))}
        write_file(self._path / MANIFEST, (json.dumps(document, indent=1) + "\n").encode(), private=True)

    def _check(self, staging: Path | None = None) -> dict[str, set[str]]:
        """The files of the last time that are still there, with the hashes that each may have."""
        if self._path.is_symlink():
            raise UsageError("is a link, which is not followed", subject=str(self._path), remedy="Name the folder.")
        if not self._path.exists():
            return {}
        if not self._path.is_dir():
            raise UsageError("is no folder", subject=str(self._path), remedy="Name another one.")
        try:
            known = self._known()
            there = dict(self._there(staging))
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror or error}", subject=str(self._path), remedy="Name another folder."
            ) from error
        for name, place in sorted(there.items()):
            if name not in known:
                self._refuse(place, "was not written by this command")
            if not stat.S_ISREG(place.lstat().st_mode):
                self._refuse(place, "is a link or no file")
            if hashlib.sha256(place.read_bytes()).hexdigest() not in known[name]:
                self._refuse(place, "was changed since this command wrote it")
        return {name: marks for name, marks in known.items() if name in there}

    def _refuse(self, place: Path, why: str) -> None:
        raise UsageError(
            f"{why}, and is not overwritten", subject=str(place), remedy="Move it away, or name an empty folder."
        )

    def _known(self) -> dict[str, set[str]]:
        place = self._path / MANIFEST
        if place.is_symlink() or not place.is_file():
            return {}
        try:
            document = json.loads(place.read_bytes())
            if document["format"] != _FORMAT:
                return {}
            return {str(name): {str(mark) for mark in marks} for name, marks in document["sha256"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _there(self, staging: Path | None) -> Iterable[tuple[str, Path]]:
        """Every file in the folder, and every link, whatever it leads to; without the manifest."""
        for folder, folders, names in os.walk(self._path, followlinks=False):
            here = Path(folder)
            links = [name for name in folders if (here / name).is_symlink()]
            if staging in [here / name for name in folders]:
                folders.remove(staging.name if staging else "")
            for name in (*names, *links):
                place = here / name
                if place == self._path / MANIFEST and not place.is_symlink():
                    continue
                yield place.relative_to(self._path).as_posix(), place
