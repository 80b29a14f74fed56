"""`auditor rules facts`: the fact families that conditions can ask for, with fields, types and an example."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from auditor.cli.terminal.streams import write_stdout
from auditor.errors import UsageError

_DEEPEST = 6
_KINDS = {bool: "true or false", int: "number", float: "number", str: "text", list: "list", dict: "object"}


def facts(
    family: Annotated[str, typer.Argument(help="A fact family; without one they are listed.")] = "",
) -> None:
    """Fact families for `facts.<family>.<field>` in conditions: fields, types and an example of the demo tenant."""
    from difflib import get_close_matches

    from auditor.facts.registry import family_names

    names = sorted(family_names())
    if not family:
        width = max(map(len, names))
        write_stdout("".join(f"{name.ljust(width)}  {_described(name).splitlines()[0]}\n" for name in names))
        return
    if family not in names:
        near = get_close_matches(family.lower(), names, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no fact family {family!r}", remedy=f"{hint}`auditor rules facts` lists them.")
    write_stdout("\n".join(_page(family)) + "\n")


def _described(name: str) -> str:
    """What the family's module says of it."""
    from auditor.facts.registry import family

    return inspect.cleandoc(inspect.getmodule(family(name).compute).__doc__ or name)


def _page(name: str) -> Iterator[str]:
    from auditor.facts.registry import FactStore, family
    from auditor.inventory.model import Unread
    from auditor.snapshot.demo import open_demo

    found = open_demo()
    store = FactStore(found.inventory, found.manifest.finished_at)
    values = [(one, value) for one in found.inventory if (value := store.get(name, one)) is not None]
    known = [(one, value) for one, value in values if not isinstance(value, Unread)]
    yield f"facts.{name}"
    yield from ("", _described(name), "", "Resources that it describes:")
    yield from (f"  {kind}" for kind in sorted(family(name).types))
    fields: dict[str, str] = {}
    for _, value in known:
        for path, kind in _fields(value, f"facts.{name}"):
            if fields.get(path, "null") == "null":
                fields[path] = kind
    if not known:
        yield from ("", "The demo tenant has no example of it.")
        return
    yield from ("", "Fields that it has in the demo tenant:")
    width = max(map(len, fields))
    yield from (f"  {path.ljust(width)}  {kind}" for path, kind in fields.items())
    one, value = max(known, key=lambda pair: (len(list(_fields(pair[1], ""))), pair[0].key))
    yield from ("", f"Of {one.display_name} ({one.type}) it says:", json.dumps(value, indent=2, default=str))


def _fields(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Paths as conditions write them, each with the kind of value that stands there."""
    if isinstance(value, Mapping) and value and depth < _DEEPEST:
        for name, inner in value.items():
            yield from _fields(inner, f"{path}.{name}", depth + 1)
    elif isinstance(value, list | tuple):
        yield from ((f"{path}[*]", "list"),) if not value else ()
        for inner in value:
            yield from _fields(inner, f"{path}[*]", depth + 1)
    else:
        yield path, "null" if value is None else _KINDS.get(type(value), "not read")
