"""A picture as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.evaluate.model import Node, Picture
from auditor.rules.model import Severity

_SHAPES = {
    "internet": ("([", "])"),
    "public-ip": ("(", ")"),
    "machine": ("[[", "]]"),
    "scale-set": ("[[", "]]"),
    "key-vault": ("[(", ")]"),
}
"""Brackets of the kinds that look different from a plain box."""

_STYLES: Mapping[Severity, str] = {
    Severity.CRITICAL: "fill:#f9d0d0,stroke:#a4262c,stroke-width:3px",
    Severity.HIGH: "fill:#fbe3d2,stroke:#ca5010,stroke-width:2px",
    Severity.MEDIUM: "fill:#fdf3cf,stroke:#986f0b",
    Severity.LOW: "fill:#e5f1fb,stroke:#005a9e",
    Severity.INFO: "fill:#f3f2f1,stroke:#605e5c",
}


def render_mermaid(picture: Picture) -> str:
    """The picture as Mermaid text, from left to right; labels are escaped, so that no name can change the graph."""
    names = {node.id: f"n{number}" for number, node in enumerate(picture.nodes)}
    lines = ["---", f"title: {_quoted(picture.title)}", "---", "flowchart LR"]
    lines += [f"  %% {_one_line(picture.caption)}"]
    lines += [f"  {names[node.id]}{_box(node)}" for node in picture.nodes]
    for edge in picture.edges:
        arrow = "-.-x" if edge.broken else "-->"
        label = f'|"{escaped(edge.label)}"|' if edge.label else ""
        lines.append(f"  {names[edge.source]} {arrow}{label} {names[edge.target]}")
    for severity, style in _STYLES.items():
        marked = [names[node.id] for node in picture.nodes if node.severity is severity]
        if marked:
            lines += [f"  classDef {severity.value} {style}", f"  class {','.join(marked)} {severity.value}"]
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    start, end = _SHAPES.get(node.kind, ("[", "]"))
    # Mermaid refuses an empty label.
    text = (escaped(node.label) or "#32;") + (f"<br/>{escaped(node.detail)}" if node.detail else "")
    return f'{start}"{text}"{end}'


def escaped(text: str) -> str:
    """Text for inside a quoted label: what has a meaning to Mermaid or HTML as its entity code.

    https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    """
    return "".join(_entity(character) for character in text)


def _entity(character: str) -> str:
    if character in '"#%&<>;`|\\' or not character.isprintable():
        return f"#{ord(character)};"
    return character


def _one_line(text: str) -> str:
    """Text for a comment: on one line, and without the braces of a directive."""
    return "".join(character if character.isprintable() and character not in "{}" else " " for character in text)


def _quoted(text: str) -> str:
    return '"' + _one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
