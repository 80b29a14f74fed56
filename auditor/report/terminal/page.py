"""What every part of the table needs: the report, the options, and text in our styles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.report.terminal.ink import Ink
from auditor.report.text import portal_link, subscription_words

if TYPE_CHECKING:
    from rich.text import Text


@dataclass(frozen=True, slots=True)
class Page(Ink):
    """A report on its way to the terminal."""

    report: Report

    def resource(self, subject: Subject) -> Text:
        """The resource's name, linked to its page in the portal."""
        link = portal_link(self.options.portal, subject, self.report.scan.tenant)
        return self.link(self.text((subject.name, "strong")), link)

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
