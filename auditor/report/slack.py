"""A message of Slack in Block Kit, as an incoming webhook or `chat.postMessage` takes it.

Limits (blocks of a message, letters of each text): https://docs.slack.dev/reference/block-kit/blocks. `&`, `<` and `>`
begin entities, mentions and links: https://docs.slack.dev/messaging/formatting-message-text#escaping. Other marks have
no escape, so names stand as code, where none of them is read.
"""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import Report
from auditor.report.digest import Topic, counts, gate_words, left_words, read_words, topics
from auditor.report.encoding import encode
from auditor.report.model import Rendered, RenderOptions
from auditor.report.text import count, shorten
from auditor.rules.model import Severity

BLOCKS = 50
"""Blocks of one message."""
SECTION = 3_000
"""Letters of a section's text."""
_SIGNS = {
    Severity.CRITICAL: ":red_circle:",
    Severity.HIGH: ":large_orange_circle:",
    Severity.MEDIUM: ":large_yellow_circle:",
    Severity.LOW: ":large_blue_circle:",
    Severity.INFO: ":white_circle:",
}


def render(report: Report, options: RenderOptions) -> Rendered:
    """The message: gate and counts, then rules, the worst first, as many as a message has blocks for."""
    said = gate_words(report)
    numbers = ", ".join(f"{number} {name}" for name, number in counts(report))
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Azure security audit", "emoji": False}},
        _section(f"*{said}*\n{read_words(report)}" if said else read_words(report)),
        {"type": "section", "fields": [_mrkdwn(f"*{name}*\n{number}") for name, number in counts(report)]},
        {"type": "divider"},
    ]
    found = list(topics(report, options))
    room = BLOCKS - len(blocks)
    shown = found if len(found) <= room else found[: room - 1]
    blocks += [_section(_topic(topic)) for topic in shown]
    left = found[len(shown) :]
    if left:
        blocks.append({"type": "context", "elements": [_mrkdwn(left_words(left))]})
    notices = (f"Slack: {left_words(left)}, a message takes {BLOCKS} blocks",) if left else ()
    message = {"text": f"Azure security audit. {said + '. ' if said else ''}{numbers}", "blocks": blocks}
    return Rendered(encode(message, pretty=False) + b"\n", notices)


def _topic(topic: Topic) -> str:
    hidden = topic.findings - len(topic.names)
    more = f" and {hidden:,} more" if hidden > 0 else ""
    names = ", ".join(map(_code, topic.names))
    head = (
        f"{_SIGNS[topic.severity]} *{topic.severity.upper()}* {_code(topic.title)} {count(topic.findings, 'resource')}"
    )
    return f"{head}\n{names}{more}"


def _code(text: str) -> str:
    """A text of somebody else's as code; harmless whatever stands in it."""
    return f"`{escape(text.replace('`', chr(39))) or ' '}`"


def escape(text: str) -> str:
    """The text without anything that begins a mention, a link or an entity."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(shorten(text, SECTION))}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}
