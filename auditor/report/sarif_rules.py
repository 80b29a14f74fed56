"""Rules as SARIF reporting descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.report.remedies import code_blocks, generic
from auditor.report.text import paragraphs, plain, plain_lines, rule_link, shorten
from auditor.rules.model import Rule, Severity

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
"""SARIF's level by severity."""
SECURITY_SEVERITIES = {
    # "Over 9.0 is critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low", so 9.0 itself is nobody's.
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
"""GitHub's score by severity, a string on the rule."""
_PROBLEM = {"error": "error", "warning": "warning", "note": "recommendation"}
_NAME, _TEXT, _TAGS = 255, 1_024, 10


def descriptors(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """One descriptor a rule, in the rules' order."""
    return [_descriptor(rule) for rule in rules]


def _descriptor(rule: Rule) -> dict[str, Any]:
    level = LEVELS[rule.severity]
    document: dict[str, Any] = {
        "id": rule.id,
        "name": shorten("".join(part[:1].upper() + part[1:] for part in rule.id.split("-")), _NAME),
        "shortDescription": {"text": _sentence(rule.title)},
        "fullDescription": {"text": _sentence(rule.description or rule.title)},
        "help": {"text": _help(rule), "markdown": _help_markdown(rule)},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": _tags(rule),
            "precision": "very-high",
            "problem.severity": _PROBLEM[level],
            "security-severity": SECURITY_SEVERITIES[rule.severity],
        },
    }
    if link := rule_link(rule):
        document["helpUri"] = link
    return document


def _sentence(text: str) -> str:
    sentence = plain(text.strip()).rstrip(".") + "."
    return shorten(sentence, _TEXT)


def _help(rule: Rule) -> str:
    return "\n\n".join(
        part
        for part in (
            paragraphs(rule.description),
            paragraphs(generic(rule.remediation.text)),
            *rule.references,
        )
        if part
    ) or _sentence(rule.title)


def _help_markdown(rule: Rule) -> str:
    parts = [f"# {_sentence(rule.title).rstrip('.')}", paragraphs(rule.description)]
    if rule.remediation.text.strip():
        parts += ["## How to fix", paragraphs(generic(rule.remediation.text))]
    for heading, language, code in code_blocks(rule.remediation):
        parts.append(f"### {heading}\n\n```{language}\n{plain_lines(code)}\n```")
    if rule.frameworks:
        parts.append(
            "## Frameworks\n\n"
            + "\n".join(f"- {name}: {', '.join(rule.frameworks[name])}" for name in sorted(rule.frameworks))
        )
    if rule.references:
        parts.append("## References\n\n" + "\n".join(f"- <{link}>" for link in rule.references))
    return "\n\n".join(part for part in parts if part)


def _tags(rule: Rule) -> list[str]:
    """Ten at most, what tells most first."""
    controls = [f"{name}/{control}" for name in sorted(rule.frameworks) for control in rule.frameworks[name]]
    return ["security", "azure", rule.topic, *controls][:_TAGS]
