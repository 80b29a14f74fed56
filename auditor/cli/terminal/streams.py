"""stdout and stderr as a program meets them: closed, full, or with a reader that has left."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from typing import TypeGuard

from auditor.errors import UsageError

_CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


def prepare() -> None:
    """Stand in for streams that were closed (`auditor ... 2>&-`), which Python leaves as None.

    Python would print to stdout what is meant for a closed stderr, in the middle of a report.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the life of the program


def write_stdout(text: str | bytes | Iterable[bytes]) -> None:
    """Write a report to stdout.

    A reader that has left (`auditor scan | head`) is no error: the other reports are still written, and the exit code
    is the gate's. Raises UsageError where stdout cannot be written to, say because a disk is full.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        sys.stdout.flush()
        for piece in (data,) if isinstance(data, bytes) else data:
            rest = memoryview(piece)
            while rest:  # an unbuffered stream (`python -u`) takes what there is room for, and says how much
                rest = rest[sys.stdout.buffer.write(rest) or 0 :]
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        abandon_stdout()
    except OSError as error:
        raise unwritable(error) from error


def abandon_stdout() -> None:
    """Let what is still written to stdout go nowhere, so that the interpreter does not stumble over it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def is_of_stdout(error: BaseException) -> TypeGuard[OSError]:
    """Whether an error is one of writing to stdout; those of files have the file's name."""
    return isinstance(error, OSError) and error.filename is None and error.errno in _CANNOT_WRITE


def unwritable(error: OSError) -> UsageError:
    """The error of a stdout that takes nothing more."""
    abandon_stdout()
    return UsageError(f"cannot be written: {error.strerror}", subject="stdout", remedy="Write to another place.")
