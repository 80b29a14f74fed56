"""Literals in expressions: of workflows and pipelines (`@equals(...)`, `@{...}`) and of templates (`[concat(...)]`).

https://learn.microsoft.com/azure/logic-apps/workflow-definition-language-functions-reference
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from auditor.secrets.marks import inline
from auditor.secrets.signs import is_suspect, looks_made_up, looks_random

Marking = Callable[[str], Mapping[str, Any]]
"""What stands for one secret text."""

# Not `['name']`, which reads a property.
_LITERAL = re.compile(r"(?<!\[)'((?:[^']|''){4,4096})'")


def redact_expression(text: str, mark: Marking, *, compares: bool = False) -> Any:
    """The text with literals that show themselves as secrets replaced; with `compares` also those that look made up.

    A condition that compares with a literal can be a check of a key, and is then one of few places that hold it.
    """

    def clean(found: re.Match[str]) -> str:
        literal = found[1]
        if (
            is_suspect(literal)
            or any(looks_random(word.strip("/")) for word in literal.split())
            or (compares and looks_made_up(literal))
        ):
            return f"'{inline(mark(literal))}'"
        return found[0]

    if text[:1] in ("@", "[") or "@{" in text:
        return _LITERAL.sub(clean, text) if "'" in text else text
    return mark(text) if compares and looks_made_up(text) else text
