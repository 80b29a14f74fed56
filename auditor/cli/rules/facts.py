"""`auditor rules facts`: the fact families that conditions can ask for, with fields, types and an example."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.terminal.streams import write_stdout
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.model import Resource

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
        write_stdout("".join(f"{name.ljust(width)}  {described(name).splitlines()[0]}\n" for name in names))
        return
    if family not in names:
        near = get_close_matches(family.lower(), names, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no fact family {family!r}", remedy=f"{hint}`auditor rules facts` lists them.")
    write_stdout("\n".join(_page(family)) + "\n")


def described(name: str) -> str:
    """What the family's module says of it."""
    from auditor.facts.registry import family

    return inspect.cleandoc(inspect.getmodule(family(name).compute).__doc__ or name)


def _page(name: str) -> Iterator[str]:
    from auditor.facts.registry import family

    demo = _known(name, [_demo()])
    examples = _known(name, _examples(name))
    yield f"facts.{name}"
    yield from ("", described(name), "", "Resources that it describes:")
    yield from (f"  {kind}" for kind in sorted(family(name).types))
    fields = fields_of(name, (*demo, *examples))
    yield from ("", "Fields that it has in the demo tenant and in the examples of rules:")
    width = max(map(len, fields), default=0)
    yield from (f"  {path.ljust(width)}  {fields[path]}" for path in sorted(fields))
    if shown := example_of(demo or examples):
        one, value = shown
        yield from ("", f"Of {one.display_name} ({one.type}) it says:", json.dumps(value, indent=2, default=str))


def fields_of(name: str, known: Iterable[tuple[Resource, Any]]) -> dict[str, str]:
    """The kind of value by field, as conditions write it, of what a family says of some resources."""
    fields: dict[str, str] = {}
    for _, value in known:
        for path, kind in _fields(value, f"facts.{name}"):
            if fields.get(path, "null") == "null":
                fields[path] = kind
    # A list that is empty here and has elements there is told by these.
    return {path: kind for path, kind in fields.items() if not any(one.startswith(f"{path}.") for one in fields)}


def example_of(known: Iterable[tuple[Resource, Any]]) -> tuple[Resource, Any] | None:
    """Of what a family says, that which shows most fields."""
    return max(known, key=lambda pair: (len(list(_fields(pair[1], ""))), pair[0].key), default=None)


def _demo() -> tuple[Inventory, datetime | None]:
    from auditor.snapshot.demo import open_demo

    found = open_demo()
    return found.inventory, found.manifest.finished_at


def _examples(name: str) -> Iterator[tuple[Inventory, datetime | None]]:
    """The examples of the built-in rules that ask for the family, each a world of its own."""
    from auditor.rules.loader import load_rules
    from auditor.rules.selftest import EXAMPLE_TIME, example_context

    for rule in load_rules((), builtin=True, examples=True).rules:
        if name in rule.needs.facts:
            for example in (*rule.examples.fail, *rule.examples.passing):
                yield example_context(example).inventory, datetime.fromisoformat(EXAMPLE_TIME)


def _known(name: str, worlds: Iterable[tuple[Inventory, datetime | None]]) -> list[tuple[Resource, Any]]:
    """What the family says of resources of these worlds, as far as it is known."""
    from auditor.facts.registry import FactStore

    return [pair for inventory, now in worlds for pair in FactStore(inventory, now).known(name)]


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
