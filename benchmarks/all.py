"""One table: start-up; what reading, facts, judging and reporting take by size; a second run; memory; collection.

    make bench [SIZES="10 100 330"]      sizes in thousands of resources, `python -m benchmarks.all 10 100`

Processor seconds but for start-up and collection, each size in a process of its own. Beside the phases stands one
decode of the same file by orjson: what reading costs at least. Ratios to it can be compared between machines, seconds
cannot.
"""

# ruff: noqa: PLC0415 - every measured process imports only what it needs

from __future__ import annotations

import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def written(path: Path, thousands: int) -> int:
    """An export of many copies of the demo tenant, a body a line; gives how many lines.

    Each copy has subscriptions, names and principals of its own.
    """
    from auditor import api

    source = api.open_demo()
    lines = [
        json.dumps({**one.body, "type": one.type, "id": one.id})
        for one in source.inventory
        if not source.inventory.is_embedded(one) and one.id.startswith("/")
    ]
    principals = sorted(set(re.findall(r'"principalId": "([0-9a-f-]{36})"', "\n".join(lines))))
    copies = max(1, thousands * 1000 // len(lines))
    with path.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            for line in lines:
                own = line.replace("larkspur", f"lark{copy:05d}")
                for guid in (*source.manifest.subscriptions, *principals):
                    own = own.replace(guid, f"{guid[:24]}{copy:06x}{guid[30:]}")
                file.write(own + "\n")
    return copies * len(lines)


def phases(path: Path) -> dict[str, Any]:
    """What each phase takes for one export, in this process."""
    import orjson

    from auditor import api
    from auditor.facts.registry import FactStore, family_names

    took: dict[str, Any] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        made = work()
        took[name] = time.process_time() - began
        return made

    lines = path.read_bytes().splitlines()
    timed("decode", lambda: sum(1 for line in lines if orjson.loads(line)))
    lines.clear()
    choice = timed("rules", api.choose_rules)
    source = timed("read", lambda: api.open_source(path, assume_complete=True))
    facts = FactStore(source.inventory, source.manifest.finished_at)
    timed("facts", lambda: [facts.prepare(name) for name in family_names()])
    report = timed("judge", lambda: api.audit(source, choice, facts=facts))
    size = timed("report", lambda: sum(map(len, api.render(report, "json").pieces())))
    took["results"], took["bytes"] = len(report.results), size
    took["resources"] = len(source.inventory)
    took["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return took


def start_up() -> list[str]:
    """Whole commands, the median of seven."""
    program = str(Path(sys.executable).with_name("auditor"))
    lines = []
    for arguments in (("--help",), ("rules", "list"), ("scan", "--demo", "--fail-on", "none")):
        times = []
        for _ in range(7):
            began = time.monotonic()
            subprocess.run([program, *arguments], capture_output=True, check=True)
            times.append(time.monotonic() - began)
        lines.append(f"| `auditor {' '.join(arguments)}` | {statistics.median(times):.2f} s |")
    return lines


def second_run(path: Path) -> tuple[float, float]:
    """Wall seconds of `auditor scan` over an export, the first and the second time."""
    program = str(Path(sys.executable).with_name("auditor"))
    times = []
    for _ in range(2):
        began = time.monotonic()
        command = [program, "scan", "--from", str(path), "--assume-complete", "-q", "-f", "json", "--fail-on", "none"]
        subprocess.run(command, capture_output=True, check=True)
        times.append(time.monotonic() - began)
    return times[0], times[1]


def main(sizes: list[int]) -> None:
    print("| command | wall time, median of 7 |\n|---|---|")
    print("\n".join(start_up()), flush=True)
    names = ("decode", "read", "facts", "judge", "report")
    print(f"\n| resources | {' | '.join(names)} | in decodes | results | memory | scan, then again (wall) |")
    print("|---|" + "---|" * (len(names) + 4))
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.jsonl"
            written(path, size)
            command = [sys.executable, "-m", "benchmarks.all", "--phases", str(path)]
            took = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            whole = sum(took[name] for name in names[1:])
            first, again = second_run(path)
            cells = [f"{took['resources']:,}", *(f"{took[name]:.1f} s" for name in names)]
            cells += [f"{whole / took['decode']:.0f}x", f"{took['results']:,}", f"{took['memory_mb']:,} MB"]
            print(f"| {' | '.join(cells)} | {first:.0f} s, {again:.0f} s |", flush=True)
            path.unlink()
    print("\nCollection, over a loopback Azure with quotas:")
    command = [sys.executable, "-m", "benchmarks.collection", "--subscriptions", "10", "--resources", "10000"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    statuses = found["served"]["by_status"]
    print(
        f"{found['seconds']} s, {found['served']['requests']:,} requests, {statuses.get('429', 0)} answered 429, "
        f"{found['peak_mb']} MB for 10,000 resources of 10 subscriptions"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--phases"]:
        print(json.dumps(phases(Path(sys.argv[2]))))
    else:
        main([int(one) for one in sys.argv[1:]] or [10, 100])
