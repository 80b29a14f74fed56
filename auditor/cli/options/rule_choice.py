"""Which rules run, from the options that choose them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cli.terminal.messages import note
from auditor.errors import ConfigError

if TYPE_CHECKING:
    from auditor.api import RuleChoice
    from auditor.cli.options.declared import SeverityName


def choose_rules(
    paths: Sequence[Path] | None,
    no_builtin: bool,
    select: Sequence[str] | None,
    ignore: Sequence[str] | None,
    frameworks: Sequence[str] | None,
    min_severity: SeverityName | None,
    policy_parameters: Path | None,
    overrides: Sequence[Path] | None = None,
) -> RuleChoice:
    """The rules that the options leave, given as typer gives them; see `auditor.api.choose_rules`."""
    from auditor import api
    from auditor.rules.model import Severity

    choice = api.choose_rules(
        paths or (),
        builtin=not no_builtin,
        select=select or (),
        ignore=ignore or (),
        frameworks=frameworks or (),
        min_severity=Severity(min_severity.value) if min_severity else None,
        policy_parameters=_parameters(policy_parameters),
        overrides=overrides or (),
    )
    for text in choice.notes:
        note(text)
    return choice


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
