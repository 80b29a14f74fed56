"""What every part of the table needs: the report, the options, and text in our styles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.report.terminal.ink import Ink
from auditor.report.text import portal_link, shorten, subscription_words

if TYPE_CHECKING:
    from rich.text import Text

_NAME = 120
"""Letters of a name that are shown: Azure's own limits are below, but those of display names are not."""


@dataclass(frozen=True, slots=True)
class Page(Ink):
    """A report on its way to the terminal."""

    report: Report

    def resource(self, subject: Subject) -> Text:
        """The resource's name, linked to its page in the portal."""
        link = portal_link(self.options.portal, subject, self.report.scan.tenant)
        return self.link(self.text((shorten(subject.name, _NAME), "strong")), link)

    def group(self, subject: Subject) -> str:
        """The resource group's name, "" where there is none."""
        return shorten(subject.resource_group, _NAME)

    def subscription(self, subject: Subject) -> str:
        """The subscription's display name, or `tenant`."""
        return shorten(subscription_words(self.report.scan, subject.subscription_id) or "tenant", _NAME)

    def place(self, subject: Subject) -> str:
        """Group and subscription."""
        return " · ".join(part for part in (self.group(subject), self.subscription(subject)) if part)

    def mark(self, result: Result) -> Text:
        """The outcome's word where it is not a failure."""
        if result.outcome is Outcome.FAIL:
            return self.text()
        return self.text((f"[{result.outcome.value}] ", "good" if result.outcome is Outcome.PASS else "quiet"))
