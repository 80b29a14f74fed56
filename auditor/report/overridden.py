"""What a user has set in a rule, as every JSON of ours says it."""

from __future__ import annotations

from typing import Any

from auditor.rules.model import Overridden


def overridden_entry(overridden: Overridden) -> dict[str, Any]:
    """What a user has set in a rule, as values."""
    return {
        "severity": overridden.severity.value if overridden.severity else None,
        "parameters": {
            name: {"default": default, "value": value} for name, (default, value) in overridden.parameters.items()
        },
        "reasons": list(overridden.reasons),
        "sources": list(overridden.sources),
    }
