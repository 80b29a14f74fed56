"""`--changes`: who changed the property that decides a finding, from the table of changes to the reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor import api
from auditor.cli.app import app
from auditor.inventory.changes import CHANGES
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source
from auditor.snapshot.store import Snapshot
from tests.azure.collecting import Done, collect_from
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.conftest import arm_id

ACCOUNT = "Microsoft.Storage/storageAccounts"
GROUP = "Microsoft.Network/networkSecurityGroups"
AUTOMATION = "Microsoft.Automation/automationAccounts"
RULE = "storage-blob-anonymous-access"
AT = datetime(2026, 11, 18, 9, 12, 44, tzinfo=UTC)
JOHN = {
    "changedBy": "john@contoso.com",
    "changedByType": "User",
    "clientType": "Azure Portal",
    "operation": "microsoft.storage/storageaccounts/write",
}
SECRET = "dGhpcyBpcyBub3QgYSByZWFsIGtleSBidXQgaXQgbG9va3MgbGlrZSBvbmUgYW5kIGlzIGxvbmcgZW5vdWdoIQ=="
TYPES = {ACCOUNT, GROUP, CHANGES}


def body(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    tail = {"kind": "StorageV2"} if kind == ACCOUNT else {}
    return {
        "id": arm_id(kind, name),
        "name": name,
        "type": kind,
        "location": "westeurope",
        **tail,
        "properties": properties,
    }


def account(*, public: bool, **more: Any) -> dict[str, Any]:
    return body(ACCOUNT, "stshop", allowBlobPublicAccess=public, **more)


def opened() -> LoopbackAzure:
    azure = LoopbackAzure([account(public=False)])
    azure.change(account(public=True), at=AT, **JOHN)
    return azure


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def collected(endpoints: Endpoints, types: Iterable[str] = TYPES) -> Done:
        snapshot = Snapshot.in_memory(Manifest("test", AT, None))
        done = collect_from(endpoints, set(types), monkeypatch, snapshot=snapshot)
        snapshot.finish(AT + timedelta(hours=1), subscriptions=done.outcome.subscriptions)
        return done

    return collected


def changed(done: Done, rule: str = RULE) -> Any:
    report = api.audit(Source(done.snapshot.manifest, done.snapshot.inventory()), api.choose_rules(select=[rule]))
    (found,) = [one for one in report.results if one.outcome == "fail"]
    return found.changed


def test_a_finding_says_who_changed_what_decides_it_and_when(start_azure: Callable[..., Endpoints], run: Run) -> None:
    found = changed(run(start_azure(opened())))
    assert (found.at, found.by, found.by_type, found.client) == (AT, "john@contoso.com", "User", "Azure Portal")
    assert (found.path, found.before, found.after) == ("properties.allowBlobPublicAccess", "False", "True")


def test_changes_are_asked_for_only_where_somebody_wants_them(start_azure: Callable[..., Endpoints], run: Run) -> None:
    done = run(start_azure(opened()), {ACCOUNT})
    assert changed(done) is None
    assert not any("changes" in key for key in done.keys)


def test_who_is_left_out_where_azure_does_not_know(start_azure: Callable[..., Endpoints], run: Run) -> None:
    azure = LoopbackAzure([account(public=False)])
    azure.change(account(public=True), at=AT)
    found = changed(run(start_azure(azure)))
    assert (found.at, found.by, found.by_type, found.client) == (AT, "", "", "")


def test_a_change_of_something_else_or_one_that_was_undone_is_not_blamed(
    start_azure: Callable[..., Endpoints], run: Run
) -> None:
    azure = LoopbackAzure([account(public=True, minimumTlsVersion="TLS1_0")])
    azure.change(account(public=True, minimumTlsVersion="TLS1_2"), at=AT, **JOHN)
    assert changed(run(start_azure(azure))) is None
    undone = LoopbackAzure([account(public=True)])
    undone.change(account(public=False), at=AT, **JOHN)
    undone.store.replace(account(public=True))  # set again, which no record tells of yet
    assert changed(run(start_azure(undone))) is None


def test_a_rule_of_a_security_group_is_found_in_the_body_of_its_group(
    start_azure: Callable[..., Endpoints], run: Run
) -> None:
    def group(*sources: str) -> dict[str, Any]:
        rules = [
            {
                "id": f"{arm_id(GROUP, 'nsg')}/securityRules/r{number}",
                "name": f"r{number}",
                "properties": {
                    "access": "Allow",
                    "direction": "Inbound",
                    "priority": 100 + number,
                    "protocol": "Tcp",
                    "sourcePortRange": "*",
                    "destinationPortRange": "22",
                    "destinationAddressPrefix": "*",
                    "sourceAddressPrefix": source,
                },
            }
            for number, source in enumerate(sources)
        ]
        return body(GROUP, "nsg", securityRules=rules)

    azure = LoopbackAzure([group("10.0.0.0/8", "203.0.113.4")])
    azure.change(group("10.0.0.0/8", "Internet"), at=AT, **JOHN)
    found = changed(run(start_azure(azure)), "nsg-management-port-open")
    assert (found.path, found.before) == ("properties.securityRules[1].properties.sourceAddressPrefix", "203.0.113.4")


def test_all_pages_are_read(start_azure: Callable[..., Endpoints], run: Run) -> None:
    azure = LoopbackAzure([account(public=False)])
    for minute in range(1100):
        azure.change(account(public=True, pad=minute), at=AT + timedelta(minutes=minute), changedBy=f"user{minute}")
    azure.change(account(public=False), at=AT + timedelta(days=2))
    azure.change(account(public=True), at=AT + timedelta(days=3), changedBy="last@contoso.com")
    done = run(start_azure(azure))
    assert len(done.snapshot.inventory().change_records) == 1102
    assert changed(done).by == "last@contoso.com"


def test_where_changes_may_not_be_read_there_is_a_gap_and_findings_stand(
    start_azure: Callable[..., Endpoints], run: Run
) -> None:
    azure = opened()
    azure.deny(kind="Microsoft.Resources/changes")
    done = run(start_azure(azure))
    assert changed(done) is None
    (gap,) = done.snapshot.inventory().gaps
    assert (gap.type, gap.code) == (CHANGES, "PartialVisibility")
    assert "Microsoft.Resources/changes/read" in gap.message
    report = api.audit(Source(done.snapshot.manifest, done.snapshot.inventory()), api.choose_rules(select=[RULE]))
    assert report.gaps == (gap,)


def test_a_secret_in_an_earlier_value_is_never_kept(start_azure: Callable[..., Endpoints], run: Run) -> None:
    def automation(**properties: Any) -> dict[str, Any]:
        return body(AUTOMATION, "au", **properties)

    azure = LoopbackAzure([automation(adminPassword="Summer2026!", links=[{"name": "x", "value": SECRET}])])
    azure.change(automation(adminPassword="Winter2026!", note=f"AccountKey={SECRET}"), at=AT, **JOHN)
    done = run(start_azure(azure), {AUTOMATION, CHANGES})
    (record,) = done.snapshot.inventory().change_records
    kept = json.dumps(record.body)
    assert not [text for text in ("Summer2026", "Winter2026", SECRET) if text in kept]
    assert "john@contoso.com" in kept


def test_changes_are_no_resources(start_azure: Callable[..., Endpoints], run: Run) -> None:
    without, inventory = (run(start_azure(opened()), types).snapshot.inventory() for types in ({ACCOUNT}, TYPES))
    assert inventory.collected == without.collected
    assert [resource.key for resource in inventory] == [resource.key for resource in without]
    assert not inventory.references_to(arm_id(ACCOUNT, "stshop"))


def test_the_commands_collect_them_and_every_report_that_can_says_them(
    start_azure: Callable[..., Endpoints], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints = start_azure(opened())
    for name, value in endpoints.managed_identity().items():
        monkeypatch.setenv(name, value)
    cloud, tenant = ["--cloud", str(endpoints.cloud_file(tmp_path))], str(tmp_path / "tenant.db")
    chosen = ["--select", RULE]
    made = CliRunner().invoke(app, ["collect", "--changes", *cloud, *chosen, "-o", tenant])
    assert made.exit_code == 0, made.output
    formats = {name: tmp_path / f"report.{name}" for name in ("json", "sarif", "csv", "ocsf")}
    reports = [part for name, path in formats.items() for part in ("--report", f"{name}={path}")]
    live = CliRunner().invoke(app, ["scan", "--changes", *cloud, *chosen, "--format", "json", "--fail-on", "none"])
    saved = CliRunner().invoke(app, ["scan", "--from", tenant, *chosen, *reports, "--fail-on", "none"])
    assert (live.exit_code, saved.exit_code) == (0, 0), saved.output
    (told,) = [one["changed"] for one in json.loads(live.stdout)["results"] if "changed" in one]
    assert (told["by"], told["at"]) == ("john@contoso.com", "2026-11-18T09:12:44Z")
    assert [name for name, path in formats.items() if "john@contoso.com" not in path.read_text()] == []
    page = CliRunner().invoke(app, ["explain", RULE, "stshop", "--from", tenant])
    assert "2026-11-18 09:12 UTC by john@contoso.com (User) with Azure Portal" in page.output
