"""Rules with conditions written by hand, so that the evaluator is tested on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from auditor.rules.model import Context, DataNeeds, Evidence, Rule, Severity, Truth


@dataclass(frozen=True)
class Verdicts:
    """A condition that answers by the resource's name."""

    by_name: dict[str, Truth] = field(default_factory=dict)
    default: Truth = False
    needs: DataNeeds = field(default_factory=DataNeeds)

    def evaluate(self, context: Context) -> Truth:
        return self.by_name.get(context.resource.name, self.default)

    def explain(self, context: Context) -> Sequence[Evidence]:
        return [Evidence("name", context.resource.name, "another name")]


@pytest.fixture
def verdicts() -> type[Verdicts]:
    return Verdicts


@pytest.fixture
def rule() -> Callable[..., Rule]:
    def make(rule_id: str = "storage-named-badly", **more: Any) -> Rule:
        values: dict[str, Any] = {
            "title": f"Title of {rule_id}",
            "severity": Severity.HIGH,
            "topic": "private-link",
            "resource": ("Microsoft.Storage/storageAccounts",),
            "fail_if": Verdicts(),
        }
        return Rule(id=rule_id, **{**values, **more})

    return make
