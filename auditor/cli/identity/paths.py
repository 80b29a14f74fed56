"""`auditor identity paths`: who becomes Owner, Global Administrator, or master of a resource, and how."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.asked import AnswerFormat, Demo, Format, Output, SourcePath, meant, opened
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn

_WORDS = {
    "owner": "owner",
    "global-administrator": "global-administrator",
    "global administrator": "global-administrator",
}


def paths(
    to: Annotated[
        str,
        typer.Option("--to", help="owner, global-administrator, or a resource: its name or id.", metavar="GOAL"),
    ] = "owner",
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
    """Who gains the goal's rights, step by step, with what proves and what closes each step; the shortest first."""
    from auditor.cli.live import live_options
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.identity.escalation.graph import NEEDS_OF_RESOURCES, Escalation
    from auditor.facts.readable import readable
    from auditor.pictures.escalation import escalation_picture
    from auditor.report.identity_answers import paths_as_json, paths_as_text
    from auditor.report.mermaid import render_mermaid

    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(source_path, live, NEEDS_OF_RESOURCES, demo=demo, assume_complete=assume_complete)
    inventory = readable(found.inventory)[0]
    graph = Escalation.of(inventory)
    match _WORDS.get(to.lower()):
        case "owner":
            goal = graph.owner()
        case "global-administrator":
            goal = graph.global_administrator()
        case _:
            goal = graph.resource(meant(inventory, to))
    ways = graph.paths(goal)
    cuts, gap = graph.cuts([way for way in ways if not way.direct]), graph.gap(goal)
    match output_format:
        case AnswerFormat.JSON:
            text = paths_as_json(goal.node.name, ways, cuts, gap)
        case AnswerFormat.MERMAID:
            text = render_mermaid(escalation_picture([w for w in ways if not w.direct], f"Ways to {goal.node.name}"))
        case AnswerFormat.TABLE:
            text = paths_as_text(goal.node.name, ways, cuts, gap, answer_width(output))
    write_answer(text, output)
    for notice in found.notices:
        warn(notice)
