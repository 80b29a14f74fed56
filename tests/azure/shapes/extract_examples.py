"""Rewrites `answers.json` from a checkout of https://github.com/Azure/azure-rest-api-specs.

Of each type that is collected or judged: the fullest answer among the examples of the version that is read, or of the
nearest one. Names of properties, published words, numbers and truth values stay; every other text is made up. By hand:
`python -m tests.azure.shapes.extract_examples CHECKOUT`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.azure.shapes.answers import DATA
from tests.azure.shapes.rewriting import Rewriter
from tests.azure.shapes.schema import Published, paths_of, published

_FILE = re.compile(
    r"specification/.*/resource-manager/.*?(?P<namespace>Microsoft\.[^/]+)/.*?(?P<version>20\d\d-\d\d-\d\d(-preview)?)/"
    r"(examples/)?.*(get|list|create|put|update).*\.json",
    re.IGNORECASE,
)


def _git(place: str, *words: str, given: str = "") -> bytes:
    return subprocess.run(("git", "-C", place, *words), check=True, capture_output=True, input=given.encode()).stdout


def _texts(place: str, paths: list[str]) -> Iterator[tuple[str, bytes]]:
    data = _git(place, "cat-file", "--batch", given="".join(f"HEAD:{path}\n" for path in paths))
    at = 0
    for path in paths:
        end = data.index(b"\n", at)
        head = data[at:end].split()
        at = end + 1
        if head[-1] == b"missing":
            continue
        yield path, data[at : at + int(head[-1])]
        at += int(head[-1]) + 1


def _candidates(place: str) -> dict[str, list[tuple[str, str]]]:
    """Versions and paths of examples, by lower-cased namespace."""
    found = defaultdict(list)
    for path in _git(place, "ls-tree", "-r", "--name-only", "HEAD", "specification").decode().splitlines():
        if "/examples/" in path and (match := _FILE.fullmatch(path)):
            found[match["namespace"].lower()].append((match["version"], path))
    return found


def _bodies(text: bytes) -> Iterator[dict[str, Any]]:
    try:
        answers = json.loads(text.decode("utf-8-sig")).get("responses", {})
        body = answers.get("200", answers.get("201", {})).get("body")
    except (ValueError, AttributeError):
        return
    found = body["value"] if isinstance(body, Mapping) and isinstance(body.get("value"), list) else [body]
    yield from (one for one in found if isinstance(one, dict) and isinstance(one.get("id"), str))


def _type(body: Mapping[str, Any]) -> str:
    """By the id, since many examples leave `type` out or have it wrong."""
    parts = body["id"].strip("/").rpartition("roviders/")[2].split("/")
    return "/".join((parts[0], *parts[1::2])).lower()


def extract(place: str) -> dict[str, Any]:
    """Every type's entry: version, path of the example, body."""
    candidates = _candidates(place)
    best: dict[str, tuple[tuple[Any, ...], str, str, dict[str, Any]]] = {}
    wanted: dict[str, Published] = dict(published())
    for namespace in sorted({kind.partition("/")[0] for kind in wanted}):
        pairs = {path: version for version, path in candidates.get(namespace, ())}
        for path, text in _texts(place, list(pairs)):
            for body in _bodies(text):
                kind, version = _type(body), pairs[path]
                if kind not in wanted:
                    continue
                limit = wanted[kind].read or wanted[kind].published
                stable = not version.endswith("preview")
                size = len(set(paths_of(body)))
                rank = ("properties" in body, stable and version <= limit, stable, version, size, path)
                if kind not in best or rank > best[kind][0]:
                    best[kind] = (rank, version, path, body)
    made = {}
    for kind, (_, version, path, body) in sorted(best.items()):
        entry = wanted[kind]
        made[entry.type] = {"version": version, "source": path, "body": Rewriter(entry).body(body)}
    return made


def written(made: Mapping[str, Any]) -> str:
    """The file's text: one line a type."""
    lines = (f" {json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}" for name, entry in made.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    DATA.write_text(written(extract(sys.argv[1])), "utf-8")
