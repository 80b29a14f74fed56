"""The one tree of errors a user can meet, and the exit codes of the program.

    AuditorError                     what happened, to what, and what to do about it
    ├── UsageError                   2  options that do not go together, a name that does not exist
    ├── InputError                   2  a file that cannot be used
    │   ├── RuleError                2  rule files or policy definitions with mistakes, all of them at once
    │   ├── SnapshotError            2  a snapshot that is truncated, foreign, of a newer schema, or in use
    │   └── ConfigError              2  a cloud, exemption, baseline or configuration file
    ├── CollectionError              3  nothing could be collected
    └── SignInError                  4  no credential, or one that was refused

Only `auditor.cli` prints errors and exits. What could not be read in a collection that went on is no error
but a `Gap`, and the evaluator answers `unknown` for what depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes, the same for every command and format."""

    OK = 0
    GATE = 1
    USAGE = 2
    INCOMPLETE = 3
    SIGN_IN = 4
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """What it tells a pipeline; README has the same words."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "the gate holds",
    ExitCode.GATE: "the gate does not hold: a finding at or above `--fail-on` (default `high`), "
    "an expired exemption, or an unknown result with `--fail-on-unknown`",
    ExitCode.USAGE: "wrong usage or unusable input; the reason is on stderr",
    ExitCode.INCOMPLETE: "the collection is incomplete and `--require-complete` was given, "
    "or nothing could be collected",
    ExitCode.SIGN_IN: "sign-in failed",
    ExitCode.INTERRUPTED: "interrupted",
}


class AuditorError(Exception):
    """What happened, to what, and what to do about it.

    `str(error)` is one line of text without the remedy; the command line prints both.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, *, subject: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        """What happened, as a sentence without a full stop."""
        self.subject = subject
        """What it happened to: a file, an option, a scope."""
        self.remedy = remedy
        """What the user can do, as an imperative sentence."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}" if self.subject else self.message


class UsageError(AuditorError):
    """Options that do not go together, or a name that does not exist."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in an input file, at its place."""

    file: str
    """The file as the user named it."""
    line: int
    """1-based; 0 where the place inside the file is not known."""
    column: int
    """1-based; 0 where the place inside the file is not known."""
    message: str
    """What is wrong, naming the offending key or value."""
    remedy: str = ""
    """What would be right."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class InputError(AuditorError):
    """A file that cannot be used; `problems` lists every mistake that was found in one go."""

    def __init__(self, message: str, *, subject: str = "", remedy: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, subject=subject, remedy=remedy)
        self.problems = tuple(problems)
        """Each mistake with its place; may be empty where the message says it all."""


class RuleError(InputError):
    """Rule files or policy definitions with mistakes."""


class SnapshotError(InputError):
    """A snapshot or export that is truncated, foreign, of a newer schema, or in use by another writer."""


class ConfigError(InputError):
    """A cloud, exemption, baseline or configuration file with mistakes."""


class CollectionError(AuditorError):
    """Nothing could be collected at all: no subscription is visible, or the endpoint cannot be reached."""

    exit_code = ExitCode.INCOMPLETE


class SignInError(AuditorError):
    """No credential answered, or the one that did was refused."""

    exit_code = ExitCode.SIGN_IN
