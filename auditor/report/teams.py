"""A message with an Adaptive Card, as an incoming webhook or a workflow of Microsoft Teams takes it.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using, at most 28 KB of
which the whole message counts, not the card alone:
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook.
Names stand in runs of a RichTextBlock, which know no Markdown; `{{` would begin a date to be formatted:
https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features.
"""

from __future__ import annotations

from typing import Any

from auditor.evaluate.model import Report
from auditor.report.digest import Topic, counts, gate_words, left_words, read_words, topics
from auditor.report.encoding import encode
from auditor.report.model import Rendered, RenderOptions
from auditor.report.text import count
from auditor.rules.model import Severity

LIMIT = 28_000
"""Bytes of the whole message."""
_ROOM_AT_THE_END = 400
_COLOURS = {
    Severity.CRITICAL: "attention",
    Severity.HIGH: "attention",
    Severity.MEDIUM: "warning",
    Severity.LOW: "accent",
    Severity.INFO: "default",
}


def render(report: Report, options: RenderOptions) -> Rendered:
    """The message: gate and counts, then rules, the worst first, as many as there is room for."""
    facts = [{"title": name, "value": number} for name, number in counts(report)]
    head = [
        {"type": "TextBlock", "text": "Azure security audit", "size": "large", "weight": "bolder", "wrap": True},
        *([_text(_run(gate_words(report), weight="bolder"))] if gate_words(report) else []),
        _text(_run(read_words(report), subtle=True)),
        {"type": "FactSet", "facts": facts},
    ]
    found = list(topics(report, options))
    room = LIMIT - len(_message(head)) - _ROOM_AT_THE_END
    shown: list[dict[str, Any]] = []
    for topic in found:
        part = _topic(topic)
        room -= len(encode(part, pretty=False)) + 1
        if room < 0:
            break
        shown.append(part)
    left = found[len(shown) :]
    end = [_text(_run(left_words(left), subtle=True))] if left else []
    notices = (f"Teams: {left_words(left)}, a message takes {LIMIT:,} bytes",) if left else ()
    return Rendered(_message([*head, *shown, *end]), notices)


def _message(body: list[dict[str, Any]]) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": "Azure security audit",
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return encode({"type": "message", "attachments": [attachment]}, pretty=False) + b"\n"


def _topic(topic: Topic) -> dict[str, Any]:
    hidden = topic.findings - len(topic.names)
    more = f" and {hidden:,} more" if hidden > 0 else ""
    return {
        "type": "Container",
        "separator": True,
        "items": [
            _text(
                _run(topic.severity.upper(), weight="bolder", colour=_COLOURS[topic.severity]),
                _run(f"  {topic.title}", weight="bolder"),
                _run(f"  {count(topic.findings, 'resource')}", subtle=True),
            ),
            _text(_run(", ".join(topic.names) + more)),
        ],
    }


def _text(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, *, weight: str = "", colour: str = "", subtle: bool = False) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": text.replace("{{", "{ {")}
    if weight:
        run["weight"] = weight
    if colour:
        run["color"] = colour
    if subtle:
        run["isSubtle"] = True
    return run
