"""`auditor identity paths`: who becomes Owner, Global Administrator, or master of a resource, and how."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.asked import Asked, asks, meant

_WORDS = {
    "owner": "owner",
    "global-administrator": "global-administrator",
    "global administrator": "global-administrator",
}


@asks()
def paths(
    asked: Asked,
    to: Annotated[
        str,
        typer.Option("--to", help="owner, global-administrator, or a resource: its name or id.", metavar="GOAL"),
    ] = "owner",
) -> None:
    """Who gains the goal's rights, step by step, with what proves and what closes each step; the shortest first."""
    from auditor.facts.identity.escalation.graph import NEEDS_OF_RESOURCES, Escalation
    from auditor.facts.readable import readable
    from auditor.pictures.escalation import escalation_picture
    from auditor.report.identity_answers import paths_as_json, paths_as_text

    found = asked.opened(NEEDS_OF_RESOURCES)
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
    name = goal.node.name
    asked.answer(
        found.notices,
        json=lambda: paths_as_json(name, ways, cuts, gap),
        picture=lambda: escalation_picture([way for way in ways if not way.direct], f"Ways to {name}"),
        text=lambda width: paths_as_text(name, ways, cuts, gap, width),
    )
