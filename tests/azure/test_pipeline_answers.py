"""What an answer says: its code and words, how long to wait, and whether it is worth another try."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from auditor.azure.answers import Trouble, error_of, one_line, quota_resets_after, read_answer, retry_after
from auditor.azure.tokens import challenge_claims


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": "AuthorizationFailed", "message": "no"}}, ("AuthorizationFailed", "no")),
        ({"code": "NotFound", "message": "gone"}, ("NotFound", "gone")),
        ({"Code": "Forbidden", "Message": "site"}, ("Forbidden", "site")),
        ({"error": "invalid_grant", "error_description": "AADSTS700"}, ("invalid_grant", "AADSTS700")),
        ({"odata.error": {"code": "X", "message": {"lang": "en", "value": "old"}}}, ("X", "old")),
        (
            {"error": {"code": "BadRequest", "message": "support", "details": [{"message": "query is wrong"}]}},
            ("BadRequest", "support query is wrong"),
        ),
        ({"error": None}, ("", "")),
        ([], ("", "")),
        (None, ("", "")),
        ({"error": {"code": 17, "message": None}}, ("17", "")),
    ],
)
def test_error_bodies(body: Any, expected: tuple[str, str]) -> None:
    assert error_of(body) == expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ms-user-quota-resets-after": "00:00:04"}, 4.0),
        ({"x-ms-user-quota-resets-after": "01:01:01.5"}, 3661.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_how_long_to_wait_until_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert 85 < (retry_after({"retry-after": format_datetime(moment, usegmt=True)}) or 0) <= 90
    assert retry_after({"retry-after": format_datetime(moment - timedelta(hours=1), usegmt=True)}) == 0


@pytest.mark.parametrize("value", ["", "4", "a:b:c", "1:2"])
def test_a_quota_without_sense(value: str) -> None:
    assert quota_resets_after({"x-ms-user-quota-resets-after": value}) is None


@pytest.mark.parametrize(
    ("status", "body", "transient"),
    [
        (403, b"", False),
        (404, b"{}", False),
        (400, b"{}", False),
        (409, json.dumps({"error": {"code": "RetryableErrorDueToAnotherOperation"}}).encode(), True),
        (409, json.dumps({"error": {"code": "Conflict"}}).encode(), False),
        (429, b"", True),
        (502, b"<html>", True),
        (200, b"", True),
        (200, b"<?xml?>", True),
        (302, b"", False),
    ],
)
def test_what_is_worth_another_try(status: int, body: bytes, transient: bool) -> None:
    trouble = read_answer(status, {}, body)
    assert isinstance(trouble, Trouble)
    assert trouble.transient is transient
    assert trouble.code


def test_a_resource_that_has_a_property_error_is_no_error() -> None:
    body = {"id": "/subscriptions/1", "error": {"code": "Expired"}}
    assert not isinstance(read_answer(200, {}, json.dumps(body).encode()), Trouble)


def test_tokens_are_taken_out_of_words() -> None:
    assert "secret" not in one_line("https://x/?sv=1&sig=secret%3D&se=2")
    assert "abc" not in one_line("Authorization: Bearer abc")
    key = "Zk3" * 28 + "Ab=="
    assert key not in one_line(f"The storage key '{key}' of account st1 is not valid")
    assert "Sw0rdfish" not in one_line("Login failed: Server=s;Password=Sw0rdfish;")
    assert one_line("Resource /subscriptions/x/y was not found") == "Resource /subscriptions/x/y was not found"


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ('Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="', '{"a":1}'),
        ('Bearer error="insufficient_claims", claims="eyJhIjoxfQ"', '{"a":1}'),
        ('Bearer error="invalid_token"', None),
        ('Bearer error="insufficient_claims", claims="%%%"', None),
        ("", None),
    ],
)
def test_claims_challenges(header: str, claims: str | None) -> None:
    assert challenge_claims(header) == claims
