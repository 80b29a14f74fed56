"""What commands share that answer one question: their options, the source that is asked, the resource that is meant."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.evaluate.model import Picture
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.model import Resource
    from auditor.inventory.selection import Selection
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


_SHARED: tuple[tuple[str, Any, Any], ...] = (
    ("demo", Demo, False),
    ("source_path", SourcePath, None),
    ("assume_complete", options.AssumeComplete, False),
    ("tenant", options.Tenant, None),
    ("subscription", options.Subscriptions, None),
    ("management_group", options.ManagementGroup, None),
    ("source", options.ReadSource, options.SourceChoice.AUTO),
    ("cloud", options.CloudName, "public"),
    ("credential", options.Credential, None),
    ("output_format", Format, AnswerFormat.TABLE),
    ("output", Output, None),
    ("quiet", options.Quiet, False),
)
_PART: tuple[tuple[str, Any, Any], ...] = (
    ("resource_group", options.ResourceGroups, None),
    ("tag", options.Tags, None),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options that these commands share were given."""

    demo: bool
    source_path: Path | None
    assume_complete: bool
    tenant: str | None
    subscription: list[str] | None
    management_group: str | None
    source: options.SourceChoice
    cloud: str
    credential: str | None
    output_format: Any
    """One of `AnswerFormat`, or of what the command takes instead."""
    output: Path | None
    quiet: bool
    resource_group: Sequence[str] | None = None
    tag: Sequence[str] | None = None

    def opened(self, needs: Iterable[str], *, option: str = "--from") -> Source:
        """The demo, the file, or what is collected now; `option` is the one that takes the path.

        Raises UsageError, SnapshotError and what a collection raises.
        """
        from auditor.cli.live import collect_live, live_options
        from auditor.cli.saved import check_source, saved_source

        check_source(self.source_path, demo=self.demo, assume_complete=self.assume_complete, option=option)
        found = saved_source(self.source_path, demo=self.demo, assume_complete=self.assume_complete)
        if found is not None:
            return found
        live = live_options(
            self.cloud,
            self.credential,
            self.tenant,
            self.subscription,
            self.management_group,
            self.source.value,
            quiet=self.quiet,
        )
        return collect_live(live, frozenset(needs))

    def selected(self, source: Source) -> Selection | None:
        """What the options leave of what was opened."""
        from auditor.cli.options.selected import selected

        live = not (self.demo or self.source_path)
        groups, tags = self.resource_group, self.tag
        return selected(source, self.subscription, self.management_group, groups, tags, live=live)

    def answer(
        self,
        notices: Iterable[str],
        json: Callable[[], str],
        picture: Callable[[], Picture],
        text: Callable[[int], str],
    ) -> None:
        """Write the one that was asked for: JSON, a picture in Mermaid, or text of a width; notices go to stderr."""
        from auditor.cli.terminal.output import answer_width
        from auditor.report.mermaid import render_mermaid

        match self.output_format:
            case AnswerFormat.JSON:
                found = json()
            case AnswerFormat.MERMAID:
                found = render_mermaid(picture())
            case _:
                found = text(answer_width(self.output))
        self.write(found, notices)

    def write(self, text: str, notices: Iterable[str]) -> None:
        """Write an answer where it is wanted, and say on stderr what is to be known of it."""
        from auditor.cli.terminal.output import write_answer

        write_answer(text, self.output)
        for notice in notices:
            warn(notice)


def asks(
    *, of_a_part: bool = False, **instead: tuple[Any, Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the shared options, as the one argument `asked` that it begins with.

    `of_a_part` adds those that choose resource groups and tags; `instead` gives another declaration and default for
    one of them.
    """
    shared = {name: (kind, default) for name, kind, default in (*_SHARED, *(_PART if of_a_part else ()))} | instead

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        given = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)
            for name, (kind, default) in shared.items()
        ]

        def run(**values: Any) -> None:
            asked = Asked(**{name: values.pop(name) for name in shared})
            command(asked, **values)

        run.__signature__ = inspect.Signature([*own, *given])  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in (*own, *given)}
        run.__doc__, run.__name__, run.__module__ = command.__doc__, command.__name__, command.__module__
        return run

    return decorated


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
