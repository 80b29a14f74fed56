"""Only reads leave, and only to the service that the token is for."""

from __future__ import annotations

import json

import pytest

from auditor.azure.guard import is_read, origin_of

SUB = "https://arm.example/subscriptions/1"
SITE = f"{SUB}/resourceGroups/rg/providers/Microsoft.Web/sites/app"


def _batch(*requests: object) -> bytes:
    return json.dumps({"requests": list(requests)}).encode()


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"{SUB}/providers/Microsoft.Storage/storageAccounts", None),
        ("HEAD", SUB, None),
        ("POST", "https://arm.example/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01", b"{}"),
        ("POST", f"{SITE}/config/appsettings/list?api-version=2024-04-01", None),
        ("POST", f"{SITE}/slots/blue/config/connectionstrings/list", None),
        ("POST", f"{SUB}/providers/Microsoft.PolicyInsights/policyStates/latest/summarize", None),
        ("POST", "https://graph.example/v1.0/$batch", _batch({"id": "1", "method": "GET", "url": "/groups/1"})),
        ("POST", "https://graph.example/beta/$batch", _batch({"id": "1", "method": "GET", "url": "/groups/1"})),
    ],
)
def test_reads_pass(method: str, url: str, body: bytes | None) -> None:
    assert is_read(method, url, body)


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PUT", SITE, b"{}"),
        ("PATCH", SITE, b"{}"),
        ("DELETE", SITE, None),
        ("POST", f"{SUB}/providers/Microsoft.Storage/register", None),
        ("POST", f"{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/st/listKeys", None),
        ("POST", f"{SITE}/config/publishingcredentials/list", None),
        ("POST", f"{SITE}/config/appsettings/list/more", None),
        ("POST", f"{SITE}/restart?x=/config/appsettings/list", None),
        ("POST", f"{SITE}/../evil/config/appsettings/list", None),
        ("POST", f"{SITE}/restart%2fconfig/appsettings/list", None),
        ("POST", "https://graph.example/v1.0/$batch", _batch({"id": "1", "method": "DELETE", "url": "/groups/1"})),
        ("POST", "https://graph.example/beta/$batch", _batch({"id": "1", "method": "DELETE", "url": "/groups/1"})),
        (
            "POST",
            "https://graph.example/v1.0/$batch",
            _batch({"id": "1", "method": "GET", "url": "/groups"}, {"id": "2", "method": "PATCH", "url": "/groups/1"}),
        ),
        (
            "POST",
            "https://graph.example/v1.0/$batch",
            _batch({"id": "1", "method": "GET", "url": "https://evil.example/"}),
        ),
        ("POST", "https://graph.example/v1.0/$batch", _batch()),
        ("POST", "https://graph.example/v1.0/$batch", b"not json"),
        ("POST", "https://graph.example/v1.0/applications", b"{}"),
    ],
)
def test_everything_else_is_refused(method: str, url: str, body: bytes | None) -> None:
    assert not is_read(method, url, body)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://arm.example/a", "https://ARM.example:443/b?c", True),
        ("https://arm.example", "http://arm.example", False),
        ("https://arm.example", "https://arm.example:8443", False),
        ("https://arm.example", "https://arm.example.evil.example", False),
    ],
)
def test_origins(one: str, other: str, same: bool) -> None:
    assert (origin_of(one) == origin_of(other)) is same


@pytest.mark.parametrize("url", ["/path", "ftp://arm.example", "https://arm.example@evil.example/", "https:///x", ""])
def test_no_origin(url: str) -> None:
    with pytest.raises(ValueError, match="absolute HTTP address"):
        origin_of(url)
