"""What the answers of commands share: lines of a width, and the JSON of resources, gaps and proofs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from auditor.inventory.model import Gap, Json, Resource
from auditor.report.text import plain

_MOST_UNKNOWN = 20


class _Proof(Protocol):
    @property
    def resource(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def value(self) -> str: ...


class _Node(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...


def wrapped(text: str, width: int, first: str = "", later: str = "  ", *, cut: bool = False) -> list[str]:
    """Lines of at most `width` characters; ids and paths stay whole, so that they can be copied, unless `cut`."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=later, break_on_hyphens=False, break_long_words=cut
    )


def told(lines: Iterable[str]) -> str:
    """Lines as one text that does no harm in a terminal."""
    return "\n".join(plain(line) for line in lines).strip("\n") + "\n"


def maybe_more(gap: Gap | None, width: int) -> list[str]:
    """That something was not read, after an empty line; nothing where all was."""
    return ["", *wrapped(f"There may be more: {why(gap)}.", width)] if gap else []


def why(gap: Gap) -> str:
    """What was not read, where, and why."""
    return f"{gap.type} in {gap.scope} was not read ({gap.code})"


def not_known(unknown: Sequence[tuple[Resource, Gap]], width: int) -> Iterator[str]:
    """Resources of which nothing is known, a line each, the first of them."""
    for resource, gap in unknown[:_MOST_UNKNOWN]:
        text = f"not known: {resource.name}: {gap.type} could not be read ({gap.code})"
        yield from textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    if len(unknown) > _MOST_UNKNOWN:
        yield f"... and {len(unknown) - _MOST_UNKNOWN} more that are not known: --format json lists them."


def document(content: Json, default: Callable[[object], Json] | None = None) -> str:
    """JSON for people and programs; `default` gives what stands for a value that JSON has not."""
    return json.dumps(content, indent=2, ensure_ascii=False, default=default) + "\n"


def resource_json(resource: Resource) -> dict[str, str]:
    """`id`, `type` and `name`."""
    return {"id": resource.id, "type": resource.type, "name": resource.name}


def unknown_json(unknown: Iterable[tuple[Resource, Gap]]) -> list[Json]:
    """Resources of which nothing is known, each with the gap."""
    return [{"resource": resource_json(resource), "gap": gap_json(gap)} for resource, gap in unknown]


def gap_json(gap: Gap | None) -> Json:
    """What was not read; null where there is no gap."""
    return {"scope": gap.scope, "type": gap.type, "code": gap.code, "message": gap.message} if gap else None


def node_json(node: _Node) -> dict[str, str]:
    """A node of a path."""
    return {"id": node.id, "kind": node.kind, "name": node.name}


def proofs_json(proofs: Iterable[_Proof]) -> list[dict[str, str]]:
    """What proves a step."""
    return [{"resource": one.resource, "path": one.path, "value": one.value} for one in proofs]
