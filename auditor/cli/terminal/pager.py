"""Long text at a terminal, shown by the user's pager as git does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from auditor.cli.terminal.streams import write_stdout


def show(text: str) -> None:
    """Write text to stdout, through a pager where it is longer than the terminal.

    `PAGER` names the pager; empty or `cat` means none. Without it `less` is used where there is one.
    """
    command = _pager() if _is_longer(text) else ""
    if not command:
        write_stdout(text)
        return
    # As git does: leave at once what fits, keep colours, leave the text on the screen.
    environment = {"LESS": "FRX", **os.environ}
    with subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environment) as pager:  # noqa: S602 - the user's own
        try:
            pager.communicate(text.encode("utf-8", "replace"))
        except KeyboardInterrupt:
            pager.wait()  # Ctrl-C is the pager's: it stops a search there


def will_page(lines: int) -> bool:
    """Whether a text of so many lines would be shown by a pager."""
    return bool(_is_longer("\n" * lines) and _pager())


def _is_longer(text: str) -> bool:
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return text.count("\n") >= shutil.get_terminal_size().lines


def _pager() -> str:
    chosen = os.environ.get("PAGER")
    if chosen is None:
        return "less" if shutil.which("less") else ""
    return "" if chosen.strip() in ("", "cat") else chosen
