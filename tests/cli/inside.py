"""The whole command line run inside the process of the tests: much quicker than a process for each run."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from auditor.cli import app
from tests.cli.test_scan_command import plain_environment


def run(*arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """What `auditor ARGUMENTS` gives in a folder, with these variables and none of ours that the machine has."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    own = {name: value for name, value in plain_environment().items() if not name.startswith("AUDITOR_")}
    with (
        mock.patch.dict(os.environ, {**own, **(env or {})}, clear=True),
        mock.patch.object(sys, "argv", ["auditor", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        _inside(cwd),
    ):
        code = _code()
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return CompletedProcess(arguments, code, *texts)


def _code() -> int:
    try:
        return int(app.run())
    except SystemExit as end:
        return int(end.code or 0)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
