"""Judging in several processes: each takes a share of the resources, the inventory and its facts are there for all.

Processes are forked, so that nothing is copied that is not written to, and only where the system can (POSIX). What they
found comes back as JSON of plain values (see `packed`) through a pipe of our own: nothing that is read makes code run.
A share whose process does not come to its end, or whose values JSON cannot hold, is judged here.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Sequence

from auditor.evaluate.judging import Advance, Judged, Pair, World, judge
from auditor.evaluate.model import Outcome, Subject
from auditor.evaluate.packed import pack, unpacked
from auditor.inventory.cycles import keep
from auditor.inventory.inventory import Inventory
from auditor.inventory.selection import tags_of
from auditor.rules.model import Rule

_PIECE = 64
"""Resources that a share takes in a row: neighbours cost alike, so that shares are mixed finely."""


def can_fork() -> bool:
    """Whether this system has processes that begin as a copy of another."""
    return hasattr(os, "fork")


def judge_together(
    pairs: Sequence[Pair], world: World, jobs: int, advance: Advance | None, rules: Sequence[Rule]
) -> list[Judged]:
    """What `judge` finds over all pairs, in shares; results of a share are in their order.

    Facts must be prepared: what one process computes the others do not see.
    """
    if not can_fork():
        return [judge(pairs, world, advance=advance)]
    world.inventory.references_to("")  # the index, once for all
    keep()
    shares = [[pair for place, pair in enumerate(pairs) if place // _PIECE % jobs == share] for share in range(jobs)]
    children = [_begin(share, world) for share in shares[1:]]
    try:
        found = [judge(shares[0], world, advance=advance)]
        while children:
            there = _end(*children.pop(0), rules, world.inventory)
            share = shares[len(found)]
            found.append(there if there is not None else judge(share, world))
            if advance:
                advance(len(share))
    finally:
        for process, _ in children:  # none but where this process is interrupted
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    return found


def _begin(share: Sequence[Pair], world: World) -> tuple[int, int]:
    """The process that judges a share, and the end of the pipe that it writes to."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:  # of the child: whatever happens, nothing of the parent's goes on here
        os.close(reading)
        with os.fdopen(writing, "wb") as stream:
            stream.write(_packed(judge(share, world)))
        status = 0
    finally:
        os._exit(status)


def _end(process: int, end: int, rules: Sequence[Rule], inventory: Inventory) -> Judged | None:
    """What a process found; None where it did not come to its end."""
    with os.fdopen(end, "rb") as stream:
        data = stream.read()
    _, status = os.waitpid(process, 0)
    return _unpacked(data, rules, inventory) if status == 0 else None


def _packed(judged: Judged) -> bytes:
    import orjson

    return orjson.dumps(
        {
            **pack(judged.results),
            "tallies": {rule: {one.value: n for one, n in counts.items()} for rule, counts in judged.tallies.items()},
            "passed": {rule: [subject.id for subject in subjects] for rule, subjects in judged.passed.items()},
            "stumbles": judged.stumbles,
            "left_out": judged.left_out,
        }
    )


def _unpacked(data: bytes, rules: Sequence[Rule], inventory: Inventory) -> Judged:
    import orjson

    found = orjson.loads(data)
    subjects: dict[str, Subject] = {}
    for name in {name for names in found["passed"].values() for name in names}:
        if resource := inventory.get(name):
            subjects[name] = Subject.of_resource(resource, tags_of(resource, inventory))
    return Judged(
        results=list(unpacked([found], rules)),
        tallies={
            rule: Counter({Outcome(name): n for name, n in counts.items()}) for rule, counts in found["tallies"].items()
        },
        passed={
            rule: [subjects[name] for name in names if name in subjects] for rule, names in found["passed"].items()
        },
        stumbles=[(rule, kind, key, place) for rule, kind, key, place in found["stumbles"]],
        left_out=[(key, name, count) for key, name, count in found["left_out"]],
    )
