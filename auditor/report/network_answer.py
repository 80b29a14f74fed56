"""The answer of `auditor network explain` as text and as JSON.

JSON, stable in its keys:

    {"schema_version": "1.0", "from": "internet", "to": "nic-web", "protocol": "tcp", "port": 22,
     "verdict": "allowed", "reason": "allowed by nsg-web/allow-ssh (300)",
     "ways": [{"verdict": "allowed", "text": "internet -> pip-web (203.0.113.7) -> nic-web",
               "stages": [{"stage": "subnet", "direction": "in", "name": "nsg-web", "verdict": "allowed",
                           "text": "nsg-web/allow-ssh (300)"}]}]}

`verdict` is `allowed` where at least one way is, `unknown` where one could be, else `denied`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from auditor.facts.network.question import Answer
from auditor.facts.network.stages import Stage, stage_name
from auditor.facts.network.trace import Way
from auditor.report.answers import document, told


def as_text(said: Answer, width: int) -> str:
    """The answer in lines of at most `width` characters."""
    question = said.question
    asked = f"{question.protocol} {question.port} from {question.origin} to {question.target}"
    lines = textwrap.wrap(f"{said.verdict.upper()}: {asked}", width, subsequent_indent="  ", break_on_hyphens=False)
    lines += textwrap.wrap(said.reason, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    for way in said.ways:
        lines += ["", *_way_lines(way, width)]
    return told(lines)


def _way_lines(way: Way, width: int) -> Iterator[str]:
    yield from textwrap.wrap(way.text, width, subsequent_indent="    ", break_on_hyphens=False)
    for stage in way.stages:
        if stage.kind in _PASSED:
            continue
        text = f"{stage.verdict:<8} {stage_name(stage):<20} {stage.text}"
        yield from textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent=" " * 32, break_on_hyphens=False, drop_whitespace=True
        )


_PASSED = frozenset(("public-ip", "load-balancer", "application-gateway", "firewall"))
"""Stages that the line with the way's names has."""


def as_json(said: Answer) -> str:
    """The answer as JSON."""
    question = said.question
    content = {
        "schema_version": "1.0",
        "from": question.origin,
        "to": question.target,
        "protocol": question.protocol,
        "port": question.port,
        "verdict": said.verdict,
        "reason": said.reason,
        "ways": [
            {
                "verdict": way.verdict,
                "text": way.text,
                "stages": [_stage(s) for s in way.stages],
            }
            for way in said.ways
        ],
    }
    return document(content)


def _stage(stage: Stage) -> dict[str, str]:
    return {
        "stage": stage.kind,
        "direction": stage.direction,
        "name": stage.name,
        "verdict": stage.verdict,
        "text": stage.text,
    }
