"""`auditor export`: a snapshot as files that other engines read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import say


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("export", help="Write snapshots as Parquet files, for Spark and other engines.")(export)


def export(
    snapshots: Annotated[list[Path], typer.Argument(help="Snapshots, a tenant each.", metavar="FILE...")],
    parquet: Annotated[
        Path,
        typer.Option(
            "--parquet",
            help="The folder to write below; what it holds of other tenants stays.",
            metavar="DIR",
        ),
    ],
    results: Annotated[
        bool, typer.Option("--results", help="Judge them too, and write the results beside them.")
    ] = False,
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    framework: options.Framework = None,
    min_severity: options.MinSeverity = None,
    policy_parameters: options.PolicyParameters = None,
    overrides: options.Overrides = None,
    quiet: options.Quiet = False,
) -> None:
    """Write snapshots as Parquet files, for Spark and other engines."""
    from auditor.api import RuleChoice, audit
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.report.rows import COLUMNS, rows
    from auditor.snapshot.parquet import export_snapshot, one_a_tenant, tenant_of, write_part
    from auditor.snapshot.source import Source
    from auditor.snapshot.store import Snapshot

    choice: RuleChoice | None = None
    if results:
        choice = choose_rules(
            rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters, overrides
        )
    one_a_tenant(snapshots)
    for path in snapshots:
        with Snapshot.open(path) as snapshot:
            count = export_snapshot(snapshot, parquet)
            words = f"{count:,} resources"
            if choice:
                report = audit(Source(snapshot.manifest, snapshot.inventory()), choice)
                found = write_part(parquet, "results", tenant_of(snapshot), COLUMNS, rows(report))
                words += f", {found:,} results"
            if not quiet:
                say(f"wrote {parquet}, tenant {tenant_of(snapshot)}: {words}")
