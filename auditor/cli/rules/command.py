"""`auditor rules`: list, show, test, lint, new, facts, schema and export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.application import Application
from auditor.cli.options import declared as options
from auditor.cli.rules.facts import facts
from auditor.cli.rules.new import new
from auditor.cli.settings import completion
from auditor.cli.terminal.messages import say
from auditor.cli.terminal.streams import write_stdout
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.rules.loader import Catalogue
    from auditor.rules.model import Rule

_PATHS = Annotated[
    list[Path] | None, typer.Argument(metavar="[PATH]...", help="Rule files or folders; default: the built-in rules.")
]


_SUGGESTED = 5


class ListFormat(StrEnum):
    """What `rules list --format` takes."""

    TABLE = "table"
    JSON = "json"


class SchemaOf(StrEnum):
    """What `rules schema` takes."""

    RULE = "rule"
    FRAMEWORK = "framework"


class ShowFormat(StrEnum):
    """What `rules show --format` takes."""

    PAGE = "page"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = Application(name="rules", help="List, show, test, check, write and export rules.", no_args_is_help=True)
    group.command("list")(list_rules)
    group.command("show")(show)
    group.command("test")(run_tests)
    group.command("lint")(lint)
    group.command("new")(new)
    group.command("facts")(facts)
    group.command("schema")(schema)
    group.command("export")(export)
    app.add_typer(group)


def list_rules(
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    framework: options.Framework = None,
    min_severity: options.MinSeverity = None,
    policy_parameters: options.PolicyParameters = None,
    overrides: options.Overrides = None,
    output_format: Annotated[ListFormat, typer.Option("--format", "-f", help="table or json.")] = ListFormat.TABLE,
) -> None:
    """List rules."""
    from auditor.cli.options.rule_choice import choose_rules

    choice = choose_rules(rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters, overrides)
    if output_format is ListFormat.JSON:
        write_stdout(json.dumps([_listed(rule) for rule in choice.rules], indent=2, ensure_ascii=False) + "\n")
    else:
        from auditor.cli.rules.pages import print_list

        print_list(choice.rules, choice.total)
    for text in choice.notices:
        say(f"note: {text}")


def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="The rule's id.", autocompletion=completion.rule)],
    rule_paths: options.RulePaths = None,
    overrides: options.Overrides = None,
    output_format: Annotated[ShowFormat, typer.Option("--format", "-f", help="page or json.")] = ShowFormat.PAGE,
) -> None:
    """Show one rule: what it judges, when it fails, why, how to fix it."""
    rules = _load(rule_paths or [], builtin=True).rules
    rule = _find(rules, rule_id)
    if overrides:
        from auditor.rules.overrides import load_overrides

        (own,) = load_overrides(overrides, rules).everywhere([rule])
        rule = replace(own, examples=rule.examples)
    if output_format is ShowFormat.JSON:
        write_stdout(json.dumps(_shown(rule), indent=2, ensure_ascii=False) + "\n")
        return
    from auditor.cli.rules.pages import print_page

    print_page(rule)


def run_tests(paths: _PATHS = None) -> None:
    """Judge every rule's own examples; exit 1 when one comes out wrong."""
    from auditor.facts.registry import FactStore
    from auditor.rules.selftest import run_examples

    rules = _load(paths or [], builtin=not paths).rules
    failures = [failure for rule in rules for failure in run_examples(rule, FactStore)]
    for failure in failures:
        say(f"{failure.rule.source}: {failure.example} should be {failure.expected} but is {failure.actual}")
        for line in failure.evidence:
            say(f"    {line.path}: found {json.dumps(line.actual, default=str)}, wanted {line.expected}")
    count = sum(len(r.examples.fail) + len(r.examples.passing) + len(r.examples.not_applicable) for r in rules)
    write_stdout(f"{len(rules)} rules, {count} examples, {len(failures)} wrong\n")
    if failures:
        raise typer.Exit(int(ExitCode.GATE))


def lint(paths: _PATHS = None) -> None:
    """Check rule files: mistakes, and what a good rule has; exit 2 when there is a mistake."""
    from auditor.facts.registry import FactStore, family_names
    from auditor.rules.lint import Level, lint_rules

    rules = _load(paths or [], builtin=not paths).rules
    messages = lint_rules(rules, FactStore, family_names())
    for message in messages:
        write_stdout(f"{message}\n")
    errors = sum(1 for message in messages if message.level is Level.ERROR)
    write_stdout(f"{len(rules)} rules, {errors} errors, {len(messages) - errors} warnings\n")
    if errors:
        raise typer.Exit(int(ExitCode.USAGE))


def export(
    folder: Annotated[
        Path, typer.Option("--azure-policy", metavar="DIR", help="Write Azure Policy definitions into this folder.")
    ],
    scope: Annotated[
        str,
        typer.Option(
            "--scope",
            metavar="ID",
            help="Where the definitions will be created: /providers/Microsoft.Management/managementGroups/NAME, "
            "or /subscriptions/ID.",
        ),
    ] = "/providers/Microsoft.Management/managementGroups/MANAGEMENT-GROUP",
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    framework: options.Framework = None,
    min_severity: options.MinSeverity = None,
    overrides: options.Overrides = None,
) -> None:
    """Write rules as Azure Policy definitions, and an initiative for each framework."""
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.cli.rules.export import write_policies

    choice = choose_rules(rule_paths, no_builtin, select, ignore, framework, min_severity, None, overrides)
    known = {rule.id: rule for rule in _load(rule_paths or [], builtin=not no_builtin).rules}
    rules = [replace(rule, examples=known[rule.id].examples) for rule in choice.rules]
    write_stdout(write_policies(folder, rules, choice.frameworks, scope))


def schema(
    what: Annotated[SchemaOf, typer.Argument(help="What kind of file: rule or framework.")] = SchemaOf.RULE,
) -> None:
    """Print the JSON Schema of rule files, or of files with a framework of your own, for editors."""
    from auditor.rules.schema import framework_schema, rule_schema

    found = rule_schema() if what is SchemaOf.RULE else framework_schema()
    write_stdout(json.dumps(found, indent=2) + "\n")


def _load(paths: Sequence[Path], *, builtin: bool) -> Catalogue:
    from auditor.rules.loader import load_rules

    return load_rules(paths, builtin=builtin, examples=True)


def _find(rules: Sequence[Rule], rule_id: str) -> Rule:
    """The rule of this id. Raises UsageError with what is near, or what has the word in its id or title."""
    from auditor.rules.conditions.problems import nearest

    wanted = rule_id.lower()
    for rule in rules:
        if rule.id == wanted:
            return rule
    hint = nearest(rule_id, [rule.id for rule in rules]) or _with_word(rules, wanted)
    raise UsageError(
        f"there is no rule {rule_id!r}", remedy=f"{hint[:1].upper()}{hint[1:]} `auditor rules list` shows all.".strip()
    )


def _with_word(rules: Sequence[Rule], word: str) -> str:
    found = [rule.id for rule in rules if word in rule.id or word in rule.title.lower()]
    more = f" and {len(found) - _SUGGESTED} more" if len(found) > _SUGGESTED else ""
    return f"rules with this word: {', '.join(found[:_SUGGESTED])}{more}." if found else ""


def _listed(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity.value,
        "topic": rule.topic,
        "resource": list(rule.resource),
        "frameworks": {name: list(controls) for name, controls in rule.frameworks.items()},
        "equivalents": {name: list(ids) for name, ids in rule.equivalents.items()},
        "source": rule.source,
    }


def _shown(rule: Rule) -> dict[str, Any]:
    from auditor.report.overridden import overridden_entry
    from auditor.rules import patching

    return {
        **_listed(rule),
        "description": rule.description,
        "remediation": {
            **{name: getattr(rule.remediation, name) for name in ("text", "az", "bicep", "terraform")},
            "patch": [patching.told(change) for change in rule.remediation.patch],
        },
        "references": list(rule.references),
        "parameters": {
            each.name: {
                "default": each.default,
                "minimum": each.minimum,
                "maximum": each.maximum,
                "allowed": list(each.allowed),
                "description": each.description,
            }
            for each in rule.declared
        },
        "overridden": overridden_entry(rule.overridden) if rule.overridden else None,
        **rule.definition,
    }
