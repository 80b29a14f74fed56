"""Policies of API Management as trees: what is no XML is read, what would make a parser work hard is refused."""

from __future__ import annotations

import time

import pytest

from auditor.facts.api.policy_text import UnreadablePolicyError, parse_policy

RAW = (
    "<policies><inbound><base /><choose>"
    '<when condition="@(context.Request.Headers.GetValueOrDefault("x","") == "a)" && 1 < 2)">'
    "<set-header name='n' exists-action='override'><value>@{ var l = new List<string>(); "
    'if (l.Count < 3) { return "</value>}"; } /* } */ return @"a""b)"; }</value></set-header>'
    "</when></choose><!-- <validate-jwt/> -- odd --></inbound></policies>"
)


def test_expressions_with_quotes_and_brackets_of_their_own_are_kept_whole() -> None:
    root = parse_policy(RAW)

    assert [element.tag for element in root.iter()] == [
        "policies", "inbound", "base", "choose", "when", "set-header", "value",
    ]  # fmt: skip
    condition, text = root.find(".//when"), root.find(".//value")
    assert condition is not None
    assert condition.get("condition", "").endswith('== "a)" && 1 < 2)')
    assert text is not None
    assert str(text.text).endswith('return @"a""b)"; }')


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('<a b="@(x[&quot;y)&quot;])" />', '@(x["y)"])'),
        ("<a b='@(c == \\')\\')' />".replace("\\'", '"'), '@(c == ")")'),
        ("<a b=\"@(c == ')')\" />", "@(c == ')')"),
        ('<a b="1 & 2 < 3" />', "1 & 2 < 3"),
        ('<a b="&amp;" />', "&"),
        ("\ufeff<?xml version='1.0'?><a b='{{name}}'></a>", "{{name}}"),
        ('<a b="@($secret(plain:00ff) + "x")" />', '@($secret(plain:00ff) + "x")'),
    ],
)
def test_an_attribute(text: str, value: str) -> None:
    from auditor.facts.api.policy_text import plain

    assert plain(parse_policy(text).get("b")) == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type or entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type or entities"),
        ("<a>" * 5000 + "</a>" * 5000, "nested more than 100 deep"),
        ("<a>" + "x" * 1_000_001 + "</a>", "1,000,008 characters"),
        ('<a b="@(' + "(" * 300_000 + '" />', "no end"),
        ('<a b="@(' + '"' * 300_001 + '" />', "no end"),
        ("<a>" + "@(" * 200_000 + "</a>", "no end"),
        ("<a>" + "<!--" * 100_000, "no end"),
        ("<a" + " b" * 100_000 + ">", "no value in quotes"),
        ("<a><b></a></b>", "cannot be followed"),
        ("", "cannot be followed"),
        ("no element at all", "cannot be followed"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    began = time.monotonic()

    with pytest.raises(UnreadablePolicyError, match=why):
        parse_policy(text)

    assert time.monotonic() - began < 10
