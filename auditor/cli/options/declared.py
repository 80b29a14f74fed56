"""Options that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.settings import completion

_RULES = "Which rules"
_SCOPE = "What to audit"
_SIGN_IN = "Sign-in"
_OUTPUT = "Output"
_GATE = "Gate"
_CODE = "Code that is not deployed yet"
_SARIF = "Code scanning"


class SeverityName(StrEnum):
    """Severities as options take them."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class FailOn(StrEnum):
    """What `--fail-on` takes."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    NONE = "none"


class SourceChoice(StrEnum):
    """What `--source` takes."""

    AUTO = "auto"
    GRAPH = "graph"
    ARM = "arm"


# --- which rules

RulePaths = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        help="Add rules: a YAML rule, an Azure Policy definition or initiative, or a folder of them. Repeatable.",
        metavar="PATH",
        rich_help_panel=_RULES,
    ),
]
NoBuiltin = Annotated[bool, typer.Option("--no-builtin", help="Leave the built-in rules out.", rich_help_panel=_RULES)]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="RULE",
        help="Only these: rule id, topic or glob. Repeatable.",
        autocompletion=completion.rule_or_topic,
        rich_help_panel=_RULES,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="RULE",
        help="Not these: rule id, topic or glob. Repeatable.",
        autocompletion=completion.rule_or_topic,
        rich_help_panel=_RULES,
    ),
]
Framework = Annotated[
    list[str] | None,
    typer.Option(
        "--framework",
        metavar="NAME",
        help="Only rules mapped to this framework: an id, its beginning, or a YAML file of your own. Repeatable.",
        autocompletion=completion.framework,
        rich_help_panel=_RULES,
    ),
]
MinSeverity = Annotated[
    SeverityName | None,
    typer.Option(
        "--min-severity",
        metavar="SEVERITY",
        help="Only rules at least this severe: critical, high, medium, low or info.",
        rich_help_panel=_RULES,
    ),
]
Overrides = Annotated[
    list[Path] | None,
    typer.Option(
        "--overrides",
        help="YAML file that sets severities and parameters of rules (days, counts), for all or some resources. "
        "Repeatable.",
        metavar="FILE",
        rich_help_panel=_RULES,
    ),
]
PolicyParameters = Annotated[
    Path | None,
    typer.Option(
        "--policy-parameters",
        help="JSON file with parameter values for Azure Policy definitions given with --rules.",
        metavar="FILE",
        rich_help_panel=_RULES,
    ),
]

# --- what to audit

Tenant = Annotated[
    str | None,
    typer.Option("--tenant", metavar="TENANT", help="Tenant to sign in to (GUID or domain).", rich_help_panel=_SCOPE),
]
Subscriptions = Annotated[
    list[str] | None,
    typer.Option(
        "--subscription",
        "-s",
        metavar="NAME",
        help="Only this subscription (GUID or name). Repeatable. Default: all that the identity can read.",
        autocompletion=completion.subscription,
        rich_help_panel=_SCOPE,
    ),
]
ResourceGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--resource-group",
        "-g",
        metavar="NAME",
        help="Only what lies in this resource group; the rest is there to be related to. Repeatable.",
        rich_help_panel=_SCOPE,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="NAME[=VALUE]",
        help="Only resources with this tag, their children included. Repeatable: all must be there.",
        rich_help_panel=_SCOPE,
    ),
]
ManagementGroup = Annotated[
    str | None,
    typer.Option(
        "--management-group",
        metavar="NAME",
        help="Only subscriptions below this management group.",
        rich_help_panel=_SCOPE,
    ),
]
ReadSource = Annotated[
    SourceChoice,
    typer.Option(
        "--source",
        help="Where to read: auto (network, storage, vaults and identities fresh from ARM, the rest from Resource "
        "Graph), graph, or arm.",
        rich_help_panel=_SCOPE,
    ),
]

AssumeComplete = Annotated[
    bool,
    typer.Option(
        "--assume-complete",
        help="Of an export: what it lacks does not exist. Without it, what depends on that is unknown.",
        rich_help_panel=_SCOPE,
    ),
]

# --- sign-in

CloudName = Annotated[
    str,
    typer.Option(
        "--cloud",
        metavar="CLOUD",
        help="public, usgov, china, or a file as `az cloud show` prints it.",
        autocompletion=completion.cloud,
        rich_help_panel=_SIGN_IN,
    ),
]
Credential = Annotated[
    str | None,
    typer.Option(
        "--credential",
        metavar="NAME",
        help="Only this part of DefaultAzureCredential: environment, workload-identity, azure-cli, ...",
        autocompletion=completion.credential,
        rich_help_panel=_SIGN_IN,
    ),
]

# --- output

Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        help="Judge in so many processes. The report is the same; each needs memory of its own.",
        metavar="N",
        min=1,
        max=64,
        rich_help_panel=_OUTPUT,
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Judge anew where the report of an earlier run over the same --from could be taken.",
        rich_help_panel=_OUTPUT,
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say more: long lists in full, requests by endpoint, times.", rich_help_panel=_OUTPUT
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.", rich_help_panel=_OUTPUT)]


Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, json, sarif, junit, csv, markdown, html, ocsf, sentinel, defender, jira, azure-boards, teams "
        "or slack.",
        autocompletion=completion.output_format,
        rich_help_panel=_OUTPUT,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to this file instead of stdout.", rich_help_panel=_OUTPUT
    ),
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        help="Write one more report, for example sarif=results.sarif. Repeatable.",
        metavar="FORMAT=FILE",
        autocompletion=completion.report,
        rich_help_panel=_OUTPUT,
    ),
]
IncludePassed = Annotated[
    bool,
    typer.Option("--include-passed", help="Keep passed and not applicable results.", rich_help_panel=_OUTPUT),
]
_GROUPS = ("rule", "resource", "subscription", "topic", "owner", "environment", "data-class")


def _group(value: str) -> str:
    name, _, tag = value.partition(":")
    if value.lower() in _GROUPS:
        return value.lower().replace("-", "_")
    if name.lower() == "tag" and tag:
        return f"tag:{tag}"
    raise typer.BadParameter(f"{value!r} is none of {', '.join(_GROUPS)}, tag:NAME")


GroupBy = Annotated[
    str,
    typer.Option(
        "--group-by",
        metavar="WHAT",
        callback=_group,
        autocompletion=completion.group,
        help="How the table groups findings: by rule, resource, subscription, topic, owner, environment, data-class or "
        "tag:NAME.",
        rich_help_panel=_OUTPUT,
    ),
]
OwnerTag = Annotated[
    list[str] | None,
    typer.Option(
        "--owner-tag",
        metavar="NAME",
        help="A tag that says whose a resource is; the first that it has counts. Repeatable. Default: owner and alike.",
        rich_help_panel=_OUTPUT,
    ),
]
EnvironmentTag = Annotated[
    list[str] | None,
    typer.Option(
        "--environment-tag",
        metavar="NAME",
        help="A tag that says of which environment it is. Repeatable. Default: environment, env.",
        rich_help_panel=_OUTPUT,
    ),
]
DataClassTag = Annotated[
    list[str] | None,
    typer.Option(
        "--data-class-tag",
        metavar="NAME",
        help="A tag that says what class its data has. Repeatable. Default: dataClassification and alike.",
        rich_help_panel=_OUTPUT,
    ),
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        metavar="COLUMNS",
        help="Columns of the table; default: the terminal's.",
        min=40,
        rich_help_panel=_OUTPUT,
    ),
]

MarkdownLimit = Annotated[
    int,
    typer.Option(
        "--markdown-limit",
        help="Bytes of a Markdown report: a job summary of GitHub takes 1048576, a pull-request comment 65536.",
        min=2_000,
        metavar="BYTES",
        rich_help_panel=_OUTPUT,
    ),
]

# --- code scanning

CodePaths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Code to judge before it is deployed: what-if results, ARM templates with parameter files, Bicep, "
        "Terraform plans, folders. Beside --from, --demo or --with it is laid over what is there.",
        metavar="PATH",
        show_default=False,
    ),
]
WithCode = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        help="Lay this code over the tenant: show what its deployment would change. Repeatable.",
        metavar="PATH",
        rich_help_panel=_CODE,
    ),
]
DeployScope = Annotated[
    str | None,
    typer.Option(
        "--deploy-scope",
        help="Where templates are deployed to: /subscriptions/ID/resourceGroups/NAME.",
        metavar="ID",
        rich_help_panel=_CODE,
    ),
]
OnlyNew = Annotated[
    bool | None,
    typer.Option(
        "--only-new/--all-findings",
        help="Of code over a tenant: only what is new or worse through it (default), or all findings.",
        show_default=False,
        rich_help_panel=_CODE,
    ),
]
SourceRoot = Annotated[
    Path | None,
    typer.Option(
        "--source-root",
        help="Show findings at the Bicep, ARM or Terraform code below this folder that declares the resource.",
        metavar="DIR",
        rich_help_panel=_SARIF,
    ),
]
SarifInventory = Annotated[
    Path | None,
    typer.Option(
        "--sarif-inventory",
        help="Write one JSON file a resource with findings here, and show them at the property.",
        metavar="DIR",
        rich_help_panel=_SARIF,
    ),
]
SarifPrefix = Annotated[
    str | None,
    typer.Option(
        "--sarif-prefix",
        help="Folder that SARIF places undeclared resources in; default: azure, or the inventory's.",
        metavar="FOLDER",
        rich_help_panel=_SARIF,
    ),
]
SarifCategory = Annotated[
    str | None,
    typer.Option(
        "--sarif-category",
        metavar="NAME",
        help="Code-scanning category; default: made from the scope.",
        rich_help_panel=_SARIF,
    ),
]
SarifSplit = Annotated[
    Path | None,
    typer.Option(
        "--sarif-split",
        help="Write several SARIF files into this folder, each with a category of its own.",
        metavar="DIR",
        rich_help_panel=_SARIF,
    ),
]


class SplitChoice(StrEnum):
    """What `--sarif-split-by` takes."""

    SUBSCRIPTION = "subscription"
    MANAGEMENT_GROUP = "management-group"


SarifSplitBy = Annotated[
    SplitChoice,
    typer.Option(
        "--sarif-split-by",
        help="What gets a file of its own: a subscription, or the management group above it.",
        rich_help_panel=_SARIF,
    ),
]

# --- gate

FailOnOption = Annotated[
    FailOn,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        help="Exit 1 for findings of this severity or worse: critical, high, medium, low, info; or none.",
        rich_help_panel=_GATE,
    ),
]
FailOnUnknown = Annotated[
    bool,
    typer.Option(
        "--fail-on-unknown",
        help="Exit 1 for rules of that severity without an answer too; with --fail-on none, of every severity.",
        rich_help_panel=_GATE,
    ),
]
History = Annotated[
    Path | None,
    typer.Option(
        "--history",
        help="Folder of earlier runs: says what is new, mended, standing, and adds this run. See auditor trend.",
        metavar="DIR",
        rich_help_panel=_OUTPUT,
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        help="An earlier JSON report: only what is new or worse fails the gate.",
        metavar="FILE",
        rich_help_panel=_GATE,
    ),
]
Exemptions = Annotated[
    list[Path] | None,
    typer.Option(
        "--exemptions",
        help="Findings that are accepted until a date: YAML, or Azure Policy exemptions as JSON. Repeatable.",
        metavar="FILE",
        rich_help_panel=_GATE,
    ),
]
PolicyExemptions = Annotated[
    bool,
    typer.Option("--policy-exemptions", help="Apply the tenant's own Azure Policy exemptions.", rich_help_panel=_GATE),
]
CollectPolicyExemptions = Annotated[
    bool,
    typer.Option(
        "--policy-exemptions",
        help="Read Azure Policy exemptions too, for `scan --policy-exemptions`.",
        rich_help_panel=_RULES,
    ),
]
Changes = Annotated[
    bool,
    typer.Option(
        "--changes",
        help="Read too who changed which property in the last 14 days, as Resource Graph records it; findings say so.",
        rich_help_panel=_SCOPE,
    ),
]
RequireComplete = Annotated[
    bool,
    typer.Option("--require-complete", help="Exit 3 when anything could not be read.", rich_help_panel=_GATE),
]
