"""Text that cannot do harm where it is shown, and words for people."""

from __future__ import annotations

import pytest

from auditor.evaluate.model import Subject
from auditor.inventory.model import Gap
from auditor.report.remedies import fill_command, fill_names
from auditor.report.text import count, first_sentence, gap_remedy, paragraphs, plain, portal_link, value_words
from tests.report.samples import STORAGE, arm_id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("storage", "storage"),
        ("日本語 ünï", "日本語 ünï"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("\x9b31m", "\ufffd31m"),
        ("abc\u202ecba", "abc\ufffdcba"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("\x1b]8;;https://evil.example\x1b\\", "\ufffd]8;;https://evil.example\ufffd\\"),
    ],
)
def test_text_is_made_harmless(text: str, shown: str):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not set"),
        (True, "true"),
        ("", '""'),
        ("TLS1_0", "TLS1_0"),
        (7, "7"),
        ([], "[]"),
        (["a", "b"], '["a", "b"]'),
        ({"x": None}, '{"x": null}'),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_values_are_worded(value: object, words: str):
    assert value_words(value) == words


def test_counts_and_sentences():
    assert count(1, "rule") == "1 rule"
    assert count(1200, "rule") == "1,200 rules"
    assert count(2, "property", "properties") == "2 properties"
    assert first_sentence("Use TLS 1.2. Clients must follow.") == "Use TLS 1.2."


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "AuthorizationFailed", "Microsoft.KeyVault/vaults", "Grant Reader"),
        (403, "Authorization_RequestDenied", "Microsoft.Graph/applications", "Microsoft Graph permission"),
        (429, "TooManyRequests", "Microsoft.KeyVault/vaults", "fewer subscriptions"),
        (503, "ServiceUnavailable", "Microsoft.KeyVault/vaults", "run again later"),
        (None, "NotInExport", "Microsoft.KeyVault/vaults", "auditor collect"),
        (None, "Unreachable", "Microsoft.KeyVault/vaults", "Check the network"),
    ],
)
def test_every_gap_says_what_to_do(status: int | None, code: str, kind: str, words: str):
    assert words in gap_remedy(Gap("/", kind, "GET", status, code))


def subject(name: str) -> Subject:
    return Subject(arm_id(STORAGE.resource[0], name), STORAGE.resource[0], name, "sub", "rg-app", "westeurope")


def test_the_portal_link_names_tenant_and_resource_and_graph_objects_have_none():
    link = portal_link("https://portal.azure.us", subject("st 1"), "contoso")

    assert link.startswith("https://portal.azure.us/#@contoso/resource/subscriptions/")
    assert link.endswith("/st%201")
    assert portal_link("https://portal.azure.com", Subject("2c4f", "Microsoft.Graph/applications", "app")) == ""


def test_a_name_that_a_shell_would_act_on_stays_a_placeholder_in_commands():
    template = "az storage account update -n {name} -g {resource_group} --query '{a: b}'"

    assert fill_command(template, subject("st1")) == "az storage account update -n st1 -g rg-app --query '{a: b}'"
    assert "{name}" in fill_command(template, subject("$(reboot)"))
    assert fill_names("Close {name}.", subject("$(reboot)")) == "Close $(reboot)."


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("one\ntwo\n  three", "one two three"),
        ("one\n\ntwo\nthree", "one\n\ntwo three"),
        ("do:\n- this\n- that", "do:\n- this\n- that"),
        ("do:\n1. this\n2. that", "do:\n1. this\n2. that"),
    ],
)
def test_lines_wrapped_in_a_rule_file_are_joined(written: str, meant: str):
    assert paragraphs(written) == meant
