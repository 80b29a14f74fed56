"""The condition language: Azure Policy's grammar, relations between resources, and three-valued logic.

`compile_condition` is the only entry. docs/rules.md describes the language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from auditor.rules.conditions.compiler import compile_node
from auditor.rules.conditions.fields import AliasResolver, AliasTarget
from auditor.rules.conditions.frame import Frame, Scope
from auditor.rules.conditions.nodes import Node
from auditor.rules.conditions.problems import ConditionErrors, ConditionProblem, Language
from auditor.rules.model import Context, DataNeeds, Evidence, Truth

__all__ = [
    "AliasResolver",
    "AliasTarget",
    "CompiledCondition",
    "ConditionErrors",
    "ConditionProblem",
    "Language",
    "compile_condition",
]


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition ready to be evaluated; implements `auditor.rules.model.Condition`."""

    node: Node
    needs: DataNeeds
    """What must be collected for it to be decidable."""
    made_by: tuple[Callable[..., CompiledCondition], tuple[Any, ...]] = field(compare=False, repr=False)
    """What made it, and of what: closures do not travel to another process, so it is made again there."""

    def __reduce__(self) -> tuple[Callable[..., CompiledCondition], tuple[Any, ...]]:
        return self.made_by

    def evaluate(self, context: Context) -> Truth:
        """True, False, or `Unknown` with its gaps."""
        return self.node.evaluate(Frame(context, context.resource))

    def explain(self, context: Context) -> Sequence[Evidence]:
        """The smallest set of leaf conditions that makes the condition what it is, each place once.

        `expected` words what keeps the condition from holding.
        """
        lines = self.node.explain(Frame(context, context.resource), failing=True)
        return list({(line.path, line.expected): line for line in lines}.values())


def compile_condition(
    node: Mapping[str, Any],
    *,
    language: Language = Language.RULE,
    aliases: AliasResolver | None = None,
    resource_types: Sequence[str] = (),
) -> CompiledCondition:
    """Compile a condition as its author wrote it.

    `resource_types` are the types of the resources that will be judged: children are found below them. `aliases` is
    needed for `Language.POLICY`. Raises ConditionErrors with every mistake.
    """
    scope = Scope(language=language, types=tuple(t.lower() for t in resource_types), aliases=aliases)
    compiled = compile_node(node, scope, ())
    if scope.problems:
        raise ConditionErrors(scope.problems)
    made_by = (_compile_again, (node, language, aliases, tuple(resource_types)))
    return CompiledCondition(compiled, reduce(DataNeeds.__or__, scope.needs, DataNeeds()), made_by)


def _compile_again(
    node: Mapping[str, Any], language: Language, aliases: AliasResolver | None, resource_types: Sequence[str]
) -> CompiledCondition:
    return compile_condition(node, language=language, aliases=aliases, resource_types=resource_types)
