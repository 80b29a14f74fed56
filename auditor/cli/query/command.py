"""`auditor query`: SQL over resources, results and facts, for reading only."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn
from auditor.cli.terminal.streams import write_stdout
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.snapshot.query import Answer


class QueryFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        "query", help="Ask a snapshot, an export or the demo with SQL; reads only, within limits of time and size."
    )(query)


def query(
    sql: Annotated[
        str,
        typer.Argument(help="One SELECT over resources, findings, results, exemptions, facts, gaps or a type's view."),
    ] = "",
    source: Annotated[
        Path | None,
        typer.Option("--from", help="The snapshot or export to ask.", metavar="PATH", show_default="tenant.db"),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Ask the built-in demo tenant; needs no Azure.")] = False,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    resource_group: options.ResourceGroups = None,
    tag: options.Tags = None,
    overrides: options.Overrides = None,
    exemptions: options.Exemptions = None,
    policy_exemptions: options.PolicyExemptions = False,
    output_format: Annotated[
        QueryFormat, typer.Option("--format", "-f", help="table, csv or json.")
    ] = QueryFormat.TABLE,
    tables: Annotated[bool, typer.Option("--tables", help="List the tables, with how many rows each has.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds a query may take.", min=0.01)] = 30.0,
    max_rows: Annotated[int, typer.Option("--max-rows", help="Rows to show at most.", min=1)] = 10_000,
) -> None:
    """Ask a snapshot, an export or the demo with SQL; reads only, within limits of time and size."""
    from auditor import api
    from auditor.cli.options.acceptance import choose_exemptions
    from auditor.cli.options.selected import selected
    from auditor.cli.query import tables as ours
    from auditor.cli.saved import check_source, saved_source
    from auditor.snapshot.opening import is_snapshot
    from auditor.snapshot.query import Answer, Limits, query_snapshot, views_of

    check_source(source, demo=demo, assume_complete=False)
    if not tables and not sql.strip():
        raise UsageError("there is no query", remedy="Give one SELECT in quotes, or --tables to see what there is.")
    path = source or Path("tenant.db")
    acceptance = choose_exemptions(exemptions, policy_exemptions, None)
    # Also where no table that is asked for is judged: a file with a mistake is told.
    rules = api.choose_rules(overrides=overrides) if overrides else None
    wanted = frozenset(ours.NAMES) if tables else ours.named_in(sql)
    chosen = any((subscription, management_group, resource_group, tag))
    as_it_is = not demo and not chosen and (not path.exists() or is_snapshot(path))
    with ExitStack() as stack:
        extra = {}
        if wanted or not as_it_is:
            found = saved_source(None if demo else path, demo=demo, assume_complete=False)
            assert found is not None  # noqa: S101 - there is a path or the demo
            selection = selected(found, subscription, management_group, resource_group, tag, live=False)
            extra = ours.tables_of(found, wanted, selection, acceptance, rules)
            if not as_it_is:
                path = stack.enter_context(ours.as_snapshot(found, selection))
        if tables:
            answer = Answer(("view", "rows"), views_of(path, extra))
        else:
            answer = query_snapshot(path, sql, Limits(seconds=timeout_s, rows=max_rows), extra)
    write_stdout(_rendered(answer, output_format))
    if answer.cut:
        warn(answer.cut)


def _rendered(answer: Answer, output_format: QueryFormat) -> str:
    from auditor.cli.query import output as query_output

    match output_format:
        case QueryFormat.TABLE:
            return query_output.as_table(answer)
        case QueryFormat.CSV:
            return query_output.as_csv(answer)
        case QueryFormat.JSON:
            return query_output.as_json(answer)
