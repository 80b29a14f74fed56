"""`auditor keys`: every customer-managed key, what it protects, as whom it is opened, and whether the chain holds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn


class KeysFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("keys")(keys)


def keys(
    demo: Annotated[bool, typer.Option("--demo", help="Ask about the built-in demo tenant; needs no Azure.")] = False,
    source_path: Annotated[
        Path | None,
        typer.Option(
            "--from", "--snapshot", help="A snapshot or an export (.db, .json, .jsonl, folder).", metavar="PATH"
        ),
    ] = None,
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
    output_format: Annotated[
        KeysFormat, typer.Option("--format", "-f", help="table, json or mermaid.")
    ] = KeysFormat.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of stdout.", metavar="FILE")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Every customer-managed key: what it protects, as whom it is opened, its health and the days it has left."""
    from auditor.cli.keys.chains import Wanted, render
    from auditor.cli.network.command import width_of, write
    from auditor.cli.options.selected import selected
    from auditor.cli.saved import check_source, saved_source
    from auditor.facts.registry import FactStore, needs_of

    check_source(source_path, demo=demo, assume_complete=assume_complete)
    found = saved_source(source_path, demo=demo, assume_complete=assume_complete)
    if found is None:
        from auditor.cli.live import collect_live, live_options

        live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
        found = collect_live(live, needs_of(["key_chain"]))
    facts = FactStore(found.inventory, found.manifest.finished_at)
    chosen = selected(found, subscription, management_group, resource_group, tag, live=not (demo or source_path))
    wanted = Wanted(broken=broken, used_by=used_by or "", selection=chosen)
    write(render(found, facts, output_format.value, wanted, width=width_of(output)), output)
    for text in (*found.notices, *facts.notices):
        warn(text)
