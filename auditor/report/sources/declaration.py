"""A resource declaration found in a file."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report.model import Place


@dataclass(frozen=True, slots=True)
class Declaration:
    """A resource that a file declares. Only what the file says for certain is here."""

    type_key: str
    """The ARM type, lower-cased."""
    name: str
    """The full name, lower-cased, a child's as `parent/child`; "" where the file computes it."""
    place: Place
    """The line of the declaration."""
    service: str = ""
    """Value of its `azd-service-name` tag, where that is written out."""
    resource_id: str = ""
    """The lower-cased ARM id, where a Terraform state tells it."""


def line_place(uri: str, text: str, offset: int) -> Place:
    """The whole line of `text` that holds `offset`."""
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[begin : end if end >= 0 else len(text)].rstrip("\r")
    number = text.count("\n", 0, begin) + 1
    indent = len(line) - len(line.lstrip())
    return Place(uri, number, indent + 1, number, max(len(line), indent + 1) + 1)
