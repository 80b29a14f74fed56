"""`auditor paths`: from the internet, or from anything, to what matters, step by step and with proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.asked import AnswerFormat, Demo, Format, Output, SourcePath, meant, opened
from auditor.cli.options import declared as options
from auditor.cli.terminal.messages import warn

if TYPE_CHECKING:
    from auditor.facts.paths.graph import Attack
    from auditor.facts.paths.model import Node, Path
    from auditor.inventory.inventory import Inventory


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="paths")(paths)


def paths(
    from_node: Annotated[
        str,
        typer.Option(
            "--from-node", help="Where it begins: internet, or the name or id of a host or identity.", metavar="NODE"
        ),
    ] = "internet",
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="Only paths to this: owner, or the name or id of a data store or subscription.", metavar="GOAL"
        ),
    ] = None,
    cut: Annotated[bool, typer.Option("--cut", help="Only what to change, by how many paths it ends.")] = False,
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
    """Attack paths to data stores and subscriptions: every step proven, and the one change that cuts the most."""
    from auditor.cli.live import live_options
    from auditor.cli.terminal.output import answer_width, write_answer
    from auditor.facts.paths.chokes import chokes, joined
    from auditor.facts.paths.graph import NEEDS, Attack
    from auditor.facts.paths.search import ordered
    from auditor.facts.readable import readable
    from auditor.pictures.attack_paths import attack_picture
    from auditor.report.attack_answers import attacks_as_json, attacks_as_text, cuts_as_text
    from auditor.report.mermaid import render_mermaid

    live = live_options(cloud, credential, tenant, subscription, management_group, source.value, quiet=quiet)
    found = opened(source_path, live, NEEDS, demo=demo, assume_complete=assume_complete)
    inventory = readable(found.inventory)[0]
    graph = Attack.of(inventory)
    start = _start(graph, from_node)
    searched = graph.from_internet() if start is None else graph.search([start])
    name = "internet" if start is None else start.name
    ways = ordered(_to(inventory, to, list(searched.paths)))
    cuts, gap = chokes(ways), graph.gap()
    match output_format:
        case AnswerFormat.JSON:
            text = attacks_as_json(name, ways, cuts, gap, complete=searched.complete)
        case AnswerFormat.MERMAID:
            text = render_mermaid(attack_picture(ways, name))
        case AnswerFormat.TABLE if cut:
            text = cuts_as_text(cuts, gap, answer_width(output))
        case AnswerFormat.TABLE:
            text = attacks_as_text(name, joined(ways), cuts, gap, answer_width(output), complete=searched.complete)
    write_answer(text, output)
    for notice in found.notices:
        warn(notice)


def _start(graph: Attack, text: str) -> Node | None:
    """The node that is meant; None for the internet."""
    return None if text.lower() == "internet" else graph.node(meant(graph.inventory, text))


def _to(inventory: Inventory, goal: str | None, ways: list[Path]) -> list[Path]:
    """Paths to one goal."""
    if goal is None:
        return ways
    if goal.lower() in ("owner", "contributor"):
        return [way for way in ways if way.target.id.endswith(f"#{goal.lower()}")]
    key = meant(inventory, goal).key
    return [way for way in ways if way.target.id.partition("#")[0] == key]
