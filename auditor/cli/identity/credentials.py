"""`auditor identity credentials`: what each consumer keeps, what it opens, and the better step that exists for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.asked import AnswerFormat, Demo, Format, Output, SourcePath, meant, opened
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.facts.registry import FactStore
    from auditor.inventory.inventory import Inventory
    from auditor.inventory.model import Json


def credentials(
    of: Annotated[
        str | None,
        typer.Option("--of", help="Only what this resource keeps, or what opens it.", metavar="RESOURCE"),
    ] = None,
    demo: Demo = False,
    source_path: SourcePath = None,
    assume_complete: options.AssumeComplete = False,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    output_format: Format = AnswerFormat.TABLE,
    output: Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Keys, passwords and signatures in settings, one entry a secret: the better step, and the exact role for it."""
    from auditor.cli.live import live_options
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.registry import FactStore, needs_of
    from auditor.pictures.credentials import credentials_picture
    from auditor.report.credentials_answer import as_json, as_text
    from auditor.report.mermaid import render_mermaid

    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(source_path, live, needs_of(["credentials"]), demo=demo, assume_complete=assume_complete)
    facts = FactStore(found.inventory)
    wanted = meant(found.inventory, of).key if of else ""
    told = sorted(_told(found.inventory, facts, wanted), key=lambda pair: (str(pair[1]["consumer"]), pair[0].lower()))
    match output_format:
        case AnswerFormat.JSON:
            text = as_json(told)
        case AnswerFormat.MERMAID:
            text = render_mermaid(credentials_picture(told))
        case AnswerFormat.TABLE:
            text = as_text(told, answer_width(output))
    write_answer(text, output)
    unread = sorted({gap.type for gap in found.inventory.gaps if "/config" in gap.type.lower()})
    for notice in (*found.notices, *facts.notices, *(f"{kind} was not read everywhere" for kind in unread)):
        warn(notice)


def _told(inventory: Inventory, facts: FactStore, wanted: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Holders that keep something, with their facts; with a wanted resource what it keeps, and what opens it."""
    from auditor.facts.credentials.places import HOLDERS

    for kind in sorted(HOLDERS):
        for holder in inventory.of_type(kind):
            fact = facts.get("credentials", holder)
            if not isinstance(fact, dict) or not fact["entries"]:
                continue
            if not wanted or holder.key == wanted or holder.key.startswith(f"{wanted}/"):
                yield holder.id, fact
            elif entries := [one for one in fact["entries"] if str(one["opens_id"]).lower() == wanted]:
                yield holder.id, {**fact, "entries": entries}
