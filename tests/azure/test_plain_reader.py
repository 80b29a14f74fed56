"""What an identity with Reader alone may read, what depends on the rest, and that `doctor` and README say the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.azure.checkup import Access as Found
from auditor.azure.checkup import check_access
from auditor.azure.collectors.directory import ENTRIES
from auditor.azure.collectors.role_holders import PROBES
from auditor.azure.collectors.table import table
from auditor.azure.grants import role_commands
from auditor.azure.signin import sign_in
from auditor.azure.signin_claims import Principal
from auditor.evaluate.model import Outcome
from auditor.snapshot.source import Source
from tests.azure.collecting import cloud_of, collect_from
from tests.azure.loopback.access import READER, Access, Grant
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.conftest import arm_id

README = Path(__file__).parents[2] / "README.md"
SITE = "Microsoft.Web/sites"
LIST_SETTINGS = "Microsoft.Web/sites/config/list/action"
SLOTS = "Microsoft.Web/sites/slots/config/list/action"
APP = arm_id(SITE, "app")
OPEN = [{"ipAddress": "Any", "action": "Allow", "priority": 2147483647, "name": "Allow all"}]


def _app() -> list[dict[str, Any]]:
    web = {
        "minTlsVersion": "1.2",
        "ftpsState": "Disabled",
        "publicNetworkAccess": "Enabled",
        "ipSecurityRestrictions": OPEN,
        "scmIpSecurityRestrictions": OPEN,
        "scmIpSecurityRestrictionsUseMain": False,
    }
    return [
        {"id": APP, "name": "app", "type": SITE, "kind": "app", "properties": {"publicNetworkAccess": "Enabled"}},
        {"id": f"{APP}/config/web", "name": "web", "type": f"{SITE}/config", "properties": web},
        {"id": f"{APP}/config/authsettingsV2", "name": "authsettingsV2", "type": f"{SITE}/config", "properties": {}},
    ]


@pytest.fixture
def endpoints(start_azure: Callable[..., Endpoints]) -> Endpoints:
    return start_azure(LoopbackAzure(_app(), access=Access((Grant("/", READER),))))


def test_only_what_asks_for_settings_is_unknown(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = api.choose_rules(select=("app-*",))
    done = collect_from(endpoints, choice.types, monkeypatch)
    done.snapshot.finish(datetime(2026, 11, 1, tzinfo=UTC), subscriptions=done.outcome.subscriptions)
    report = api.audit(Source(done.snapshot.manifest, done.snapshot.inventory()), choice.rules)
    unknown = [result for result in report.results if result.outcome is Outcome.UNKNOWN]
    behind = {gap.scope.rpartition("/")[2] for result in unknown for gap in result.gaps}
    assert behind == {"appsettings", "connectionstrings"}
    exposed = {result.rule.id for result in report.results if result.outcome is Outcome.FAIL}
    assert {"app-public-network-access", "app-scm-public"} <= exposed


async def _doctor(endpoints: Endpoints, types: frozenset[str]) -> Found:
    async with sign_in(cloud_of(endpoints)) as session:
        return await check_access(session, types)


def test_doctor_names_what_a_collection_will_miss(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    types = frozenset(table())
    done = collect_from(endpoints, types, monkeypatch)
    [subscription] = asyncio.run(_doctor(endpoints, types)).subscriptions
    refused = {e.type for e in done.snapshot.ledger() if e.gap and e.gap.status == 403}
    assert refused == {f"{SITE}/config"}
    assert {missing.permission for missing in subscription.missing} == {LIST_SETTINGS, SLOTS}
    assert refused <= {name for missing in subscription.missing for name in missing.types}


def test_what_is_missing_is_granted_without_a_right_to_write() -> None:
    principal = Principal("11111111-0000-0000-0000-000000000000")
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111"
    definition, assignment = role_commands(principal, LIST_SETTINGS, "Website Contributor", scope)
    assert f'"Actions": ["{LIST_SETTINGS}"]' in definition
    assert "Contributor" not in definition + assignment
    [reader] = role_commands(principal, "Microsoft.Web/sites/read", "Reader", scope)
    assert '--role "Reader"' in reader


def test_readme_names_every_permission_that_is_asked_for() -> None:
    text = README.read_text()
    beyond = {one.permission for entry in table().values() for one in (entry, *entry.parts) if one.role != "Reader"}
    assert [name for name in sorted(beyond) if f"`{name}`" not in text] == []
    # What covers others: https://learn.microsoft.com/graph/permissions-reference
    covered = {
        "RoleManagement.Read.Directory": "Directory.Read.All",
        "Organization.Read.All": "Directory.Read.All",
        "GroupMember.Read.All": "Directory.Read.All",
        "User.Read.All": "Directory.Read.All",
        "Policy.Read.AuthenticationMethod": "Policy.Read.All",
    }
    asked = {entry.permission for entry in ENTRIES} | {permission for permission, _ in PROBES.values()}
    assert not {name for name in asked if covered.get(name, name) not in text}
