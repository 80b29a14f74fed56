"""`auditor keys`: every customer-managed key, what it protects, as whom it is opened, and whether the chain holds."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.asked import AnswerFormat, Demo, Format, Output, SourcePath, opened
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("keys")(keys)


def keys(
    demo: Demo = False,
    source_path: SourcePath = None,
    assume_complete: options.AssumeComplete = False,
    broken: Annotated[
        bool, typer.Option("--broken", help="Only keys that something cannot be read for want of.")
    ] = False,
    used_by: Annotated[
        str | None,
        typer.Option(
            "--used-by", help="Only the keys that this resource hangs on: its name or id.", metavar="RESOURCE"
        ),
    ] = None,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    resource_group: options.ResourceGroups = None,
    tag: options.Tags = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    output_format: Format = AnswerFormat.TABLE,
    output: Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Every customer-managed key: what it protects, as whom it is opened, its health and the days it has left."""
    from auditor.cli.live import live_options
    from auditor.cli.options.selected import selected
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.registry import FactStore, needs_of
    from auditor.report.keys_answer import Wanted, render

    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(source_path, live, needs_of(["key_chain"]), demo=demo, assume_complete=assume_complete)
    facts = FactStore(found.inventory, found.manifest.finished_at)
    chosen = selected(found, subscription, management_group, resource_group, tag, live=not (demo or source_path))
    part = chosen.within(found.inventory) if chosen else None
    wanted = Wanted(broken=broken, used_by=used_by or "", chosen=part)
    source_name, columns = found.manifest.source, answer_width(output)
    text = render(found.inventory, facts, output_format.value, wanted, source=source_name, width=columns)
    write_answer(text, output)
    for notice in (*found.notices, *facts.notices):
        warn(notice)
