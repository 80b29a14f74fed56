"""Pictures as SVG: everything readable, nothing over anything else, no name read as markup."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from auditor.evaluate.model import Edge, Node, Picture
from auditor.report.drawing.folding import folded
from auditor.report.drawing.layout import WIDTH, layout
from auditor.report.drawing.svg import svg
from auditor.rules.model import Severity
from tests.report.samples import NASTY, pictured

SVG = "{http://www.w3.org/2000/svg}"
SVG_TAG = '<svg xmlns="http://www.w3.org/2000/svg" '


def tree(text: str) -> ET.Element:
    """The picture as an XML parser reads it, in SVG's namespace as a page puts it there."""
    return ET.fromstring(text.replace("<svg ", SVG_TAG, 1))  # noqa: S314 - our own text


def star(count: int, kind: str = "machine") -> Picture:
    """The internet and `count` machines behind an address each; the last one has the worst finding."""
    addresses = [Node(f"/pip-{n}", f"pip-{n}", "public-ip") for n in range(count)]
    machines = [
        Node(f"/vm-{n}", f"vm-{n}", kind, severity=Severity.CRITICAL if n == count - 1 else None) for n in range(count)
    ]
    edges = [Edge("internet", node.id, "tcp 443") for node in addresses]
    edges += [Edge(f"/pip-{n}", f"/vm-{n}", "tcp 22", broken=n == 0) for n in range(count)]
    return Picture(
        "exposure", "Exposure", "", (Node("internet", "Internet", "internet"), *addresses, *machines), tuple(edges)
    )


@pytest.mark.parametrize("picture", [pictured()[0], star(1), star(3), star(40), star(300)])
def test_no_node_lies_over_another_and_all_are_inside(picture: Picture):
    placed = layout(folded(picture), lambda label: 7.0 * len(label))
    boxes = [box for box in placed.boxes if box.node]

    assert boxes
    for layer in {box.layer for box in boxes}:
        column = sorted((box for box in placed.boxes if box.layer == layer), key=lambda box: box.y)
        assert all(above.y + above.height < below.y for above, below in pairwise(column))
    assert all(box.x > 0 and box.x + WIDTH < placed.width for box in boxes)
    assert all(box.y > 0 and box.y + box.height < placed.height for box in boxes)


def test_every_connection_leads_to_the_right():
    placed = layout(star(12), len)

    assert all(piece.source.layer + 1 == piece.target.layer for piece in placed.pieces)


@pytest.mark.parametrize(
    "edges", [[("a", "b"), ("b", "a")], [("a", "a")], [("a", "b"), ("b", "c"), ("c", "a"), ("x", "c")]]
)
def test_a_circle_is_drawn_too(edges):
    picture = Picture(
        "p", "P", "", tuple(Node(name, name, "thing") for name in "abcx"), tuple(Edge(*ends) for ends in edges)
    )

    assert len(tree(svg(picture)).findall(f".//{SVG}rect")) == 4


def test_many_nodes_are_folded_with_a_count_and_the_worst_stay():
    picture = folded(star(300))
    more = [node for node in picture.nodes if node.id.startswith("more:")]

    assert len(picture.nodes) <= 120
    shown = sum(node.kind == "machine" for node in picture.nodes if node not in more)
    counted = sum(int(node.label.split()[0]) for node in more if node.kind == "machine")
    assert shown + counted == 300
    assert "/vm-299" in {node.id for node in picture.nodes}
    ids = {node.id for node in picture.nodes}
    assert all(edge.source in ids and edge.target in ids for edge in picture.edges)
    assert folded(star(3)) == star(3)


def test_even_unrelated_nodes_are_folded():
    nodes = tuple(Node(f"/{n}", f"n{n}", f"kind-{n % 3}") for n in range(5_000))

    assert len(folded(Picture("p", "P", "", nodes, ())).nodes) <= 120


def test_names_are_text_and_whole_in_the_title():
    long = "x" * 200
    picture = Picture(
        "p",
        NASTY,
        NASTY,
        (Node(f'/"{NASTY}', NASTY, "thing", NASTY), Node("/b", long, "thing")),
        (Edge(f'/"{NASTY}', "/b", NASTY),),
    )

    text = svg(picture)
    root = tree(text)

    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg",
        "g",
        "rect",
        "path",
        "text",
        "title",
        "desc",
    }
    assert any(long in (title.text or "") for title in root.iter(f"{SVG}title"))
    assert all(len(name.text or "") < 60 for name in root.iter(f"{SVG}text") if name.get("class") == "name")


def test_a_name_of_any_length_is_cut_and_keeps_both_ends():
    names = ("a" + "m" * 200_000 + "z", "a" + "i" * 200_000 + "z", "a" + "界" * 200_000 + "z")
    nodes = tuple(Node(f"/{at}", name, "thing") for at, name in enumerate(names))

    root = tree(svg(Picture("p", "P", "", nodes, ())))

    shown = [name.text or "" for name in root.iter(f"{SVG}text") if name.get("class") == "name"]
    assert [(text[0], text[-1], len(text) < 60) for text in shown] == [("a", "z", True)] * 3


def test_it_says_what_it_is_to_who_cannot_see_it():
    picture = pictured()[0]
    root = tree(svg(picture))
    by_id = {element.get("id"): element.text for element in root.iter() if element.get("id")}

    assert root.get("role") == "img"
    assert [by_id[name] for name in (root.get("aria-labelledby") or "").split()] == [picture.title, picture.caption]


def test_a_picture_gives_the_same_bytes_again():
    assert svg(star(50)) == svg(star(50))
