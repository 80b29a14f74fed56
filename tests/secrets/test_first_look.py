"""The first look never lets a body by that the walk would change."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.secrets.first_look import FirstLook
from auditor.secrets.names import PROSE, SECRET_NAMES, VALUE_KEYS
from auditor.secrets.places import _PLACES
from auditor.secrets.redactor import Redactor
from auditor.snapshot.demo import open_demo

_ID = "/subscriptions/1a5f6c10-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Web/sites/"
_KEY = "x7Kq" * 19 + "+AStAbCdEQ=="
_RANDOM = "aB3dE5gH7jK9mN1pQ2"
TEXTS = (
    *('W/"1a5f6c10-0000-4000-8000-000000000001"', '"W/"ab""', 'W/"ab"password=hunter2', "enableRbacAuthorization"),
    *(
        "Enabled",
        "westeurope",
        "TLS1_2",
        "",
        "tags",
        "value",
        "a:b",
        "}}]]",
        "naïve",
        'a"b',
        "a\\b",
        "\u212aey",
        "key\n",
    ),
    *(_KEY, _RANDOM, f"see {_RANDOM} there", "A1b2" * 22 + "==", "ghp_" + "a1" * 18, "AKIA" + "A" * 16, "a2" * 26),
    *(
        "Password=hunter2!",
        "https://u:hunter22@h/x",
        "?sig=abc%2F",
        "Basic dXNlcjpwYXNz",
        "token: abcdef12",
        "-u me:abc1",
    ),
    *("pwd is: a1b2c3", "password:abcd1", "@equals('s3cr3tpass', 1)", f"[concat('{_RANDOM}')]", "text @{concat('x')}"),
    *(_ID + "app", _ID + _KEY, _ID + "db-password", "securestring", "https://v.vault.azure.net/secrets/a", "8Q~" * 20),
    *("-----BEGIN PRIVATE KEY-----", "eyJhbGciOi.eyJzdWIi.c2ln", "https://hooks.slack.com/services/T0/B0/abcdefgh"),
)
NAMES = (
    *("enableRbacAuthorization", "etag"),
    *(
        "properties",
        "name",
        "type",
        "id",
        "key",
        "tags",
        "Tags",
        "TAGS",
        "tAgs",
        "settings",
        "protectedSettings",
        "expression",
    ),
    *(
        "definition",
        "actions",
        "inputs",
        "config",
        "parameters",
        "dbPassword",
        "api key",
        "x-token",
        "backup-key",
        "hash",
    ),
    *(
        *PROSE,
        *sorted(SECRET_NAMES)[:20],
        *VALUE_KEYS,
        _ID + "a",
        "a/very long/" + _KEY,
        "connectionStr",
        "$secret",
        "kind",
    ),
)
TYPES = (*_PLACES, "microsoft.x/y", "microsoft.apimanagement/service/policies", "microsoft.network/virtualnetworks")
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=12), st.tuples(*[st.sampled_from(TEXTS)] * 2).map(" ".join))
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=6))
scalars = st.one_of(
    texts, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False), st.just(2**70)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


class _Never(FirstLook):
    def is_plain(self, *_: Any) -> bool:
        return False


def _walked(type_key: str, body: Any) -> str:
    redactor = Redactor(b"key")
    redactor._look = _Never()
    return json.dumps(redactor.redact(type_key, body))


def _at(place: str, value: Any) -> Any:
    """A body with a value at a place for secrets."""
    for step in reversed(place.replace("[*]", ".[]").split(".")):
        value = [value] if step == "[]" else {"any" if step in ("*", "**") else step: value}
    return value


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(TYPES), st.dictionaries(names, values, max_size=5))
@example("microsoft.x/y", {"id": _ID + "a", "name": "a", "tags": {"owner": _RANDOM}})
@example("microsoft.x/y", {"id": _ID + "a", "properties": {"a": {"dbPassword": 5}, ",": ":"}})
def test_what_the_walk_changes_is_never_let_by(type_key: str, body: dict[str, Any]):
    look = FirstLook()
    for _ in range(2):  # the second time with what it remembers
        if look.is_plain(type_key, body):
            assert _walked(type_key, body) == json.dumps(body)


@pytest.mark.parametrize(("type_key", "place"), [(kind, place) for kind, all_ in _PLACES.items() for place in all_])
def test_no_place_for_secrets_is_let_by(type_key: str, place: str):
    body = _at(place, "hunter2")
    assert not FirstLook().is_plain(type_key, {"id": _ID + "a", "name": "a", **body})


@pytest.mark.parametrize("depth", [90, 100, 101, 130])
def test_nesting_counts_as_the_walk_counts_it(depth: int):
    body: Any = "x"
    for _ in range(depth):
        body = {"a": body}
    if FirstLook().is_plain("microsoft.x/y", body):
        assert _walked("microsoft.x/y", body) == json.dumps(body)


def test_etags_and_switches_need_no_walk():
    body = {"id": _ID + "a", "etag": 'W/"1a5f6c10-0000-4000-8000-000000000001"'}
    assert FirstLook().is_plain("microsoft.x/y", body | {"properties": {"enableRbacAuthorization": True}})
    assert not FirstLook().is_plain("microsoft.x/y", body | {"properties": {"enableRbacAuthorization": "x"}})


def test_most_bodies_need_no_walk():
    bodies = [one for one in open_demo().inventory if "/providers/" in one.id]
    look = FirstLook()
    assert sum(look.is_plain(one.type_key, one.body) for one in bodies) > len(bodies) / 2


def test_secrets_are_told_the_same_after_a_look():
    redactor = Redactor(b"key")
    for one in open_demo().inventory:
        found = redactor.redact(one.type_key, one.body)
        assert json.dumps(found) == _walked(one.type_key, one.body)
