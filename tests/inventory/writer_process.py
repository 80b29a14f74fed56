"""A collection in a process of its own, for tests that kill it: adds pages one by one and says so on stdout."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from auditor.inventory.coverage import ReadState
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot

PAGES = 6
SIZE = 20
SCOPES = ("/subscriptions/11111111-1111-1111-1111-111111111111", "/subscriptions/22222222-2222-2222-2222-222222222222")
KIND = "Microsoft.Storage/storageAccounts"
NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
MANIFEST = Manifest(source="live", started_at=NOW, finished_at=None, scopes=("/",), needs=(KIND.lower(),))


def page(scope: str, number: int) -> list[dict[str, object]]:
    """One page of accounts; neighbouring pages share one."""
    names = range(number * (SIZE - 1), number * (SIZE - 1) + SIZE)
    return [
        {"id": f"{scope}/resourceGroups/rg/providers/{KIND}/st{n}", "type": KIND, "properties": {"n": n}} for n in names
    ]


def run(snapshot: Snapshot, *, say: bool = True) -> list[str]:
    """Read everything that was not read before; gives the pages that were read."""
    read = []
    for scope in SCOPES:
        if snapshot.state(scope, KIND) is ReadState.COMPLETE:
            continue
        for number in range(int(snapshot.cursor(scope, KIND) or 0), PAGES):
            _step(say)
            last = number == PAGES - 1
            snapshot.add(scope, KIND, page(scope, number), cursor=None if last else str(number + 1))
            read.append(f"{scope}#{number}")
            _step(say)
        snapshot.close(scope, KIND, ReadState.COMPLETE, as_of=NOW)
        _step(say)
    snapshot.finish(NOW, subscriptions={scope.rpartition("/")[2]: "name" for scope in SCOPES})
    return read


def _step(say: bool) -> None:
    """Tell where we are, and wait for leave to go on."""
    if say:
        print("step", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    with Snapshot.create(Path(sys.argv[1]), MANIFEST) as made:
        run(made)
