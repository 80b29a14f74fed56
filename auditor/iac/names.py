"""Declarations under the names that they can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from auditor.expressions.evaluate import get
from auditor.expressions.partial import Shape, alternatives
from auditor.iac.declaration import Declaration

_SERVICE, _TRACE = "azd-service-name", "yor_trace"


def named(declaration: Declaration, name: Any, tags: Any = None) -> Iterator[Declaration]:
    """The declaration under each name, in full, that it can have; without one where none is certain."""
    service, trace = (_tag(tags, one) for one in (_SERVICE, _TRACE))
    tagged = replace(declaration, service=service, trace=trace)
    levels = declaration.type_key.count("/") - 1
    found = False
    for one in alternatives(name):
        if isinstance(one, str) and one and one.count("/") == levels:
            found = True
            yield replace(tagged, name=one.lower())
        elif isinstance(one, Shape) and one.known.strip("/-_") and one.known.count("/") == levels:
            found = True
            yield replace(tagged, pattern=one.pattern)
    if not found and (service or trace):
        yield tagged


def _tag(tags: Any, name: str) -> str:
    value = get(tags, name) if tags is not None else None
    return value if isinstance(value, str) else ""
