"""What is asked, of whom, and what the ledger says of it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from auditor.errors import CollectionError
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from tests.azure.scripted import (
    OTHER,
    SUB,
    Scripted,
    error,
    item,
    list_path,
    new_snapshot,
    raw,
    run,
    subscription,
)

NSG = "Microsoft.Network/networkSecurityGroups"
ACCOUNT = "Microsoft.Storage/storageAccounts"
BLOBS = f"{ACCOUNT}/blobServices"
VAULT = "Microsoft.KeyVault/vaults"
KEYS = f"{VAULT}/keys"
ACCOUNTS = list_path(ACCOUNT)
VAULTS = list_path(VAULT)


def _blob_path(name: str) -> str:
    return f"{item(ACCOUNT, name)['id']}/blobServices".lower()


def _blob(name: str) -> dict[str, Any]:
    return {
        "value": [
            {
                "id": f"{item(ACCOUNT, name)['id']}/blobServices/default",
                "name": "default",
                "type": BLOBS,
                "properties": {},
            }
        ]
    }


def test_only_what_is_wanted_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted()
    run(script, {NSG}, monkeypatch)
    assert [path.partition("?")[0] for _, path in script.asked] == [
        "/subscriptions",
        f"/subscriptions/{SUB}/providers/{NSG}",
    ]


def test_children_are_read_of_parents_that_can_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [item(ACCOUNT, "general", kind="StorageV2"), item(ACCOUNT, "files", kind="FileStorage")]
    script = Scripted({ACCOUNTS: {"value": accounts}, _blob_path("general"): _blob("general")})
    done = run(script, {BLOBS}, monkeypatch)
    assert done.ids(BLOBS) == [f"{accounts[0]['id']}/blobServices/default"]
    assert done.outcome.complete
    assert script.count("blobServices") == 1


def test_a_child_that_is_refused_leaves_its_siblings_known(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [item(ACCOUNT, name, kind="StorageV2") for name in ("good", "shut")]
    script = Scripted(
        {
            ACCOUNTS: {"value": accounts},
            _blob_path("good"): _blob("good"),
            _blob_path("shut"): error(403, "AuthorizationFailed"),
        }
    )
    done = run(script, {BLOBS}, monkeypatch)
    inventory = done.snapshot.inventory()
    assert inventory.gap(BLOBS, accounts[0]["id"]) is None
    assert _code(inventory.gap(BLOBS, accounts[1]["id"])) == "AuthorizationFailed"
    assert _code(inventory.gap(BLOBS, f"/subscriptions/{SUB}")) == "ChildrenNotRead"
    assert inventory.gap(BLOBS, None) is not None


def _code(gap: Gap | None) -> str:
    return gap.code if gap else ""


def test_children_of_parents_that_could_not_be_listed_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(Scripted({VAULTS: error(403, "AuthorizationFailed")}), {KEYS}, monkeypatch)
    assert done.gaps() == [(VAULT, "AuthorizationFailed"), (KEYS, "AuthorizationFailed")]
    assert done.snapshot.state(f"/subscriptions/{SUB}", KEYS) is ReadState.DENIED


def test_keys_are_read_one_by_one_for_what_their_list_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"id": f"{item(VAULT, 'kv')['id']}/keys/k1", "name": "k1", "type": KEYS, "properties": {}}
    rotating = {**key, "properties": {"kty": "RSA", "rotationPolicy": {"lifetimeActions": []}}}
    script = Scripted(
        {
            VAULTS: {"value": [item(VAULT, "kv")]},
            f"{item(VAULT, 'kv')['id']}/keys".lower(): {"value": [{**key, "properties": {"attributes": {}}}]},
            key["id"].lower(): rotating,
        }
    )
    done = run(script, {KEYS}, monkeypatch)
    assert [dict(found.body) for found in done.snapshot.resources() if found.type == KEYS] == [rotating]
    script.answers[key["id"].lower()] = error(403, "AuthorizationFailed")
    hidden = run(script, {KEYS}, monkeypatch).snapshot.inventory().get(key["id"])
    assert hidden is not None
    assert hidden.unread["properties"].code == "AuthorizationFailed"


def test_a_forbidden_subscription_does_not_touch_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted(
        {VAULTS: {"value": [item(VAULT, "kv")]}, list_path(VAULT, OTHER): error(403, "AuthorizationFailed")},
        subscriptions=(SUB, OTHER),
    )
    done = run(script, {VAULT}, monkeypatch)
    assert done.ids(VAULT) == [item(VAULT, "kv")["id"]]
    assert dict(done.outcome.subscriptions) == {SUB: "Sub 1", OTHER: "Sub 2"}
    assert (done.outcome.complete, done.outcome.gaps) == (False, 1)


def test_vaults_come_with_their_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Scripted()
    run(script, {VAULT}, monkeypatch)
    assert script.count("/resources?") == 0, "the generic list of vaults has no properties"
    assert script.count(f"/providers/{VAULT}?api-version=2026-05-15") == 1


@pytest.mark.parametrize("named", [(SUB,), (SUB.upper(),), ("Sub 1",), ("sub 1",)])
def test_subscriptions_by_id_or_name(monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...]) -> None:
    script = Scripted(subscriptions=(SUB, OTHER))
    done = run(script, {NSG}, monkeypatch, subscriptions=named)
    assert set(done.outcome.subscriptions) == {SUB}
    assert script.count(OTHER) == 0


def test_a_named_subscription_that_is_not_visible_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(Scripted(), {NSG}, monkeypatch, subscriptions=(SUB, OTHER))
    assert done.gaps() == [("Microsoft.Resources/subscriptions", "SubscriptionNotVisible")]
    assert not done.outcome.complete


@pytest.mark.parametrize(
    ("answers", "plan", "words"),
    [
        ({}, {"subscriptions": ("nowhere",)}, "nowhere"),
        ({"/subscriptions": {"value": []}}, {}, "no subscription is visible"),
        ({"/subscriptions": error(403, "AuthorizationFailed")}, {}, "AuthorizationFailed"),
        ({}, {"management_group": "mg"}, "no subscription below management group mg"),
        (
            {"/providers/microsoft.management/managementgroups/mg/descendants": error(403, "AuthorizationFailed")},
            {"management_group": "mg"},
            "management group mg",
        ),
    ],
)
def test_nothing_to_collect_is_an_error(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], plan: dict[str, Any], words: str
) -> None:
    with pytest.raises(CollectionError) as caught:
        run(Scripted(answers), {NSG}, monkeypatch, **plan)
    assert words in str(caught.value)
    assert caught.value.remedy


def test_only_below_a_management_group(monkeypatch: pytest.MonkeyPatch) -> None:
    below = {
        "value": [
            {"id": "/x", "name": "inner", "type": "Microsoft.Management/managementGroups"},
            {"id": "/y", "name": OTHER, "type": "Microsoft.Management/managementGroups/subscriptions"},
        ]
    }
    script = Scripted(
        {"/providers/microsoft.management/managementgroups/mg/descendants": below}, subscriptions=(SUB, OTHER)
    )
    done = run(script, {NSG}, monkeypatch, management_group="mg")
    assert set(done.outcome.subscriptions) == {OTHER}


def test_a_cloud_that_is_behind_is_asked_in_a_version_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "No registered resource provider found for API version '2026-09-01'. The supported api-versions are "
    old = error(400, "NoRegisteredProviderFound", f"{words}'2019-06-01, 2023-01-01, 2024-01-01-preview'.")

    async def account(request: Any) -> Any:
        fits = request.query["api-version"] == "2023-01-01"
        return await (raw(json.dumps({"value": [item(ACCOUNT, "st")]})) if fits else old)(request)

    script = Scripted({ACCOUNTS: account, list_path(ACCOUNT, OTHER): account}, subscriptions=(SUB, OTHER))
    done = run(script, {ACCOUNT}, monkeypatch)
    assert done.outcome.complete
    assert len(done.ids(ACCOUNT)) == 1


def test_a_type_that_this_cloud_does_not_have_is_not_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "The resource type could not be found in the namespace 'Microsoft.Network' for api version '2026-03-01'."
    done = run(Scripted({list_path(NSG): error(404, "InvalidResourceType", words)}), {NSG}, monkeypatch)
    assert done.outcome.complete


class _Killed(BaseException):
    """The process ends here."""


def _pages(script: Scripted, count: int) -> Any:
    async def answer(request: Any) -> Any:
        number = int(request.query.get("page", "1"))
        link = f"http://{request.host}{ACCOUNTS}?page={number + 1}" if number < count else None
        accounts = [item(ACCOUNT, f"st{number}{letter}", kind="StorageV2") for letter in "ab"]
        return await raw(json.dumps({"value": accounts, "nextLink": link}))(request)

    script.answers[ACCOUNTS] = answer
    for number in range(1, count + 1):
        for letter in "ab":
            script.answers[_blob_path(f"st{number}{letter}")] = _blob(f"st{number}{letter}")
    return script


@pytest.mark.parametrize("kill_after", [1, 2, 4, 6, 8, 10, 11, 13])
def test_a_killed_collection_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch, kill_after: int) -> None:
    whole = run(_pages(Scripted(), 4), {BLOBS}, monkeypatch)
    snapshot = new_snapshot()
    left = kill_after
    keep = snapshot.add

    def add(*arguments: Any, **more: Any) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise _Killed
        return keep(*arguments, **more)

    script = _pages(Scripted(), 4)
    monkeypatch.setattr(snapshot, "add", add)
    with suppress(_Killed):
        run(script, {BLOBS}, monkeypatch, snapshot=snapshot)
    monkeypatch.setattr(snapshot, "add", keep)
    known = {entry.scope for entry in snapshot.ledger()}
    before = {path for _, path in script.asked}
    script.asked.clear()
    done = run(script, {BLOBS}, monkeypatch, snapshot=snapshot)
    assert done.ids() == whole.ids()
    assert done.outcome.complete
    again = before & {path for _, path in script.asked}
    assert not [path for path in again if path.partition("/blobServices")[0] in known], (
        "a finished read is not repeated"
    )
    assert len([path for path in again if "blobServices" not in path]) <= 1, "no page twice but the one in flight"


def test_what_was_read_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script = _pages(Scripted(), 3)
    done = run(script, {BLOBS}, monkeypatch)
    script.asked.clear()
    run(script, {BLOBS}, monkeypatch, snapshot=done.snapshot)
    assert script.asked == []


def test_a_continuation_that_has_expired_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = new_snapshot()
    script = Scripted()

    async def pages(request: Any) -> Any:
        if request.query.get("page") == "old":
            return await error(400, "InvalidSkipToken")(request)
        return await raw(json.dumps({"value": [item(NSG, "nsg-1")]}))(request)

    script.answers[list_path(NSG)] = pages
    script.answers["/subscriptions"] = {"value": [subscription(SUB)]}

    async def note(request: Any) -> Any:
        snapshot.add(f"/subscriptions/{SUB}", NSG, [], cursor=f"http://{request.host}{list_path(NSG)}?page=old")
        return await raw(json.dumps({"value": [subscription(SUB)]}))(request)

    script.answers["/subscriptions"] = note
    done = run(script, {NSG}, monkeypatch, snapshot=snapshot)
    assert done.outcome.complete
    assert len(done.ids(NSG)) == 1
