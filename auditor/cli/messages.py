"""What goes to stderr: errors, warnings and notes, in plain words."""

from __future__ import annotations

import re
import sys

from auditor.errors import AuditorError, InputError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SHOWN_PROBLEMS = 50


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


def warn(text: str) -> None:
    """A warning: the command goes on."""
    say(f"warning: {text}")


def note(text: str) -> None:
    """Something worth knowing."""
    say(f"note: {text}")


def say(text: str) -> None:
    """One message on stderr, control characters neutralised."""
    print(plain(text), file=sys.stderr, flush=True)
