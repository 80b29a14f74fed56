"""The whole command line run inside the process of the tests: much quicker than a process for each run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from auditor.cli import app

AUDITOR = Path(sys.executable).parent / "auditor"
"""The program itself, for what only a process of its own can show."""


def plain_environment() -> dict[str, str]:
    """No credential, proxy or colour of the machine that runs the tests."""
    foreign = ("AZURE_", "IDENTITY_", "IMDS_", "MSI_", "ARM_", "HTTP", "NO_", "REQUESTS_", "SSL_", "CURL_", "ALL_PROXY")
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(foreign)}


def run(*arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """What `auditor ARGUMENTS` gives in a folder, with these variables and none of ours that the machine has."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    own = {name: value for name, value in plain_environment().items() if not name.startswith("AUDITOR_")}
    with (
        mock.patch.dict(os.environ, {**own, **(env or {})}, clear=True),
        mock.patch.object(sys, "argv", ["auditor", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
        _inside(cwd or Path.cwd()),
    ):
        code = _code()
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return CompletedProcess(arguments, code, *texts)


def start(*arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """The same in a process of its own, for what a shell asks of the program itself."""
    return subprocess.run(
        [str(AUDITOR), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**plain_environment(), **(env or {})},
        cwd=cwd,
        timeout=110,
        check=False,
    )


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
