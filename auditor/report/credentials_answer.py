"""The answer of `auditor identity credentials`, as text and as JSON.

    {"schema_version": "1.0", "consumers": [{"consumer": "app-shop", "holder": "/subscriptions/.../config/appsettings",
      "entries": [{"setting", "kind", "step", "opens", "better", "has_role", "assign", "instead", ...}]}]}

An entry has every field of one of the fact `credentials` (`auditor.facts.credentials.family`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.inventory.model import Json
from auditor.report.answers import document, told, wrapped

Told = Sequence[tuple[str, Mapping[str, Json]]]
"""Id of each holder, and its fact."""


def as_json(told: Told) -> str:
    """The entries as JSON."""
    consumers = [
        {"consumer": fact["consumer"], "holder": holder, "entries": list(fact["entries"])} for holder, fact in told
    ]
    return document({"schema_version": "1.0", "consumers": consumers}, str)


def as_text(consumers: Told, width: int) -> str:
    """The entries in lines of at most `width` characters, a consumer after the other."""
    lines = [line for _, fact in consumers for line in _consumer(fact, width)]
    return told(lines or ["Nobody known keeps a key, password or signature."])


def _consumer(fact: Mapping[str, Json], width: int) -> Iterator[str]:
    yield str(fact["consumer"])
    for entry in fact["entries"]:
        yield from wrapped(str(entry["text"]), width, "  ", "    ", cut=True)
        for words in _advice(entry):
            yield from wrapped(words, width, "    ", "      ", cut=True)
    yield ""


def _advice(entry: Mapping[str, Json]) -> Iterator[str]:
    if entry["keys_off"]:
        yield "its service takes it no more: delete the setting"
    if entry["shared_with"]:
        yield f"the same secret: {', '.join(entry['shared_with'])}"
    if not entry["better"]:
        return
    ready = {True: ", which has the role already", False: ", which needs the role", None: ""}[entry["has_role"]]
    owner = ready if entry["identity"] or entry["better"] != "managed identity" else ", which it has to be given first"
    yield f"better: {entry['better']}{owner}"
    if entry["assign"] and entry["has_role"] is not True:
        yield str(entry["assign"])
    for words in (entry["instead"], entry["note"]):
        if words:
            yield str(words)
