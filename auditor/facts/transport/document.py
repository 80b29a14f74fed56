"""The table of what services take from their clients, as a document."""

from __future__ import annotations

from auditor.facts.transport.table import SERVICES, Reading

_HEAD = """\
# What services take from their clients

Made from the table behind the fact `transport` (`auditor/facts/transport/table.py`): for each service the property that
decides whether it takes connections without TLS, and the one that decides the lowest TLS version, with what a missing
value means. *Refused since* names the day from which the service refuses TLS below 1.2 whatever is set
([retirements.md](retirements.md) has the sources).

| Service | Without TLS | Missing means | Lowest TLS | Missing means | Refused since | Source |
|---|---|---|---|---|---|---|
"""


def document() -> str:
    """docs/transport.md."""
    rows = []
    for service in sorted(SERVICES, key=lambda one: one.name):
        plain, version = service.plain, service.version
        sources = dict.fromkeys(one.source for one in (plain, version) if isinstance(one, Reading))
        links = ", ".join(f"[{number}]({source})" for number, source in enumerate(sources, 1))
        cells = [service.name, *_cells(plain), *_cells(version), service.ended, links]
        rows.append(f"| {' | '.join(cells)} |\n")
    return _HEAD + "".join(rows)


def _cells(reading: Reading | str) -> tuple[str, str]:
    if isinstance(reading, str):
        return reading, ""
    place = f"`{reading.child}`: " if reading.child else ""
    return f"{place}`{reading.path}`", reading.missing
