"""The picture of an answer: the source, what is met on each way, the target."""

from __future__ import annotations

from auditor.evaluate.model import Edge, Node, Picture
from auditor.facts.network.question import Answer
from auditor.facts.network.stages import DENIED, stage_name


def picture(said: Answer) -> Picture:
    """The answer as a picture: the source, what is met on each way, the target; broken where it ends."""
    question = said.question
    nodes = {"source": Node("source", question.origin, "internet" if question.origin == "internet" else "machine")}
    edges: list[Edge] = []
    target = Node("target", question.target, "machine", f"{question.protocol} {question.port}")
    for number, way in enumerate(said.ways):
        before, broken = "source", False
        for position, stage in enumerate(way.stages):
            label = stage_name(stage) if stage.direction else stage.name or stage_name(stage)
            detail = "" if stage.text in label else stage.text
            node = Node(f"{number}.{position}", label, stage.kind, detail)
            nodes[node.id] = node
            edges.append(Edge(before, node.id, broken=broken))
            before, broken = node.id, stage.verdict == DENIED
        edges.append(Edge(before, "target", label=way.verdict, broken=way.verdict == DENIED))
    nodes["target"] = target
    title = f"{question.protocol} {question.port} from {question.origin} to {question.target}: {said.verdict}"
    return Picture("network-explain", title, f"{said.reason}.", tuple(nodes.values()), tuple(edges))
