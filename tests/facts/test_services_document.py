"""docs/ports.md says what the table of services says. `AUDITOR_GOLDEN=write` writes it anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from auditor.facts.network.services import BROAD, SERVICES
from auditor.rules.loader import builtin_path

PAGE = Path(__file__).parents[2] / "docs" / "ports.md"
FAILS_FOR = re.compile(r"\nfail_if:.*?kinds\s+contains: ([\w-]+)", re.DOTALL)
RULES = {
    found[1]: path.stem
    for path in sorted((builtin_path() / "network").glob("nic-internet-*.yaml"))
    if (found := FAILS_FOR.search(path.read_text(encoding="utf-8")))
}
"""Rule id by the kind that it is about."""


def _row(kind: str) -> str:
    listed = [service for service in SERVICES if service.kind == kind]
    words = [
        f"{service.name} {', '.join(map(str, ports))}{suffix}"
        for service in listed
        for ports, suffix in ((service.tcp, ""), (service.udp, " (UDP)"))
        if ports
    ]
    return f"| `{kind}` | `{RULES[kind]}` | {'; '.join(words)} |"


def table() -> str:
    kinds = dict.fromkeys(service.kind for service in SERVICES)
    return "\n".join(["| kind | rule | services and their ports |", "|---|---|---|", *map(_row, kinds)])


def test_the_page_has_the_table_as_it_is():
    if os.environ.get("AUDITOR_GOLDEN") == "write":
        PAGE.write_text(PAGE.read_text(encoding="utf-8").partition("| kind |")[0] + table() + "\n", encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8").endswith(f"\n\n{table()}\n")


def test_the_page_says_what_is_broad():
    assert f"{BROAD:,} ports" in PAGE.read_text(encoding="utf-8")
    assert RULES["broad"] == "nic-internet-many-ports"
