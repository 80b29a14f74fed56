"""`auditor fix`: what to change, in which order, and who depends on it. Nothing is ever changed by this program."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.application import Application
from auditor.cli.asked import Asked, asks
from auditor.cli.options import declared as options
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.evaluate.model import Result
    from auditor.inventory.inventory import Inventory
    from auditor.rules.model import Change


class FixFormat(StrEnum):
    """What `--format` takes here."""

    TABLE = "table"
    JSON = "json"
    BASH = "bash"
    POWERSHELL = "powershell"
    BICEP = "bicep"
    TERRAFORM = "terraform"


_Format = Annotated[
    FixFormat, typer.Option("--format", "-f", help="table, json, bash, powershell, bicep or terraform.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = Application(name="fix", help="What to change, in which order, and who depends on it.", no_args_is_help=True)
    group.callback()(_nothing)
    group.command("plan")(plan)
    app.add_typer(group)


def _nothing() -> None:
    """What to change, in which order, and who depends on it. Nothing is changed."""


@asks(of_a_part=True, output_format=(_Format, FixFormat.TABLE))
def plan(
    asked: Asked,
    findings: Annotated[
        list[str] | None,
        typer.Argument(help="Only these findings: fingerprints, or the beginnings of some.", metavar="FINGERPRINT"),
    ] = None,
    resource: Annotated[
        list[str] | None,
        typer.Option("--resource", help="Only findings on this resource: its name or id. Repeatable.", metavar="NAME"),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="What if: ID=PATH=VALUE, a change of your own in place of findings' fixes. Repeatable; the value is "
            "JSON or text, null takes the property away.",
            metavar="ID=PATH=VALUE",
        ),
    ] = None,
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    framework: options.Framework = None,
    min_severity: options.MinSeverity = None,
    policy_parameters: options.PolicyParameters = None,
    overrides: options.Overrides = None,
) -> None:
    """Fixes in an order that works: what each changes, who depends on it, what must come first, what comes of all."""
    from auditor import api
    from auditor.cli.options.rule_choice import choose_rules
    from auditor.cli.terminal.output import answer_width
    from auditor.report import fix_answer, fix_scripts

    if changes and (findings or resource):
        raise UsageError("--set asks for a change of your own", remedy="Leave the findings and --resource out.")
    choice = choose_rules(rule_paths, no_builtin, select, ignore, framework, min_severity, policy_parameters, overrides)
    # Who depends on a change may be of any kind that rules look at.
    everything = api.choose_rules()
    found = asked.opened(everything.types | choice.types)
    part = asked.selected(found)
    if changes:
        made = api.what_if(found, _wanted(changes, found.inventory), choice)
    else:
        chosen = _chosen(findings or [], resource or [])
        made = api.plan_fixes(found, choice, chosen=chosen, selection=part)
        if not made.fixes and (findings or resource):
            raise UsageError("no finding is meant by that", remedy="See which there are: auditor scan --format json.")
    answers: dict[FixFormat, Callable[[], str]] = {
        FixFormat.TABLE: lambda: fix_answer.plan_as_text(made, answer_width(asked.output)),
        FixFormat.JSON: lambda: fix_answer.plan_as_json(found.manifest.source, made),
        FixFormat.BASH: lambda: fix_scripts.as_bash(made),
        FixFormat.POWERSHELL: lambda: fix_scripts.as_powershell(made),
        FixFormat.BICEP: lambda: fix_scripts.as_bicep(made),
        FixFormat.TERRAFORM: lambda: fix_scripts.as_terraform(made),
    }
    asked.write(answers[asked.output_format](), found.notices)


def _chosen(findings: list[str], resources: list[str]) -> Callable[[Result], bool]:
    """Whether a finding is meant."""
    names = {name.lower() for name in resources}

    def is_meant(result: Result) -> bool:
        if findings and not any(result.fingerprint.startswith(one.lower()) for one in findings):
            return False
        own = {result.subject.id.lower(), result.subject.name.lower(), result.subject.id.rpartition("/")[2].lower()}
        return not names or bool(own & names)

    return is_meant


def _wanted(changes: list[str], inventory: Inventory) -> dict[str, list[Change]]:
    """The changes of `--set`, by the id of the resource. Raises UsageError."""
    from auditor.rules.conditions.paths import BadPath, parse_path
    from auditor.rules.model import Change

    found: dict[str, list[Change]] = {}
    for text in changes:
        place, _, rest = text.partition("=")
        path, equals, value = rest.partition("=")
        resource = inventory.get(place)
        if not equals or not path:
            raise UsageError(f"{text!r} sets nothing", remedy="Write ID=properties.publicNetworkAccess=Disabled.")
        if resource is None:
            raise UsageError(f"no resource that was read has the id {place}", remedy="Copy the id from a finding.")
        try:
            parse_path(path)
        except BadPath as error:
            raise UsageError(f"--set: {error}", remedy="Write a property path: properties.x.y.") from error
        meant = _value(value)
        found.setdefault(resource.id, []).append(Change(path, meant, remove=meant is None))
    return found


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
