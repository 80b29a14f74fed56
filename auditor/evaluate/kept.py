"""A report kept from one run to the next: the same rules over the same snapshot give it again without judging.

One file a question in the user's cache folder, readable by its owner alone and safe to delete. Its name is the digest
of everything that the results depend on: the program (version and files), the rules' files, their choice and
parameters, the content and path of the source, and how it is read. It is kept before exemptions, baselines and gates,
which depend on the day. A file that is damaged is not used.

It holds what a JSON report holds, so nothing that the snapshot does not: no secret's value.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.evaluate.evaluator import summarise
from auditor.evaluate.model import Outcome, Report, Result, Scan
from auditor.evaluate.packed import UnpackableError, pack_gaps, packed, unpack_gaps, unpacked
from auditor.resources import data_path
from auditor.rules.model import Rule

_FORMAT = 2
_MOST = 8
"""Files that are kept; those that were used longest ago go first."""
_DIGEST = 32
_LISTS = ("subscriptions", "lies_in")
_TIMES = ("started_at", "finished_at")


def question(rules: Sequence[Rule], files: Iterable[Path], asked: Mapping[str, Any]) -> str:
    """The digest that names what is asked: 64 hexadecimal digits.

    `files` are those of rules of the user's own, and of the source; `asked` holds all else that results depend on, in
    JSON's kinds. Raises OSError where a file cannot be read.
    """
    import orjson

    told = hashlib.sha256(_program())
    told.update(orjson.dumps([asked, [rule.id for rule in rules]], option=orjson.OPT_SORT_KEYS))
    for file in files:
        with file.open("rb") as stream:
            told.update(f"\n{file}\n".encode("utf-8", "surrogateescape"))
            told.update(hashlib.file_digest(stream, "sha256").digest())
    return told.hexdigest()


@cache
def _program() -> bytes:
    """What this program is: its version, Python's, and the state of all its files, rules included."""
    told = hashlib.sha256(f"{_FORMAT} {__version__} {platform.python_version()}".encode())
    for folder in (Path(__file__).parent.parent, data_path("rules")):
        for name, _, names in sorted(os.walk(folder)):
            if name.endswith("__pycache__"):
                continue
            for one in sorted(names):
                state = os.stat(os.path.join(name, one))  # a thousand files at every start
                told.update(f"{name}/{one} {state.st_size} {state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return told.digest()


class KeptReports:
    """Reports by the digest of their question."""

    def __init__(self, folder: Path) -> None:
        """Below `folder`, which is made when something is kept."""
        self._folder = folder / "reports"

    def get(self, name: str, rules: Sequence[Rule]) -> tuple[Report, Any] | None:
        """The report of these rules, and what was kept beside it; None where there is none, or a damaged one."""
        import orjson

        path = self._folder / name
        try:
            with path.open("rb") as stream:
                told = stream.read(_DIGEST)
                if hashlib.file_digest(stream, "sha256").digest() != told:
                    return None
                stream.seek(_DIGEST)
                found = orjson.loads(stream.readline())
                results = unpacked(map(orjson.loads, stream), rules)
            os.utime(path)
            return _report(found, results, rules), found["beside"]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def put(self, name: str, report: Report, beside: Any) -> None:
        """Keep a report, with a value of JSON's kinds beside it; what cannot be kept is no trouble."""
        import orjson

        temporary = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".")  # for its owner alone
            with os.fdopen(handle, "wb") as stream:
                told = hashlib.sha256()
                stream.write(bytes(_DIGEST))
                for values in chain([{**_values(report), "beside": beside}], packed(report.results)):
                    line = orjson.dumps(values) + b"\n"
                    told.update(line)
                    stream.write(line)
                stream.seek(0)
                stream.write(told.digest())
            Path(temporary).replace(self._folder / name)
            self._make_room()
        except (OSError, UnpackableError, TypeError, ValueError):
            if temporary:
                Path(temporary).unlink(missing_ok=True)

    def _make_room(self) -> None:
        kept = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in kept[_MOST:]:
            path.unlink(missing_ok=True)


def _values(report: Report) -> dict[str, Any]:
    scan = {field.name: getattr(report.scan, field.name) for field in fields(Scan)}
    return {
        "met": pack_gaps(report.gaps),
        "scan": {**scan, **{name: scan[name].isoformat() for name in _TIMES}},
        "tallies": {rule: {one.value: count for one, count in counts.items()} for rule, counts in _ordered(report)},
        "notices": list(report.notices),
    }


def _ordered(report: Report) -> Iterable[tuple[str, Mapping[Outcome, int]]]:
    return report.tallies.items()


def _report(found: Mapping[str, Any], results: tuple[Result, ...], rules: Sequence[Rule]) -> Report:
    scan = dict(found["scan"])
    scan.update({name: datetime.fromisoformat(scan[name]) for name in _TIMES})
    scan.update({name: tuple(scan[name]) for name in _LISTS})
    tallies = {
        rule: {Outcome(name): count for name, count in counts.items()} for rule, counts in found["tallies"].items()
    }
    return Report(
        tool_version=__version__,
        scan=Scan(**scan),
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        results=results,
        gaps=tuple(unpack_gaps(found["met"])),
        summary=summarise(tallies, rules, results),
        tallies=tallies,
        notices=tuple(found["notices"]),
    )
