"""Policies of the format `rawxml`: quotes and signs of C# stay, what is secret goes, and rules can judge the rest."""

from __future__ import annotations

import time

import pytest

from auditor import api
from auditor.secrets.redactor import Redactor

KIND = "Microsoft.ApiManagement/service/apis/policies"
CHECKED = (
    '<validate-jwt header-name="Authorization" require-signed-tokens="true" '
    'failed-validation-error-message="@(context.Variables.GetValueOrDefault<string>("msg", "no"))">'
    '<openid-config url="https://login.microsoftonline.com/t/v2.0/.well-known/openid-configuration" />'
    "<audiences><audience>orders</audience></audiences><issuers><issuer>i</issuer></issuers></validate-jwt>"
)


def policy(inbound: str) -> dict[str, object]:
    place = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.ApiManagement"
    text = f"<policies><inbound><base />{inbound}</inbound><backend><base /></backend></policies>"
    inner = {"format": "rawxml", "value": text}
    return {
        "id": f"{place}/service/apim/apis/orders/policies/policy",
        "name": "policy",
        "type": KIND,
        "properties": inner,
    }


def kept(inbound: str) -> str:
    found = Redactor(b"key").redact(KIND.lower(), policy(inbound))["properties"]["value"]
    assert isinstance(found, str)
    return found


def test_a_check_of_the_token_survives_the_quotes_of_an_expression():
    assert "<validate-jwt " in kept(CHECKED)
    assert "<audience>orders</audience>" in kept(CHECKED)


@pytest.mark.parametrize(
    ("inbound", "secret"),
    [
        (
            '<choose><when condition="@(context.Request.Headers.GetValueOrDefault("K","") == "Sword77fishABCdef9")">'
            "<base /></when></choose>",
            "Sword77fishABCdef9",
        ),
        (
            '<set-header name="Authorization" exists-action="override"><value>@("Basic " + "dXNlcjpTd29yZDc3ZmlzaA==")'
            "</value></set-header>",
            "dXNlcjpTd29yZDc3ZmlzaA",
        ),
        (
            '<set-variable name="k" value="@{ if (1 < 2) { return "Sword77fishABCdef9"; } return ""; }" />',
            "Sword77fishABCdef9",
        ),
    ],
)
def test_a_secret_in_an_expression_goes(inbound: str, secret: str):
    assert secret not in kept(inbound + CHECKED)
    assert "<validate-jwt " in kept(inbound + CHECKED)


def test_a_rule_judges_what_is_left(tmp_path):
    import json

    path = tmp_path / "e.json"
    for require, wanted in (("true", "pass"), ("false", "fail")):
        body = policy(CHECKED.replace('require-signed-tokens="true"', f'require-signed-tokens="{require}"'))
        path.write_text(json.dumps([body]))
        source = api.open_source(path, assume_complete=True)
        report = api.audit(source, api.choose_rules(select=["apim-token-unsigned"]), keep_passed=True)
        assert [result.outcome.value for result in report.results if result.subject.id == body["id"]] == [wanted]


@pytest.mark.parametrize("text", ['="@(' * 50_000, '<a b="@{' + '"' * 100_000, '<a b="@("' * 20_000, ">@(" * 60_000])
def test_a_text_made_to_be_slow_is_not(text: str):
    body = {**policy(""), "properties": {"format": "rawxml", "value": text}}
    began = time.process_time()

    Redactor(b"key").redact(KIND.lower(), body)

    assert time.process_time() - began < 3
