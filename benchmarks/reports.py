"""How long each format takes for many findings, and how large it gets: `python -m benchmarks.reports [findings]`."""

from __future__ import annotations

import gzip
import resource
import sys
import time

from auditor.report.registry import FORMATS, RenderOptions, render
from tests.report import samples


def main(findings: int) -> None:
    report = samples.large(findings)
    print(f"{findings:,} findings\n{'format':10} {'seconds':>8} {'MB':>8} {'MB gzipped':>11}")
    for name in FORMATS:
        render(samples.small(), name, RenderOptions())  # its libraries are loaded
        begun = time.process_time()
        data = render(report, name, RenderOptions()).data
        took = time.process_time() - begun
        raw = data if isinstance(data, bytes) else data.encode()
        print(f"{name:10} {took:8.2f} {len(raw) / 1e6:8.2f} {len(gzip.compress(raw)) / 1e6:11.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
