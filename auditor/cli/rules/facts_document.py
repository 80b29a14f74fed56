"""docs/facts: every fact family with its fields, made from the same values that `auditor rules facts` shows.

    python -m auditor.cli.rules.facts_document docs/facts

A page a room of `auditor/facts`, and an index.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.cli.rules.facts import described, example_of, fields_of
from auditor.facts.registry import FactStore, family, family_names
from auditor.inventory.model import Resource, Unread

_TITLES = {
    "api": "APIs",
    "certificates": "Certificates",
    "credentials": "Credentials",
    "directory": "The directory",
    "identity": "Roles and identities",
    "in_use": "Data in use",
    "keys": "Keys",
    "network": "The network",
    "paas": "Services with a public endpoint",
    "paths": "Attack paths",
    "private_link": "Private endpoints",
    "sign_in": "Sign-in of apps",
    "transport": "Transport",
}
"""What the rooms are called."""
_LONGEST = 160
"""Characters of a text in an example."""
_MADE = "<!-- Made by python -m auditor.cli.rules.facts_document docs/facts -->"

Known = Mapping[str, Sequence[tuple[Resource, Any]]]
"""Values by family, with the resource that each is of."""


def render() -> dict[str, str]:
    """The pages by file name."""
    from auditor.rules.loader import load_rules

    rules = load_rules((), builtin=True, examples=True).rules
    demo, examples = _of_demo(), _of_examples(rules)
    asking: dict[str, list[str]] = {}
    for rule in sorted(rules, key=lambda rule: rule.id):
        for name in rule.needs.facts:
            asking.setdefault(name, []).append(rule.id)
    by_room: dict[str, list[str]] = {}
    for name in family_names():
        by_room.setdefault(_room(name), []).append(name)
    pages = {
        f"{room.replace('_', '-')}.md": "\n".join(_page(room, names, demo, examples, asking)) + "\n"
        for room, names in sorted(by_room.items())
    }
    return {"README.md": "\n".join(_index(by_room)) + "\n", **pages}


def _room(name: str) -> str:
    return family(name).compute.__module__.split(".")[2]


def _index(by_room: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield from (_MADE, "# Facts", "")
    yield "What rules can ask of several resources together, as `facts.<family>.<field>` in a condition"
    yield "([how](../rules.md#fields)). `auditor rules facts FAMILY` shows the same."
    for room in sorted(by_room, key=lambda name: _TITLES[name].lower()):
        page = f"{room.replace('_', '-')}.md"
        yield from ("", f"## [{_TITLES[room]}]({page})", "", "| family | what it says |", "|---|---|")
        yield from (f"| [`{name}`]({page}#{name}) | {_first_line(name)} |" for name in by_room[room])


def _first_line(name: str) -> str:
    return " ".join(described(name).split("\n\n")[0].split()).replace("|", "\\|")


def _page(
    room: str, names: Sequence[str], demo: Known, examples: Known, asking: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    yield from (_MADE, f"# Facts: {_TITLES[room]}", "", "[All facts](README.md)")
    for name in names:
        yield from ("", f"## {name}", "", described(name), "")
        yield f"**Of** {_listed(sorted(family(name).types))}"
        rules = asking.get(name, ())
        yield from ("", f"**Asked by** {_listed(rules)}") if rules else ()
        fields = fields_of(name, (*demo.get(name, ()), *examples.get(name, ())))
        yield from ("", "| field | kind |", "|---|---|")
        yield from (f"| `{path}` | {kind} |" for path, kind in sorted(fields.items()))
        shown = example_of(demo.get(name, ()) or examples.get(name, ()))
        if shown:
            one, value = shown
            told = json.dumps(_short(value), indent=2, default=str)
            yield from ("", f"Of `{one.display_name}` (`{one.type}`) it says, lists cut after their first element:")
            yield from ("", "```json", told, "```")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _short(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value[:1]]
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[: _LONGEST - 1] + "…"
    return value if not isinstance(value, Unread) else "not read"


def _of_demo() -> Known:
    from auditor.snapshot.demo import open_demo

    found = open_demo()
    return _values(FactStore(found.inventory, found.manifest.finished_at), family_names())


def _of_examples(rules: Iterable[Any]) -> Known:
    """What families say in the examples of the rules that ask for them."""
    from auditor.rules.selftest import EXAMPLE_TIME, example_context

    found: dict[str, list[tuple[Resource, Any]]] = {}
    for rule in rules:
        if rule.needs.facts:
            for example in (*rule.examples.fail, *rule.examples.passing):
                store = FactStore(example_context(example).inventory, datetime.fromisoformat(EXAMPLE_TIME))
                for name, values in _values(store, sorted(rule.needs.facts)).items():
                    found.setdefault(name, []).extend(values)
    return found


def _values(store: FactStore, names: Iterable[str]) -> Known:
    return {name: list(store.known(name)) for name in names}


def main(folder: Path) -> None:
    """Write the pages into a folder, in place of those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text in render().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
