"""What a person at a terminal sees and does: Ctrl-C, colours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import storage_account
from tests.azure.loopback.server import serve
from tests.cli.inside import AUDITOR, plain_environment

INTERRUPTED = 130


def test_the_cursor_comes_back_and_the_exit_code_is_130(tmp_path: Path) -> None:
    accounts = [storage_account(f"st{number}", {}) for number in range(40)]
    # Many seconds of reading lie behind the second request, so that a busy machine cannot end before it is interrupted.
    with serve(LoopbackAzure(accounts, arm_latency_s=2)) as endpoints:
        main, other = os.openpty()
        termios.tcsetwinsize(other, (24, 80))
        # What runs in a shell's background ignores the signal, and so would all that it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            [str(AUDITOR), "scan", "--cloud", endpoints.cloud_file(tmp_path), "--select", "storage-blob-soft-delete"],
            env={**plain_environment(), **endpoints.managed_identity(), "TERM": "xterm"},
            stdin=other,
            stdout=subprocess.DEVNULL,
            stderr=other,
        )
        os.close(other)
        assert endpoints.azure.journal.wait_for(2, "arm")
        process.send_signal(signal.SIGINT)
        shown = everything_from(main)

    assert process.wait(30) == INTERRUPTED
    assert "reads" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert shown.rstrip().endswith("interrupted")
    assert "Traceback" not in shown


def everything_from(terminal: int) -> str:
    """What a program writes to a terminal until it ends."""
    chunks = []
    with suppress(OSError):  # the other end is gone
        while chunk := os.read(terminal, 65536):
            chunks.append(chunk)
    os.close(terminal)
    return b"".join(chunks).decode()


def test_colours_follow_no_color_and_force_color(tmp_path: Path) -> None:
    def escapes(**env: str) -> bool:
        command = [sys.executable, "-m", "auditor", "scan", "--demo", "-q", "--select", "storage-https-only"]
        done = subprocess.run(
            command, env={**plain_environment(), **env}, cwd=tmp_path, capture_output=True, check=False
        )
        return b"\x1b[" in done.stdout

    assert not escapes()
    assert escapes(FORCE_COLOR="1")
    assert not escapes(FORCE_COLOR="1", NO_COLOR="1")
