"""What collection recognises is asked for: no kind of secret is found and then judged by nobody."""

from __future__ import annotations

import re
from functools import cache

import pytest

from auditor.rules.loader import load_rules
from auditor.secrets.values import SecretKind

NO_FINDING = {
    SecretKind.APPLICATION_INSIGHTS: "writes telemetry alone; `appinsights-local-auth` asks whether it is accepted",
    SecretKind.APP_CONFIGURATION_REFERENCE: "is read with the app's identity",
    SecretKind.CONNECTION_STRING: "holds no password",
    SecretKind.URL: "holds no signature, code or password",
    SecretKind.PLAIN: "may be anything",
    SecretKind.EMPTY: "is nothing",
    SecretKind.TOO_DEEP: "was not looked at",
    SecretKind.MASKED: "was hidden by the service itself",
}


@cache
def _asked() -> dict[str, set[str]]:
    """Kinds that a rule compares a mark's kind with, by rule."""
    found: dict[str, set[str]] = {}
    for rule in load_rules().rules:
        text = str(rule.definition)
        if "$secret" in text and not rule.deprecated:
            found[rule.id] = set(re.findall(r"'([a-z-]+)'", text)) & {kind.value for kind in SecretKind}
    return found


@pytest.mark.parametrize("kind", sorted(set(SecretKind) - set(NO_FINDING)))
def test_a_kind_that_collection_recognises_is_judged(kind: SecretKind):
    assert any(kind.value in kinds for kinds in _asked().values())


def test_every_kind_of_credential_is_judged_in_settings_strings_and_named_values():
    asked = _asked()
    secrets = set(SecretKind) - set(NO_FINDING) - {SecretKind.KEY_VAULT_REFERENCE}
    settings = [rule for rule in asked if rule.startswith("app-") and rule != "app-connection-string-key"]

    assert {kind.value for kind in secrets} <= asked["apim-named-value-in-plain-text"]
    assert {kind.value for kind in secrets} <= set().union(*(asked[rule] for rule in settings))
