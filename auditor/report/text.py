"""Words for people: values, places and remedies in text that cannot do harm where it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from auditor.evaluate.model import Scan, Subject
from auditor.inventory.model import Gap, Json, Unread
from auditor.rules.model import Rule

# C0 and C1 controls (terminal escapes begin with one), line and paragraph separators, and the marks that reorder or
# hide text: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_BREAKS = re.compile(r"[ \t]*[\t\r\n][ \t\r\n]*")
_WRAPPED = re.compile(r"(?<!\n)\n(?!\n|\s*[-*]\s|\s*\d+[.)]\s)[ ]*")
_ELLIPSIS = "…"
ASSUMED_COMPLETE = "Taken as complete (--assume-complete): what the export lacks does not exist."
"""The line of a report's head for an export that its user calls complete."""


def plain(text: str) -> str:
    """One line of text that cannot move the cursor, change colours, or hide and reorder letters."""
    if text.isascii() and text.isprintable():  # nearly all text is, and a report has millions
        return text
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", _BREAKS.sub(" ", text))


def plain_lines(text: str) -> str:
    """The same for text of several lines, line ends kept."""
    return "\n".join(_HARMFUL.sub("\N{REPLACEMENT CHARACTER}", line) for line in text.expandtabs(4).splitlines())


def paragraphs(text: str) -> str:
    """Text as its author meant it: lines of a paragraph joined, paragraphs and list items kept apart."""
    return _WRAPPED.sub(" ", plain_lines(text.strip()))


def shorten(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis where it is longer."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _ELLIPSIS


def value_words(value: Json, limit: int = 120) -> str:
    """A value found in a resource, as a person would write it down."""
    match value:
        case None:
            return "not set"
        case Unread():
            return "not read"
        case bool():
            return "true" if value else "false"
        case str():
            return shorten(plain(value), limit) if value else '""'
        case Mapping() | list() | tuple():
            compact = json.dumps(value, ensure_ascii=False, default=str, separators=(", ", ": "))
            return shorten(plain(compact), limit)
        case _:
            return shorten(plain(str(value)), limit)


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph, on one line."""
    line = plain(text.strip())
    found = re.search(r"[.!?](?= [A-Z])", line)
    return line[: found.end()] if found else line


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 rule`, `1,200 rules`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def subscriptions_number(scan: Scan) -> str:
    """`3`; `1 of 3` where what was chosen lies in one of them."""
    every = len(scan.subscriptions)
    return f"{len(scan.lies_in):,} of {every:,}" if scan.selection and len(scan.lies_in) < every else f"{every:,}"


def subscriptions_counted(scan: Scan) -> str:
    """`1 subscription`, `1 of 3 subscriptions`."""
    return f"{subscriptions_number(scan)} {'subscription' if len(scan.subscriptions) == 1 else 'subscriptions'}"


def subscription_words(scan: Scan, subscription_id: str) -> str:
    """A subscription's display name, its GUID where the name is not known."""
    return plain(scan.subscription_names.get(subscription_id) or subscription_id)


def scope_words(scan: Scan, scope: str) -> str:
    """A scope in short: a subscription by its display name, a resource by its name, `/` as the tenant."""
    parts = scope.strip("/").split("/")
    if parts == [""]:
        return "the tenant"
    if len(parts) == 2 and parts[0].lower() == "subscriptions":
        return subscription_words(scan, parts[1].lower())
    return plain(parts[-1])


def portal_link(portal: str, subject: Subject, tenant: str = "") -> str:
    """Address of the resource's page in the portal; "" for what has none there (Microsoft Graph objects).

    The form is what the portal's own "copy link" gives: `<portal>/#@<tenant>/resource<id>`.
    """
    if not subject.id.lower().startswith(("/subscriptions/", "/providers/")):
        return ""
    return f"{portal}/#@{quote(tenant, safe='')}/resource{quote(subject.id, safe='/', errors='replace')}"


def rule_link(rule: Rule) -> str:
    """Address of what documents a rule: its first reference that can be opened in a browser, or ""."""
    return next((link for link in rule.references if link.startswith("https://")), "")


def gap_remedy(gap: Gap) -> str:
    """What to do so that the read succeeds the next time."""
    match gap.status, gap.code:
        case (401, _):
            return "Sign in again: the token was refused."
        case (403, _):
            if gap.type.lower().startswith("microsoft.graph/"):
                return "Grant the Microsoft Graph permission that `auditor doctor` names."
            return "Grant Reader at this scope; `auditor doctor` says what is missing."
        case (429, _):
            return "Run again later, or with fewer subscriptions at a time."
        case (404, _):
            return "It went away while it was read: run again."
        case (_, "NotInExport"):
            return "The export leaves this out: audit a snapshot made by `auditor collect`."
        case (_, "NotAsked"):
            return "Collect again with these rules chosen."
        case (int() as status, _) if status >= 500:
            return "The service failed: run again later."
        case _:
            return "Check the network and run again; `auditor doctor` says what can be read."
