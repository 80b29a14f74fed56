"""Renderables as text for a terminal: the same bytes for the same input, nothing after the last visible letter."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditor.report.model import RenderOptions

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# rich gives every link a random id; without one the same report is the same bytes.
_LINK_ID = re.compile(r"\x1b\]8;id=[^;]*;")
_TRAILING = re.compile(r" +((?:\x1b\[[\d;]*m|\x1b\]8;;\x1b\\)*)$")
_NARROWEST = 40


def text_of(parts: Iterable[RenderableType], options: RenderOptions) -> str:
    """The parts one below the other, `options.width` columns wide."""
    from rich.console import Group

    stream = io.StringIO()
    _console(stream, options).print(Group(*parts), end="", crop=False)
    lines = _LINK_ID.sub("\x1b]8;;", stream.getvalue()).splitlines()
    return "\n".join(_TRAILING.sub(r"\1", line) for line in lines) + "\n"


def _console(stream: io.StringIO, options: RenderOptions) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        width=max(options.width, _NARROWEST),
        height=100,
        color_system="standard" if options.colour or options.hyperlinks else None,
        force_terminal=True,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
