"""A picture as SVG text, to stand in a page whose style sheet gives its classes their colours.

    svg.picture > title, desc, g.edges > path.edge(.broken) + path.arrow + text, g.nodes > g.node[data-id].<severity>

It holds no style and no script of its own, and every name is text. The same picture gives the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html import escape

from auditor.evaluate.model import Node, Picture
from auditor.report.drawing.folding import folded
from auditor.report.drawing.layout import LINE, WIDTH, Box, Layout, Piece, layout
from auditor.report.text import plain

# Names are 13 pixels and bold, which is an eighth wider.
_LABEL_EM, _SMALL_EM = 13.0 * 1.125, 11.0
_EDGE_LABEL = 270.0
_PAD = 14.0
# Advances of letters in the widest of the usual interface fonts (Verdana, DejaVu Sans), of an em.
_ADVANCE, _NARROW, _CAPITAL, _BROAD, _IDEOGRAPH = 0.64, 0.42, 0.79, 1.0, 1.15


def svg(picture: Picture, most: int = 120) -> str:
    """The picture as one `svg` element; more than about `most` nodes are folded, with a count."""
    placed = layout(folded(picture, most), lambda line: _width(_fit(plain(line), _EDGE_LABEL, _SMALL_EM), _SMALL_EM))
    name = f"picture-{escape(picture.id)}"
    head = (
        f'<svg class="picture" id="{name}" role="img" aria-labelledby="{name}-title {name}-desc" '
        f'viewBox="0 0 {_n(placed.width)} {_n(placed.height)}" width="{_n(placed.width)}" height="{_n(placed.height)}">'
        f'<title id="{name}-title">{_text(picture.title)}</title><desc id="{name}-desc">{_text(picture.caption)}</desc>'
    )
    edges = "".join(_edge(piece, placed) for piece in placed.pieces)
    nodes = "".join(part for box in placed.boxes if box.node for part in _node(box, box.node))
    return f'{head}<g class="edges">{edges}</g><g class="nodes">{nodes}</g></svg>'


def _node(box: Box, node: Node) -> Iterator[str]:
    label, detail = plain(node.label), plain(node.detail or node.kind.replace("-", " "))
    severity = node.severity.value if node.severity else ""
    kind = node.kind.replace("-", " ")
    kind = "" if kind == detail.lower() else kind
    words = ", ".join(part for part in (label, kind, detail, severity) if part)
    more = " more" if node.id.startswith("more:") else ""
    middle = box.y + box.height / 2
    yield (
        f'<g class="node {severity}{more}" data-id="{_text(node.id)}"><title>{_text(words)}</title>'
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(WIDTH)}" height="{_n(box.height)}" rx="6"/>'
    )
    room = WIDTH - 2 * _PAD
    alone = detail.lower() == label.lower()
    line = middle + 5 if alone and not severity else middle - 4
    yield f'<text class="name" x="{_n(box.x + _PAD)}" y="{_n(line)}">{_shown(label, room, _LABEL_EM)}</text>'
    if severity:
        width = _width(severity, _SMALL_EM) + 10
        right = box.x + WIDTH - 8
        yield f'<rect class="stripe" x="{_n(box.x)}" y="{_n(box.y)}" width="5" height="{_n(box.height)}" rx="2"/>'
        place = f'x="{_n(right - width)}" y="{_n(middle + 2)}" width="{_n(width)}" height="16"'
        yield f'<rect class="badge" {place} rx="3"/>'
        yield f'<text class="word" x="{_n(right - width / 2)}" y="{_n(middle + 14)}">{_text(severity)}</text>'
        room -= width
    below = "" if alone else _shown(detail, room, _SMALL_EM)
    yield f'<text class="detail" x="{_n(box.x + _PAD)}" y="{_n(middle + 14)}">{below}</text></g>'


def _edge(piece: Piece, placed: Layout) -> str:
    x1 = piece.source.x + WIDTH
    y1, y2 = piece.source.y + piece.start, piece.target.y + piece.end
    x3 = piece.target.x
    x2 = x3 - placed.runs[piece.target.layer] if piece.last else x3
    middle = (x1 + x2) / 2
    path = f"M{_n(x1)} {_n(y1)}C{_n(middle)} {_n(y1)} {_n(middle)} {_n(y2)} {_n(x2)} {_n(y2)}"
    path += f"H{_n(x3 - 6 if piece.last else x3 + WIDTH)}"
    broken = " broken" if piece.edge.broken else ""
    drawn = f'<path class="edge{broken}" d="{path}"/>'
    if not piece.last:
        return drawn
    drawn += (
        f'<path class="arrow{broken}" d="M{_n(x3 - 8)} {_n(y2 - 4)}L{_n(x3 - 1)} {_n(y2)}L{_n(x3 - 8)} {_n(y2 + 4)}z"/>'
    )
    for number, line in enumerate(reversed(piece.lines)):
        place = f'x="{_n(x3 - 14)}" y="{_n(y2 - 4 - LINE * number)}"'
        title = f"<title>{_text(line)}</title>"
        drawn += f'<text class="edge-label{broken}" {place}>{title}{_shown(plain(line), _EDGE_LABEL, _SMALL_EM)}</text>'
    return drawn


def _shown(text: str, room: float, em: float) -> str:
    return _text(_fit(text, room, em))


def _fit(text: str, room: float, em: float) -> str:
    """The text, cut with an ellipsis in its middle where it is wider than `room`: names differ at both ends."""
    if _width(text, em) <= room:
        return text
    most = int(room / (em * _NARROW)) + 1  # letters that could find room at all: a name may have thousands
    head, tail = min((len(text) + 1) // 2, most), min(len(text) // 2, most)
    while head + tail > 1 and _width(f"{text[:head]}…{text[len(text) - tail :]}", em) > room:
        head, tail = (head - 1, tail) if head > tail else (head, tail - 1)
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _width(text: str, em: float) -> float:
    """How wide text is at most, in pixels."""
    return em * sum(_IDEOGRAPH if unicodedata.east_asian_width(letter) in "WF" else _letter(letter) for letter in text)


def _letter(letter: str) -> float:
    if letter in "iljt.,:;'|!()[] /-":
        return _NARROW
    return _BROAD if letter in "mwMW@%—…" else _CAPITAL if letter.isupper() else _ADVANCE


def _text(text: str) -> str:
    return escape(plain(text), quote=True)


def _n(number: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")
