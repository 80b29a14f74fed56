"""A layered layout: columns from left to right, connections between them, nothing over anything else.

The way of Sugiyama, Tagawa and Toda (https://doi.org/10.1109/TSMC.1981.4308636): columns, then the order in each by the
mean place of what leads there, then heights, each node as near to its neighbours as the others allow. A connection that
passes a column has a place of its own in it. All lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from auditor.evaluate.model import Edge, Node, Picture
from auditor.report.drawing.layers import layers_of

WIDTH = 236.0
"""Of a node."""
HEIGHT = 46.0
LINE = 14.0
"""Of a connection's label, of which each line is one."""
_ABOVE, _BARE = 4.0, 9.0
_GAP = 16.0
_CURVE = 56.0
_MARGIN = 14.0


@dataclass(slots=True)
class Box:
    """A node's place, or a connection's place in a column that it passes (`node` is None)."""

    node: Node | None
    layer: int
    height: float = HEIGHT
    x: float = 0.0
    y: float = 0.0
    into: list[Piece] = field(default_factory=list)
    out: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class Piece:
    """The part of a connection between two columns that stand next to each other."""

    edge: Edge
    source: Box
    target: Box
    lines: tuple[str, ...] = ()
    """Of its label, on the piece that meets the target."""
    last: bool = True
    start: float = 0.0
    """Where it leaves its source, from the source's top."""
    end: float = 0.0
    """Where it meets its target, from the target's top."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    pieces: tuple[Piece, ...]
    runs: tuple[float, ...]
    """By column: how long the straight end of a connection into it is, so that its label has room."""


def layout(picture: Picture, label_width: Callable[[str], float]) -> Layout:
    """Places for a picture's nodes and connections; `label_width` measures a line of a connection's label."""
    columns, pieces = _columns(picture)
    for _ in range(2):
        for column in columns[1:]:
            _order(column, columns, before=True)
        for column in reversed(columns[:-1]):
            _order(column, columns, before=False)
    _ports(columns)
    runs = _across(columns, label_width)
    for column in columns:
        _stack(column)
    for _ in range(3):
        for column in columns[1:]:
            _settle(column, before=True)
        for column in reversed(columns[:-1]):
            _settle(column, before=False)
    boxes = [box for column in columns for box in column]
    top = min((box.y for box in boxes), default=0.0) - _MARGIN
    for box in boxes:
        box.y -= top
    right = max((box.x for box in boxes), default=0.0) + WIDTH + _MARGIN
    bottom = max((box.y + box.height for box in boxes), default=0.0) + _MARGIN
    return Layout(right, bottom, tuple(boxes), tuple(pieces), tuple(runs))


def _columns(picture: Picture) -> tuple[list[list[Box]], list[Piece]]:
    layers = layers_of(picture)
    boxes = {node.id: Box(node, layers[node.id]) for node in picture.nodes}
    columns: list[list[Box]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for box in boxes.values():
        columns[box.layer].append(box)
    pieces: list[Piece] = []
    for edge in picture.edges:
        source, target = boxes.get(edge.source), boxes.get(edge.target)
        if not source or not target or source.layer >= target.layer:
            continue  # closes a circle: it is in the table beside the picture
        for layer in range(source.layer + 1, target.layer):
            passing = Box(None, layer, LINE)
            columns[layer].append(passing)
            pieces.append(_join(edge, source, passing, last=False))
            source = passing
        pieces.append(_join(edge, source, target, last=True))
    return columns, pieces


def lines_of(edge: Edge) -> tuple[str, ...]:
    """A connection's label by lines: what is joined by semicolons is as many things."""
    return tuple(part.strip() for part in edge.label.split(";") if part.strip())


def _join(edge: Edge, source: Box, target: Box, *, last: bool) -> Piece:
    piece = Piece(edge, source, target, lines_of(edge) if last else (), last)
    source.out.append(piece)
    target.into.append(piece)
    return piece


def _order(column: list[Box], columns: Sequence[Sequence[Box]], *, before: bool) -> None:
    """Sort a column by the mean place of the neighbours on one side; what has none stays behind its forerunner."""
    places = {id(box): place for beside in columns for place, box in enumerate(beside)}
    means: dict[int, float] = {}
    last = -1.0
    for box in column:
        beside = [places[id(p.source if before else p.target)] for p in (box.into if before else box.out)]
        last = sum(beside) / len(beside) if beside else last
        means[id(box)] = last
    column.sort(key=lambda box: means[id(box)])


def _ports(columns: Sequence[Sequence[Box]]) -> None:
    """Give each connection a height of its own on both boxes, and each box room for them."""
    places = {id(box): place for column in columns for place, box in enumerate(column)}
    for column in columns:
        for box in column:
            box.into.sort(key=lambda piece: places[id(piece.source)])
            box.out.sort(key=lambda piece: places[id(piece.target)])
            rows = [LINE * len(piece.lines) + _ABOVE if piece.lines else _BARE for piece in box.into]
            out = _BARE * len(box.out)
            if box.node:
                box.height = max(HEIGHT, sum(rows) + 12, out + 12)
            at = (box.height - sum(rows)) / 2
            for piece, row in zip(box.into, rows, strict=True):
                # A label stands on its connection.
                piece.end = at + (row - 1 if piece.lines else row / 2)
                at += row
            for number, piece in enumerate(box.out):
                piece.start = (box.height - out) / 2 + _BARE * (number + 0.5)


def _across(columns: Sequence[Sequence[Box]], label_width: Callable[[str], float]) -> list[float]:
    runs: list[float] = []
    x = _MARGIN
    for column in columns:
        labels = [label_width(line) for box in column for piece in box.into for line in piece.lines]
        run = max(labels, default=0.0) + 22
        runs.append(run)
        x += (run + _CURVE) if runs[1:] else 0.0
        for box in column:
            box.x = x
        x += WIDTH
    return runs


def _stack(column: Sequence[Box]) -> None:
    y = 0.0
    for box in column:
        box.y = y
        y += box.height + _GAP


def _settle(column: Sequence[Box], *, before: bool) -> None:
    """Move a column's boxes towards their neighbours on one side, order and gaps kept, the sum of squares smallest.

    Pool-adjacent-violators, https://doi.org/10.18637/jss.v032.i05.
    """
    blocks: list[tuple[float, int]] = []  # mean wish, how many boxes
    offset, offsets = 0.0, []
    for box in column:
        offsets.append(offset)
        mean, size = _wish(box, before=before) - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, count = blocks.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        blocks.append((mean, size))
        offset += box.height + _GAP
    wishes = [mean for mean, size in blocks for _ in range(size)]
    for box, wish, below in zip(column, wishes, offsets, strict=True):
        box.y = wish + below


def _wish(box: Box, *, before: bool) -> float:
    pieces = box.into if before else box.out
    if not pieces:
        return box.y
    return sum(_straight(piece, before=before) for piece in pieces) / len(pieces)


def _straight(piece: Piece, *, before: bool) -> float:
    """The height at which this connection would be a straight line."""
    if before:
        return piece.source.y + piece.start - piece.end
    return piece.target.y + piece.end - piece.start
