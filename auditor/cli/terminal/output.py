"""Reports written to stdout and to files."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.terminal.streams import write_stdout
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.terminal.steps import Steps
    from auditor.evaluate.model import Report
    from auditor.report.registry import RenderOptions


@dataclass(frozen=True, slots=True)
class Output:
    """One report to write."""

    format: str
    path: Path | None
    """None for stdout."""


def outputs_of(chosen: str, path: Path | None, reports: Sequence[str]) -> list[Output]:
    """What `--format`, `--output` and `--report FORMAT=FILE` ask for, the main report first.

    Raises UsageError for an unknown format, a `--report` of another shape, a folder that does not exist, and two
    reports in one file: all before anything is collected.
    """
    outputs = [Output(_known(chosen), path)]
    for text in reports:
        name, separator, file = text.partition("=")
        if not separator or not file:
            raise UsageError(f"--report {text!r} is not FORMAT=FILE", remedy="Write --report sarif=results.sarif.")
        outputs.append(Output(_known(name), Path(file)))
    files = [output.path for output in outputs if output.path]
    for target in files:
        check_place(target)
    if len({resolved(file) for file in files}) < len(files):
        raise UsageError("two reports would be written to one file", remedy="Give each report a file of its own.")
    return outputs


def answer_width(output: Path | None) -> int:
    """Columns for an answer: those of the terminal, or of a file."""
    return 120 if output else max(40, shutil.get_terminal_size((120, 24)).columns)


def write_answer(text: str, output: Path | None) -> None:
    """Write one answer to stdout, or to a file."""
    data = text.encode("utf-8", "replace")
    if output is None:
        write_stdout(data)
    else:
        write_file(output, data)


def resolved(path: Path) -> Path:
    """The absolute path, links followed; unlike `Path.resolve` no error for links in a circle."""
    return Path(os.path.realpath(path))


def check_place(target: Path) -> None:
    """Raise UsageError where no file can be written, before anything is collected."""
    if not resolved(target).parent.is_dir():
        raise UsageError("its folder does not exist", subject=str(target), remedy="Create the folder first.")
    if target.is_dir():
        raise UsageError("is a folder", subject=str(target), remedy="Name a file.")


def _known(name: str) -> str:
    from auditor.report.registry import FORMATS

    lowered = name.lower()
    if lowered not in FORMATS:
        near = get_close_matches(lowered, FORMATS, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no format {name!r}", remedy=f"{hint}Formats: {', '.join(FORMATS)}.")
    return lowered


def write_file(path: Path, data: bytes | Iterable[bytes], *, private: bool = False) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it.

    A link in its place is replaced and not followed. `private` files are readable by their owner alone: those that hold
    resources, and not only what was found. Raises UsageError where the place cannot be written to.
    """
    pieces = (data,) if isinstance(data, bytes) else data
    try:
        if path.exists() and not path.is_file():  # /dev/stdout, a named pipe
            with path.open("wb") as stream:
                stream.writelines(pieces)
            return
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=resolved(path).parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.writelines(pieces)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod((0o600 if private else 0o666) & ~umask)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", subject=str(path), remedy="Choose another place."
        ) from error


def write_reports(report: Report, outputs: Sequence[Output], options: RenderOptions, steps: Steps) -> tuple[str, ...]:
    """Render and write every report; gives what the formats have to say of limits that bit."""
    from auditor.inventory.cycles import keep
    from auditor.report.registry import render

    keep()  # reports are made of millions of results, and only add to them
    notices: list[str] = []
    for output in outputs:
        with steps.step(f"render {output.format}"):
            rendered = render(report, output.format, _fitted(options, output.path))
            notices.extend(rendered.notices)
            if output.path and _is_job_summary(output.path):
                _append(output.path, rendered.pieces())
            elif output.path:
                write_file(output.path, rendered.pieces())
            else:
                write_stdout(rendered.pieces())
    return tuple(dict.fromkeys(notices))


def _fitted(options: RenderOptions, path: Path | None) -> RenderOptions:
    """The options for one target: colours and links are for a terminal, and a job summary may hold text already."""
    from dataclasses import replace

    if path is None:
        return options
    taken = path.stat().st_size if _is_job_summary(path) and path.exists() else 0
    return replace(options, colour=False, hyperlinks=False, max_bytes=max(options.max_bytes - taken, 0))


def _is_job_summary(path: Path) -> bool:
    """Whether this is the file that GitHub shows as the step's summary: earlier commands of the step write there too.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
    """
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    return bool(summary) and resolved(path) == resolved(Path(summary or ""))


def _append(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        with path.open("ab") as stream:
            stream.write(b"\n" * (stream.tell() > 0))
            stream.writelines(pieces)
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", subject=str(path), remedy="Choose another place."
        ) from error


def render_options(
    group_by: str = "rule",
    include_passed: bool = False,
    width: int | None = None,
    verbose: bool = False,
    markdown_limit: int = 1_000_000,
) -> RenderOptions:
    """How reports are rendered for where they go: the terminal's width, colour and links only where there is one."""
    from auditor.report.registry import RenderOptions

    terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    # The logs of CI systems show colours though no terminal is there: https://force-color.org
    wanted = terminal or os.environ.get("FORCE_COLOR", "") not in ("", "0")
    return RenderOptions(
        width=width or shutil.get_terminal_size((100, 24)).columns,
        colour=wanted and not os.environ.get("NO_COLOR"),
        hyperlinks=terminal,
        group_by=group_by,
        include_passed=include_passed,
        verbose=verbose,
        max_bytes=markdown_limit,
    )


def with_meanings(
    options: RenderOptions, owner: list[str] | None, environment: list[str] | None, data_class: list[str] | None
) -> RenderOptions:
    """The options with the tags that a tenant uses for an owner, an environment and a class of data."""
    given = {"owner": owner, "environment": environment, "data_class": data_class}
    own = {name: tuple(tag.lower() for tag in tags) for name, tags in given.items() if tags}
    return replace(options, meanings={**options.meanings, **own})
