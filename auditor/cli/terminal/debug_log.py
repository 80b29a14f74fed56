"""The debug log: what a run did and how long it took, fit to be attached to a public report.

Modules log through `logging.getLogger("auditor....")` what happened, as a word with fields; only what is written here
reaches the file, and every field goes through `auditor.cli.terminal.pseudonyms`.
"""

from __future__ import annotations

import io
import logging
import os
import platform
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.cli.terminal.pseudonyms import Pseudonyms, code_place, secrets_in
from auditor.errors import UsageError

LOGGER = logging.getLogger("auditor")
DEFAULT_FILE = "auditor-debug.log"
_LIBRARIES = ("azure-core", "azure-identity", "aiohttp", "msal", "orjson", "rich", "typer")
_HEAD = """\
# Debug log of auditor. Read it before you attach it to a report.
# In it: versions, the options that were given, each request (what was asked, answer, time), times, traces of errors.
# Not in it: tokens, passwords, keys, headers and bodies of requests and answers, mail addresses, resources.
"""
_LABELLED = """\
# Names, ids, addresses and files are labels such as <name:3f9c21b4>: the same value has the same label in this file,
# and no label can be turned back.
"""
_READABLE = "# Names and ids ARE in it, as --debug-names asks: share it only with whom you trust with them.\n"

_open: DebugLog | None = None


class DebugLog(logging.Handler):
    """Writes the log; `start` makes it and `finish` closes it."""

    def __init__(self, path: Path, pseudonyms: Pseudonyms, *, readable: bool) -> None:
        super().__init__(logging.DEBUG)
        self.path = path
        self.pseudonyms = pseudonyms
        self._begun = time.monotonic()
        try:
            # For its owner alone: it is for them to decide who sees it. A link that lies where nobody named a file, say
            # in somebody else's checkout, would lead the log over a file elsewhere.
            follow = 0 if path != Path(DEFAULT_FILE) else getattr(os, "O_NOFOLLOW", 0)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | follow, 0o600)
            if path.is_file() and hasattr(os, "fchmod"):
                os.fchmod(handle, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot be written: {error.strerror}", subject=str(path), remedy="Name another file with --debug-log."
            ) from error
        self._stream: io.TextIOWrapper = os.fdopen(handle, "w", encoding="utf-8", errors="replace")
        self._stream.write(_HEAD + (_READABLE if readable else _LABELLED))

    def emit(self, record: logging.LogRecord) -> None:
        """One line an event: seconds since the start, a word, its fields."""
        fields: Mapping[str, Any] = getattr(record, "fields", {})
        shown = " ".join(f"{name}={self._value(name, value)}" for name, value in fields.items() if value is not None)
        self._line(f"{record.created and time.monotonic() - self._begun:9.3f}  {record.getMessage():<9} {shown}")

    def error(self, error: BaseException, level: int = 0) -> None:
        """An error with its trace: places and lines of code, no values; its message as far as it can be told."""
        for frame in traceback.extract_tb(error.__traceback__):
            self._line(f"{'':11}  {code_place(frame.filename)}:{frame.lineno} in {frame.name}: {frame.line}")
        self._line(f"{'':11}{type(error).__module__}.{type(error).__qualname__}: {self.pseudonyms.text(str(error))}")
        inner = error.exceptions if isinstance(error, BaseExceptionGroup) else (error.__cause__ or error.__context__,)
        for cause in filter(None, inner):
            if level < 8:
                self._line(f"{'':11}from")
                self.error(cause, level + 1)

    def close(self) -> None:
        """See `logging.Handler.close`."""
        with suppress(OSError):
            self._stream.close()
        super().close()

    def _value(self, name: str, value: Any) -> str:
        if isinstance(value, float):
            return f"{value:.3f}"
        if name == "path":
            return self.pseudonyms.path(str(value))
        if name == "operation":  # without names by its definition, see `auditor.azure.wire.Call`
            return f'"{value}"'
        if name == "request_id":  # Microsoft's own: support asks for it
            return "".join(c for c in str(value) if c.isalnum() or c == "-")[:64]
        text = self.pseudonyms.text(str(value))
        return f'"{text}"' if " " in text else text

    def _line(self, text: str) -> None:
        with suppress(OSError):  # a full disk ends the log, not the audit
            self._stream.write(" ".join(text.rstrip().splitlines()) + "\n")
            self._stream.flush()


def start(path: Path, *, readable: bool) -> DebugLog:
    """Begin to log into a file, which is replaced. Raises UsageError where it cannot be written."""
    global _open  # noqa: PLW0603 - one program, one log
    finish()
    _open = DebugLog(path, Pseudonyms(known_secrets=secrets_in(os.environ), readable=readable), readable=readable)
    LOGGER.addHandler(_open)
    LOGGER.setLevel(logging.DEBUG)
    LOGGER.propagate = False
    event("versions", auditor=__version__, python=platform.python_version(), **_library_versions())
    event("platform", system=platform.system(), release=platform.release(), machine=platform.machine())
    event("terminal", stdout=sys.stdout.isatty(), stderr=sys.stderr.isatty(), encoding=sys.stdout.encoding)
    return _open


def current() -> DebugLog | None:
    """The log that is being written, None without --debug."""
    return _open


def event(word: str, **fields: Any) -> None:
    """Log what happened; nothing without --debug."""
    LOGGER.debug(word, extra={"fields": fields})


def learn(*names: str) -> None:
    """Names that the log must not hold."""
    if _open:
        _open.pseudonyms.learn(*names)


def finish(error: BaseException | None = None) -> Path | None:
    """End the log, with the error that ended the program; gives its file."""
    global _open
    if _open is None:
        return None
    if error is not None:
        event("error")
        _open.error(error)
    else:
        event("end")
    LOGGER.removeHandler(_open)
    LOGGER.setLevel(logging.NOTSET)
    _open.close()
    path, _open = _open.path, None
    return path


def _library_versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {}
    for name in _LIBRARIES:
        try:
            found[name.replace("-", "_")] = version(name)
        except PackageNotFoundError:
            found[name.replace("-", "_")] = "none"
    return found
