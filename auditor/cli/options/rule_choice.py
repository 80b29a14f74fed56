"""Which rules run, from the options that choose them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.terminal.messages import note
from auditor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from auditor.cli.options.declared import SeverityName
    from auditor.rules.model import Framework, Rule


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """The chosen rules."""

    rules: tuple[Rule, ...]
    notices: tuple[str, ...]
    """What the user should know of rules that do not run."""
    partial: bool
    """Whether rules were left out by the options."""
    framework_names: tuple[str, ...] = ()
    """The frameworks that were asked for; none where all are meant."""
    own_frameworks: tuple[Framework, ...] = ()
    """Those that are the user's own, policy initiatives included."""
    total: int = 0
    """How many rules there are to choose from."""

    @property
    def frameworks(self) -> tuple[Framework, ...]:
        """The frameworks to report on, with all their controls where these are listed."""
        from auditor.rules.framework_choice import frameworks_of

        return frameworks_of(self.framework_names, self.own_frameworks, self.rules)

    def frameworks_for(self, formats: Sequence[str]) -> tuple[Framework, ...]:
        """The frameworks, where one of these report formats shows every control; other runs need not read the lists."""
        return self.frameworks if "html" in formats else ()

    @property
    def types(self) -> frozenset[str]:
        """Type keys that must be collected to judge by these rules, those of the facts they ask for included."""
        from auditor.facts.registry import needs_of

        needed: set[str] = set()
        for rule in self.rules:
            needed |= rule.needs.types | needs_of(rule.needs.facts, rule.needs.types)
        return frozenset(needed)


def choose_rules(
    paths: Sequence[Path] | None,
    no_builtin: bool,
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    frameworks: Sequence[str] | None,
    min_severity: SeverityName | None,
    policy_parameters: Path | None,
) -> RuleChoice:
    """The rules that the options leave, given as typer gives them; deprecated rules never run.

    Raises RuleError for rules that cannot be loaded and UsageError where nothing is left to run.
    """
    from auditor.rules.framework_choice import choose_frameworks
    from auditor.rules.loader import load_rules
    from auditor.rules.model import Severity
    from auditor.rules.selection import select_rules

    catalogue = load_rules(paths or (), builtin=not no_builtin, policy_parameters=_parameters(policy_parameters))
    wanted = choose_frameworks(frameworks or (), catalogue.rules, catalogue.frameworks)
    for text in wanted.notes:
        note(text)
    live = tuple(rule for rule in wanted.rules if not rule.deprecated)
    chosen = select_rules(
        live,
        select=select or (),
        ignore=ignore or (),
        frameworks=wanted.names,
        min_severity=Severity(min_severity.value) if min_severity else None,
    )
    if not chosen:
        raise UsageError("no rule is left to run", remedy="Loosen --select, --ignore, --framework or --min-severity.")
    partial = no_builtin or len(chosen) < len(live)
    return RuleChoice(chosen, catalogue.notices, partial, wanted.names, wanted.own, len(live))


def _parameters(path: Path | None) -> dict[str, object] | None:
    if path is None:
        return None
    import json

    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"is not JSON: {error}", subject=str(path)) from error
    if not isinstance(values, dict):
        raise ConfigError("is not a JSON object", subject=str(path), remedy='Write {"parameterName": {"value": ...}}.')
    return values
