"""How a collection says how far it is; the command line shows it on stderr."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """One line a source: begun, advanced by what was read, ended with a note."""

    def begin(self, source: str) -> None:
        """A source starts."""

    def expect(self, source: str, reads: int) -> None:
        """So many more reads are known to be needed; each ends with `settle`."""

    def settle(self, source: str) -> None:
        """One read is done, well or not."""

    def advance(self, source: str, count: int = 1) -> None:
        """So many more objects have been read."""

    def end(self, source: str, note: str = "") -> None:
        """The source is done; `note` says what went wrong, in a few words."""


class Silent:
    """A `Progress` that shows nothing."""

    def begin(self, source: str) -> None:
        """See `Progress.begin`."""

    def expect(self, source: str, reads: int) -> None:
        """See `Progress.expect`."""

    def settle(self, source: str) -> None:
        """See `Progress.settle`."""

    def advance(self, source: str, count: int = 1) -> None:
        """See `Progress.advance`."""

    def end(self, source: str, note: str = "") -> None:
        """See `Progress.end`."""
