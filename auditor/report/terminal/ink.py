"""Text in our styles: what the table and the pages about rules are written with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.report.model import RenderOptions
from auditor.report.text import plain, plain_lines, rule_link
from auditor.rules.model import Rule, Severity

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.padding import Padding
    from rich.segment import Segment
    from rich.text import Text

    Words = str | tuple[str, str] | Text
    """A string, a string with one of our styles, or finished text."""

# The terminal's own sixteen colours, so that its theme keeps them readable on light and dark; never white, black, blue
# or the bright ones, which vanish on one of the two.
_STYLES = {
    "critical": "bold reverse red",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "bold cyan",
    "info": "bold",
    "strong": "bold",
    "quiet": "dim",
    "good": "green",
    "bad": "red",
    "command": "cyan",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Indented text. A tenant has a hundred thousand of these lines: most fit, and are not wrapped or padded at all."""

    content: Text
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Its lines, as rich asks for them."""
        from rich.segment import Segment

        room = max(options.max_width - self.indent, 1)
        lines = [self.content] if self.content.cell_len <= room else self.content.wrap(console, room)
        for line in lines:
            line.rstrip()
            yield Segment(" " * self.indent)
            yield from line.render(console, end="\n")


@dataclass(frozen=True, slots=True)
class Raw:
    """Text whose lines are never broken, such as a command or an address that is meant to be copied whole."""

    content: Text
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Its lines, as rich asks for them; the terminal breaks what is too long and still copies it whole."""
        from rich.segment import Segment

        del options
        for line in self.content.split("\n", allow_blank=True):
            yield Segment(" " * self.indent)
            yield from line.render(console, end="\n")


@dataclass(frozen=True, slots=True)
class Ink:
    """Text in our styles, coloured and linked as the options say."""

    options: RenderOptions

    def text(self, *parts: Words) -> Text:
        """Text of several parts."""
        from rich.text import Text

        whole = Text()
        for part in parts:
            if isinstance(part, Text):
                whole.append_text(part)
            else:
                words, style = (part, "") if isinstance(part, str) else part
                whole.append(plain(words), self._style(style))
        return whole

    def line(self, *parts: Words, indent: int = 0) -> Paragraph:
        """A paragraph of such text, its wrapped lines at the same indent."""
        return Paragraph(self.text(*parts), indent)

    def labelled(self, label: str, *rows: Text, indent: int = 0) -> Padding:
        """A label with paragraphs beside it, their wrapped lines below one another."""
        return self.labelled_by(self.text((label, "strong"), " "), *rows, indent=indent)

    def labelled_by(self, label: Text, *rows: Text, indent: int = 0) -> Padding:
        """The same with a label of any style, the space after it included."""
        from rich.padding import Padding
        from rich.table import Table

        table = Table.grid()
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for number, row in enumerate(rows):
            table.add_row("" if number else label, row)
        return Padding(table, (0, 0, 0, indent), expand=False)

    def code(self, text: str, *, indent: int = 0, address: str = "") -> Raw:
        """Lines that stay as they are; with an address they open it."""
        from rich.text import Text

        whole = Text(plain_lines(text))
        if self.options.hyperlinks and address:
            whole.stylize(f"link {plain(address).replace(' ', '%20')}")
        return Raw(whole, indent)

    def severity(self, severity: Severity) -> Text:
        """The severity's word in its colour."""
        return self.text((severity.value.upper(), severity.value))

    def rule(self, rule: Rule, style: str = "strong") -> Text:
        """The rule's id, linked to its documentation."""
        return self.link(self.text((rule.id, style)), rule_link(rule))

    def link(self, words: Words, address: str) -> Text:
        """Text that opens an address where links are wanted; "" for none."""
        text = self.text(words)
        if self.options.hyperlinks and address:
            text.stylize(f"link {plain(address).replace(' ', '%20')}")
        return text

    def _style(self, name: str) -> str:
        return _STYLES[name] if self.options.colour else ""
