"""What commands share that answer one question: the source that is asked, and the resource that is meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.live import LiveOptions
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.model import Resource
    from auditor.snapshot.source import Source


class AnswerFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"


Demo = Annotated[bool, typer.Option("--demo", help="Ask about the built-in demo tenant; needs no Azure.")]
SourcePath = Annotated[
    Path | None,
    typer.Option("--from", "--snapshot", help="A snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"),
]
Format = Annotated[AnswerFormat, typer.Option("--format", "-f", help="table, json or mermaid.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.", metavar="FILE")
]


def opened(
    path: Path | None,
    live: LiveOptions,
    needs: Iterable[str],
    *,
    demo: bool,
    assume_complete: bool,
    option: str = "--from",
) -> Source:
    """The demo, the file, or what is collected now; `option` is the one that takes the path.

    Raises UsageError and SnapshotError.
    """
    from auditor.cli.saved import check_source, saved_source

    check_source(path, demo=demo, assume_complete=assume_complete, option=option)
    found = saved_source(path, demo=demo, assume_complete=assume_complete)
    if found is not None:
        return found
    from auditor.cli.live import collect_live

    return collect_live(live, frozenset(needs))


def meant(inventory: Inventory, text: str) -> Resource:
    """The resource with this id or name. Raises UsageError where there is none, or more than one."""
    if found := inventory.get(text):
        return found
    named = [
        resource for resource in inventory if text.lower() in (resource.name.lower(), resource.display_name.lower())
    ]
    if len(named) == 1:
        return named[0]
    if named:
        shown = ", ".join(resource.id for resource in named[:3])
        raise UsageError(f"{len(named)} resources are called {text}", remedy=f"Give an id: {shown}.")
    close = difflib.get_close_matches(text, sorted({resource.name for resource in inventory}), n=3)
    remedy = f"Did you mean {', '.join(close)}?" if close else "Give the name or the id of a resource that was read."
    raise UsageError(f"no resource is called {text}", remedy=remedy)
