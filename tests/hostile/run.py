"""Feeds hostile inputs of every kind, as many as wanted: `python -m tests.hostile.run 10000 [seed]`."""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path

from auditor.errors import AuditorError
from auditor.inventory.stumbles import be_strict
from tests.hostile.kinds_code import code, parameters
from tests.hostile.kinds_rules import acceptance, exemptions, policies, rule_file, rule_values
from tests.hostile.kinds_settings import cloud, config, framework
from tests.hostile.kinds_tenant import (
    baseline,
    comparison,
    export,
    fixes,
    published_bodies,
    rows,
    snapshot,
    torn_export,
)
from tests.hostile.mutations import Dice
from tests.hostile.seeds import bodies, reports, rule_texts, rules, snapshot_bytes
from tests.hostile.tally import Tally

KINDS: Mapping[str, tuple[int, Callable[[Dice, Path, Tally], None]]] = {
    "bodies": (4, export),
    "published bodies": (4, published_bodies),
    "export files": (2, torn_export),
    "snapshots": (2, snapshot),
    "rule files": (3, rule_file),
    "rules": (2, rule_values),
    "policies": (3, policies),
    "exemptions": (2, exemptions),
    "baselines": (1, baseline),
    "comparisons": (1, comparison),
    "policy exemptions": (2, acceptance),
    "configuration": (2, config),
    "frameworks": (2, framework),
    "clouds": (2, cloud),
    "code": (6, code),
    "parameters": (1, parameters),
    "fixes": (3, fixes),
    "rows": (2, rows),
}
"""Each kind, and its share."""


def feed(count: int, seed: int, *, slow_s: float = 10.0) -> Tally:
    """Make `count` inputs and feed them; every one must end in a value or in an error that users are meant to see."""
    tally = Tally()
    kinds = [kind for kind, (share, _) in KINDS.items() for _ in range(share)]
    be_strict(False)
    for ready in (bodies, rules, snapshot_bytes, rule_texts, reports):
        ready()  # what is read once says nothing of an input's time
    with tempfile.TemporaryDirectory() as place, redirect_stderr(io.StringIO()):
        for number in range(count):
            dice = random.Random(f"{seed} {number}")  # noqa: S311 - repeats itself on purpose
            kind = kinds[number % len(kinds)]
            folder = Path(place) / str(number % 50)
            folder.mkdir(exist_ok=True)
            started = time.process_time()
            tally.tried[kind] += 1
            try:
                KINDS[kind][1](dice, folder, tally)
            except AuditorError:
                tally.refused[kind] += 1
            except BaseException as error:  # also what ends a program
                if isinstance(error, KeyboardInterrupt):
                    raise
                where = traceback.extract_tb(error.__traceback__)[-1]
                tally.crashed.append(
                    f"{kind} {number}: {type(error).__name__} {error!s:.80} in {where.filename}:{where.lineno}"
                )
            if (took_s := time.process_time() - started) > slow_s:
                tally.slow.append(f"{kind} {number}: {took_s:.1f} s")
    return tally


def main() -> None:
    """Feed as many as asked and say what became of them."""
    import resource

    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.monotonic()
    tally = feed(count, seed)
    print(f"{count} inputs, seed {seed}, {time.monotonic() - started:.0f} s")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most")
    for kind, number in tally.tried.items():
        print(f"  {kind}: {number}, refused with an error {tally.refused[kind]}")
    print(f"crashed: {len(tally.crashed)}, slow: {len(tally.slow)}, held: {sum(tally.held.values())}")
    print(f"{len({str(body.get('type')).lower() for body in bodies()})} types of resources among the bodies")
    print(f"{len(tally.types)} types of resources made up from what is published of them")
    for line in (*tally.crashed[:60], *tally.slow[:20]):
        print("  ", line)
    for place, number in tally.held.most_common(40):
        print(f"   held {number}: {place}")


if __name__ == "__main__":
    main()
