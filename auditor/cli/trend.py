"""`auditor trend`: what became of findings from run to run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.options import declared as options
from auditor.errors import UsageError


class TrendFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("trend", help="New, mended and standing findings, run by run.")(trend)


def trend(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of `scan --history DIR`, or of JSON reports.")
    ],
    output_format: Annotated[TrendFormat, typer.Option("--format", "-f", help="table or json.")] = TrendFormat.TABLE,
    output: options.OutputFile = None,
    width: options.Width = None,
    verbose: options.Verbose = False,
) -> None:
    """New, mended and standing findings, run by run: of each tenant and scope a series of its own."""
    from auditor.cli.terminal.output import answer_width, render_options, write_answer
    from auditor.evaluate.history import trend_of
    from auditor.evaluate.history_files import load_history
    from auditor.report import trend as shown

    runs = load_history(folder)
    if not runs:
        raise UsageError("holds no run", subject=str(folder), remedy="Add one: auditor scan --history DIR.")
    trends = [trend_of(runs, series) for series in sorted({run.series for run in runs})]
    if output_format is TrendFormat.JSON:
        text = shown.as_json(trends) + "\n"
    else:
        rendering = render_options(width=width or answer_width(output), verbose=verbose)
        text = shown.as_table(trends, rendering)
    write_answer(text, output)
