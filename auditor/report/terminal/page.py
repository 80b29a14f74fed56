"""What every part of the table needs: the report, the options, and text in our styles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.report.model import RenderOptions
from auditor.report.text import plain, portal_link, rule_link, subscription_words
from auditor.rules.model import Rule, Severity

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.padding import Padding
    from rich.segment import Segment
    from rich.text import Text

    Words = str | tuple[str, str] | Text
    """A string, a string with one of our styles, or finished text."""

# The terminal's own sixteen colours, so that its theme keeps them readable on light and dark; never white, black or
# the bright ones, which vanish on one of the two.
_STYLES = {
    "critical": "bold reverse red",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "bold blue",
    "info": "bold cyan",
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
class Page:
    """A report on its way to the terminal."""

    report: Report
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
        from rich.padding import Padding
        from rich.table import Table

        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for number, row in enumerate(rows):
            table.add_row("" if number else self.text((label, "strong")), row)
        return Padding(table, (0, 0, 0, indent), expand=False)

    def severity(self, severity: Severity) -> Text:
        """The severity's word in its colour."""
        return self.text((severity.value.upper(), severity.value))

    def resource(self, subject: Subject) -> Text:
        """The resource's name, linked to its page in the portal."""
        link = portal_link(self.options.portal, subject, self.report.scan.tenant)
        return self._linked(self.text((subject.name, "strong")), link)

    def group(self, subject: Subject) -> str:
        """The resource group's name, "" where there is none."""
        return subject.resource_group

    def subscription(self, subject: Subject) -> str:
        """The subscription's display name, or `tenant`."""
        return subscription_words(self.report.scan, subject.subscription_id) or "tenant"

    def place(self, subject: Subject) -> str:
        """Group and subscription."""
        return " · ".join(part for part in (self.group(subject), self.subscription(subject)) if part)

    def mark(self, result: Result) -> Text:
        """The outcome's word where it is not a failure."""
        if result.outcome is Outcome.FAIL:
            return self.text()
        return self.text((f"[{result.outcome.value}] ", "good" if result.outcome is Outcome.PASS else "quiet"))

    def rule(self, rule: Rule, style: str = "strong") -> Text:
        """The rule's id, linked to its documentation."""
        return self._linked(self.text((rule.id, style)), rule_link(rule))

    def _linked(self, text: Text, link: str) -> Text:
        if self.options.hyperlinks and link:
            text.stylize(f"link {plain(link).replace(' ', '%20')}")
        return text

    def _style(self, name: str) -> str:
        return _STYLES[name] if self.options.colour else ""
