"""`auditor rules new`: a rule of one's own to begin with, with examples that prove it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options.declared import SeverityName
from auditor.cli.terminal.messages import say
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.rules.drafting import Draft

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TYPE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+")


def new(
    rule_id: Annotated[str, typer.Argument(metavar="[ID]", help="The new rule's id, kebab-case.")] = "",
    resource: Annotated[
        str | None,
        typer.Option("--resource", metavar="TYPE", help="What it judges: Microsoft.Storage/storageAccounts."),
    ] = None,
    fail_if: Annotated[
        str | None,
        typer.Option(
            "--fail-if",
            metavar="CONDITION",
            help="FIELD OPERATOR VALUE: 'properties.minimumTlsVersion equals TLS1_0'.",
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", metavar="WORDS", help="What is wrong, as a statement.")
    ] = None,
    severity: Annotated[
        SeverityName | None, typer.Option("--severity", help="critical, high, medium, low or info.", metavar="SEVERITY")
    ] = None,
    topic: Annotated[
        str, typer.Option("--topic", metavar="NAME", help="What it is about, and the folder's name.")
    ] = "own",
    description: Annotated[str | None, typer.Option("--why", metavar="WORDS", help="Why it matters.")] = None,
    fix: Annotated[str | None, typer.Option("--fix", metavar="WORDS", help="What to do about it.")] = None,
    folder: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder of your rules; the file goes to TOPIC/ID.yaml."),
    ] = Path("rules"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a rule of your own: asks for what is not given, and makes examples that prove it."""
    from auditor.cli.terminal.output import write_file
    from auditor.rules.drafting import Draft, drafted
    from auditor.rules.model import Severity

    given = {
        "ID": rule_id,
        "--resource": resource,
        "--fail-if": fail_if,
        "--title": title,
        "--severity": severity.value if severity else None,
        "--why": description,
        "--fix": fix,
    }
    answers = {name: value or _ask(name, given) for name, value in given.items()}
    for name, value in answers.items():
        _check(name, value)
    draft = Draft(
        id=answers["ID"],
        title=answers["--title"],
        severity=Severity(answers["--severity"]),
        topic=topic,
        resource=answers["--resource"],
        fail_if=answers["--fail-if"],
        description=answers["--why"],
        fix=answers["--fix"],
    )
    if not _ID.fullmatch(topic):
        raise UsageError(
            f"{topic!r} is no name of a folder", subject="--topic", remedy="Use lower-case words and hyphens."
        )
    text = drafted(draft)
    path = folder / topic / f"{draft.id}.yaml"
    if path.exists() and not force:
        raise UsageError("exists already", subject=str(path), remedy="Give --force to replace it, or another id.")
    _prove(draft, text, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode())
    say(f"wrote {path}: go on there, then `auditor rules test {folder}` and `auditor scan --rules {folder}`")


_QUESTIONS = {
    "ID": "Id, kebab-case (storage-without-owner)",
    "--resource": "Resource type (Microsoft.Storage/storageAccounts)",
    "--fail-if": "It fails where FIELD OPERATOR VALUE (tags.owner exists false)",
    "--title": "What is wrong, as a statement",
    "--severity": "Severity (critical, high, medium, low, info)",
    "--why": "Why it matters",
    "--fix": "What to do about it",
}


def _ask(name: str, given: dict[str, str | None]) -> str:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        missing = ", ".join(each for each, value in given.items() if not value)
        raise UsageError(
            f"not given: {missing}", remedy="Give them, or run this at a terminal, where they are asked for."
        )
    while True:
        answer = str(typer.prompt(_QUESTIONS[name], err=True)).strip()
        try:
            _check(name, answer)
        except UsageError as error:
            say(f"{error}. {error.remedy}")
            continue
        return answer


def _check(name: str, value: str) -> None:
    """Refuse an answer that no rule can have. Raises UsageError."""
    checks: dict[str, Callable[[str], None]] = {
        "ID": _check_id,
        "--resource": _check_type,
        "--severity": _check_severity,
        "--fail-if": _check_condition,
    }
    if not value.strip():
        raise UsageError("is empty", subject=name, remedy="Say something.")
    if name in checks:
        checks[name](value)


def _check_id(value: str) -> None:
    if not _ID.fullmatch(value):
        raise UsageError(f"{value!r} is not kebab-case", subject="ID", remedy="Use lower-case words joined by hyphens.")
    from auditor.rules.loader import load_rules

    if any(rule.id == value for rule in load_rules((), builtin=True).rules):
        raise UsageError(f"there is a built-in rule {value!r}", subject="ID", remedy="Choose another id.")


def _check_type(value: str) -> None:
    if not _TYPE.fullmatch(value):
        raise UsageError(
            f"{value!r} is not a resource type", subject="--resource", remedy="Write Microsoft.Storage/storageAccounts."
        )
    from auditor.rules.conditions.problems import nearest
    from auditor.rules.lint import known_types

    if value.lower() not in known_types() and (hint := nearest(value, known_types().values())):
        say(f"warning: the resource type {value!r} is not known; {hint}")


def _check_severity(value: str) -> None:
    from auditor.rules.model import Severity

    if value not in set(Severity):
        raise UsageError(f"{value!r} is no severity", subject="--severity", remedy=f"One of {', '.join(Severity)}.")


def _check_condition(value: str) -> None:
    from auditor.rules.drafting import condition_of

    condition_of(value)


def _prove(draft: Draft, text: str, path: Path) -> None:
    """Hold the draft against what `rules lint` and `rules test` ask before it is written. Raises RuleError."""
    from auditor.errors import RuleError
    from auditor.rules.parser import parse_rule
    from auditor.rules.selftest import run_examples
    from auditor.rules.yaml_source import read_document

    document = read_document(text, str(path))
    rule, problems = parse_rule(document, stem=draft.id, folder=draft.topic, source=str(path), with_examples=True)
    if rule is None:
        raise RuleError("the rule would have mistakes", subject=str(path), problems=problems)
    if wrong := run_examples(rule):
        raise RuleError(f"{wrong[0].example} would be {wrong[0].actual} and not {wrong[0].expected}", subject=str(path))
