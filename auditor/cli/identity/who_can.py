"""`auditor identity who-can`: who may do an action on a scope, by which role and through which groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.asked import AnswerFormat, Demo, Format, Output, SourcePath, meant, opened
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.evaluate.model import Picture
    from auditor.facts.identity.access import Holders
    from auditor.inventory.inventory import Inventory

_ACTION = re.compile(r"[\w.-]+(?:/[\w.-]+)+")


def who_can(
    action: Annotated[
        str,
        typer.Argument(help="One operation, as role definitions name it.", metavar="ACTION"),
    ],
    on: Annotated[
        str,
        typer.Option(
            "--on", help="A scope: /, the id of a management group or subscription, or a resource.", metavar="SCOPE"
        ),
    ],
    data: Annotated[bool, typer.Option("--data", help="Ask about data actions.")] = False,
    eligible: Annotated[
        bool, typer.Option("--eligible", help="Count roles that have to be activated first, too.")
    ] = False,
    demo: Demo = False,
    source_path: SourcePath = None,
    assume_complete: options.AssumeComplete = False,
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    management_group: options.ManagementGroup = None,
    source: options.ReadSource = options.SourceChoice.AUTO,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    output_format: Format = AnswerFormat.TABLE,
    output: Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Who may do something: members of groups by name, conditions and deny assignments counted."""
    from auditor.cli.live import live_options
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.identity.access import NEEDS_ELIGIBLE, Access
    from auditor.facts.identity.principals import USERS
    from auditor.facts.readable import readable
    from auditor.report.identity_answers import holders_as_json, holders_as_text
    from auditor.report.mermaid import render_mermaid

    if not _ACTION.fullmatch(action):
        raise UsageError(
            f"{action} is no operation",
            remedy="Give one as role definitions name it, without wildcards: Microsoft.Compute/virtualMachines/write.",
        )
    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(source_path, live, NEEDS_ELIGIBLE | {USERS}, demo=demo, assume_complete=assume_complete)
    inventory = readable(found.inventory)[0]
    scope = _scope(inventory, on)
    said = Access.of(inventory).holders(action, scope, data=data, eligible=eligible)
    match output_format:
        case AnswerFormat.JSON:
            text = holders_as_json(action, scope, said, data=data)
        case AnswerFormat.MERMAID:
            text = render_mermaid(_picture(action, scope, said))
        case AnswerFormat.TABLE:
            text = holders_as_text(action, scope, said, answer_width(output))
    write_answer(text, output)
    for notice in found.notices:
        warn(notice)


def _scope(inventory: Inventory, text: str) -> str:
    """The scope that is meant: an id as it is, else the resource, subscription or group with that name."""
    from auditor.facts.identity.scopes import ScopeKind, kind_of

    if text.startswith("/") and kind_of(text) is not ScopeKind.UNKNOWN:
        return text
    return meant(inventory, text).id


def _picture(action: str, scope: str, said: Holders) -> Picture:
    """Each holder with an arrow to the scope, by its role."""
    from auditor.evaluate.model import Edge, Node, Picture
    from auditor.facts.identity.access import shown

    nodes = {
        h.principal.id: Node(h.principal.id, h.principal.name, "principal", h.principal.kind.value)
        for h in said.holders
    }
    edges = [Edge(h.principal.id, "scope", h.grant.text, broken=False) for h in said.holders]
    place = Node("scope", shown(scope), "scope", action)
    caption = f"{len(nodes)} may {action} on {shown(scope)}."
    return Picture("who-can", action, caption, (*nodes.values(), place), tuple(edges))
