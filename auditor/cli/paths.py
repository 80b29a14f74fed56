"""`auditor paths`: from the internet, or from anything, to what matters, step by step and with proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.asked import Asked, asks, meant

if TYPE_CHECKING:
    from auditor.facts.paths.graph import Attack
    from auditor.facts.paths.model import Node, Path
    from auditor.inventory.inventory import Inventory


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(name="paths")(paths)


@asks()
def paths(
    asked: Asked,
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
) -> None:
    """Attack paths to data stores and subscriptions: every step proven, and the one change that cuts the most."""
    from auditor.facts.paths.chokes import chokes, joined
    from auditor.facts.paths.graph import NEEDS, Attack
    from auditor.facts.paths.search import ordered
    from auditor.facts.readable import readable
    from auditor.pictures.attack_paths import attack_picture
    from auditor.report.attack_answers import attacks_as_json, attacks_as_text, cuts_as_text

    found = asked.opened(NEEDS)
    inventory = readable(found.inventory)[0]
    graph = Attack.of(inventory)
    start = _start(graph, from_node)
    searched = graph.from_internet() if start is None else graph.search([start])
    name = "internet" if start is None else start.name
    ways = ordered(_to(inventory, to, list(searched.paths)))
    cuts, gap = chokes(ways), graph.gap()

    def told(width: int) -> str:
        if cut:
            return cuts_as_text(cuts, gap, width)
        return attacks_as_text(name, joined(ways), cuts, gap, width, complete=searched.complete)

    asked.answer(
        found.notices,
        json=lambda: attacks_as_json(name, ways, cuts, gap, complete=searched.complete),
        picture=lambda: attack_picture(ways, name),
        text=told,
    )


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
