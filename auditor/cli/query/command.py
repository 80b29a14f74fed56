"""`auditor query`: SQL over a snapshot, for reading only."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    app.command("query", help="Ask a snapshot with SQL; reads only, within limits of time and size.")(query)


def query(
    sql: Annotated[
        str, typer.Argument(help="One SELECT over resources, gaps, ledger, manifest or a type's view.")
    ] = "",
    source: Annotated[
        Path, typer.Option("--from", help="The snapshot to ask.", metavar="FILE", show_default=True)
    ] = Path("tenant.db"),
    output_format: Annotated[
        QueryFormat, typer.Option("--format", "-f", help="table, csv or json.")
    ] = QueryFormat.TABLE,
    tables: Annotated[bool, typer.Option("--tables", help="List the views, with how many rows each has.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds a query may take.", min=0.01)] = 30.0,
    max_rows: Annotated[int, typer.Option("--max-rows", help="Rows to show at most.", min=1)] = 10_000,
) -> None:
    """Ask a snapshot with SQL; reads only, within limits of time and size."""
    from auditor.snapshot.query import Answer, Limits, query_snapshot, views_of

    if tables:
        answer = Answer(("view", "rows"), views_of(source))
    elif sql.strip():
        answer = query_snapshot(source, sql, Limits(seconds=timeout_s, rows=max_rows))
    else:
        raise UsageError("there is no query", remedy="Give one SELECT in quotes, or --tables to see what there is.")
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
