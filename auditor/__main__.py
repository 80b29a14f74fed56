"""`python -m auditor` and the `auditor` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from auditor.cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
