"""What goes to stderr: errors, warnings and notes, in plain words."""

from __future__ import annotations

import re
import sys
from contextlib import suppress

from auditor.errors import AuditorError, InputError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SHOWN_PROBLEMS = 50
_quiet = False


def plain(text: str) -> str:
    """Text that cannot move the cursor, change colours or reorder letters: control characters become `?`."""
    return _CONTROL.sub("?", text)


def print_error(error: AuditorError) -> None:
    """An error as `error: what: happened`, its problems one a line, and what to do."""
    say(f"error: {error}")
    problems = error.problems if isinstance(error, InputError) else ()
    for problem in problems[:_SHOWN_PROBLEMS]:
        say(f"  {problem}")
    if len(problems) > _SHOWN_PROBLEMS:
        say(f"  ... and {len(problems) - _SHOWN_PROBLEMS} more")
    if error.remedy:
        say(error.remedy)


def keep_notes(wanted: bool) -> None:
    """Whether the command that begins shows notes."""
    global _quiet  # noqa: PLW0603 - one program, one command
    _quiet = not wanted


def warn(text: str) -> None:
    """A warning: the command goes on."""
    say(f"warning: {text}")


def note(text: str) -> None:
    """Something worth knowing; nothing with --quiet."""
    if not _quiet:
        say(f"note: {text}")


def say(text: str) -> None:
    """One message on stderr, control characters neutralised."""
    with suppress(OSError):  # a stderr that is full or that nobody reads changes nothing of the audit
        print(plain(text), file=sys.stderr, flush=True)
