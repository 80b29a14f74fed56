"""Who depends on a fix holds it back, told with the reason; where nobody does, the same fix is free."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor import api
from auditor.fixes.model import Fix, Standing
from auditor.inventory.coverage import ReadState
from auditor.inventory.model import Gap
from auditor.rules.model import Change
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.store import Snapshot
from tests.conftest import arm_id
from tests.fixes.worlds import KEY, SHORT, Body, app, endpoint, network, planned, resource

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STORAGE = resource("Microsoft.Storage/storageAccounts", "st1", {"minimumTlsVersion": "TLS1_2"})
COSMOS = resource(
    "Microsoft.DocumentDB/databaseAccounts", "cosmos1", {"documentEndpoint": "https://cosmos1.documents.azure.com:443/"}
)
BUS = resource(
    "Microsoft.ServiceBus/namespaces", "sb1", {"serviceBusEndpoint": "https://sb1.servicebus.windows.net:443/"}
)
HUB = resource(
    "Microsoft.EventHub/namespaces", "eh1", {"serviceBusEndpoint": "https://eh1.servicebus.windows.net:443/"}
)
CONFIG = resource(
    "Microsoft.AppConfiguration/configurationStores",
    "ac1",
    {"endpoint": "https://ac1.azconfig.io", "publicNetworkAccess": "Enabled"},
)
REDIS = resource(
    "Microsoft.Cache/redis",
    "redis1",
    {"hostName": "redis1.redis.cache.windows.net", "enableNonSslPort": False, "publicNetworkAccess": "Enabled"},
)
SIGNALR = resource("Microsoft.SignalRService/signalR", "sr1", {"hostName": "sr1.service.signalr.net"})
SQL = resource(
    "Microsoft.Sql/servers",
    "sql1",
    {"fullyQualifiedDomainName": "sql1.database.windows.net", "administratorLogin": "a"},
)
POSTGRES = resource(
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "pg1",
    {"fullyQualifiedDomainName": "pg1.postgres.database.azure.com", "authConfig": {"activeDirectoryAuth": "Enabled"}},
)
MYSQL = resource(
    "Microsoft.DBforMySQL/flexibleServers", "my1", {"fullyQualifiedDomainName": "my1.mysql.database.azure.com"}
)
SYNAPSE = resource(
    "Microsoft.Synapse/workspaces", "syn1", {"connectivityEndpoints": {"sql": "syn1.sql.azuresynapse.net"}}
)
SEARCH = resource("Microsoft.Search/searchServices", "srch1", {"disableLocalAuth": False})
VAULT = resource(
    "Microsoft.KeyVault/vaults", "kv1", {"vaultUri": "https://kv1.vault.azure.net/", "enableRbacAuthorization": True}
)

OF_STORAGE = f"DefaultEndpointsProtocol=https;AccountName=st1;AccountKey={KEY};EndpointSuffix=core.windows.net"
OF_COSMOS = f"AccountEndpoint=https://cosmos1.documents.azure.com:443/;AccountKey={KEY};"
OF_BUS = f"Endpoint=sb://sb1.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={SHORT}"
OF_HUB = f"Endpoint=sb://eh1.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={SHORT};EntityPath=h"
OF_CONFIG = f"Endpoint=https://ac1.azconfig.io;Id=abcd-l0-s0:xyz;Secret={SHORT}"
OF_REDIS = f"redis1.redis.cache.windows.net:6380,password={SHORT},ssl=True,abortConnect=False"
OF_SIGNALR = f"Endpoint=https://sr1.service.signalr.net;AccessKey={SHORT};Version=1.0;"
OF_SQL = "Server=tcp:sql1.database.windows.net,1433;Database=d;User ID=a;Password=Planted-4711-xyz;Encrypt=True"
OF_POSTGRES = "Host=pg1.postgres.database.azure.com;Database=d;Username=a;Password=Planted-4711-xyz;SSL Mode=VerifyFull"
OF_MYSQL = "Server=my1.mysql.database.azure.com;Database=d;Uid=a;Pwd=Planted-4711-xyz;SslMode=VerifyFull"
OF_VAULT = "@Microsoft.KeyVault(SecretUri=https://kv1.vault.azure.net/secrets/s)"

KEYS = [
    (STORAGE, OF_STORAGE, "storage-shared-key-access", "account key"),
    (COSMOS, OF_COSMOS, "cosmos-local-auth", "account key"),
    (BUS, OF_BUS, "servicebus-local-auth", "account key"),
    (HUB, OF_HUB, "eventhub-local-auth", "account key"),
    (CONFIG, OF_CONFIG, "appconfig-local-auth", "account key"),
    (REDIS, OF_REDIS, "redis-access-keys", "account key"),
    (SIGNALR, OF_SIGNALR, "signalr-local-auth", "account key"),
    (SQL, OF_SQL, "sql-entra-only", "password"),
    (POSTGRES, OF_POSTGRES, "postgresql-password", "password"),
    (MYSQL, OF_MYSQL, "mysql-password", "password"),
]
DOORS = [
    (STORAGE, OF_STORAGE, "storage-public-network-access"),
    (COSMOS, OF_COSMOS, "cosmos-public-network-access"),
    (BUS, OF_BUS, "servicebus-public-network-access"),
    (HUB, OF_HUB, "eventhub-public-network-access"),
    (CONFIG, OF_CONFIG, "appconfig-public-network-access"),
    (REDIS, OF_REDIS, "redis-public-network-access"),
    (SIGNALR, OF_SIGNALR, "signalr-public-network-access"),
    (VAULT, OF_VAULT, "keyvault-public-network-access"),
]


def the_fix(folder: Path, bodies: list[Body], rule: str) -> Fix:
    [fix] = planned(folder, bodies, rule).fixes
    assert {result.rule.id for result in fix.results} == {rule}
    return fix


def names(cases: list[tuple[Body, str, str]] | list[tuple[Body, str, str, str]]) -> list[str]:
    return [case[2] for case in cases]


@pytest.mark.parametrize(("service", "setting", "rule", "step"), KEYS, ids=names(KEYS))
def test_keys_that_an_app_still_holds_are_not_turned_off_yet(
    service: Body, setting: str, rule: str, step: str, tmp_path: Path
):
    fix = the_fix(tmp_path, [service, *app(Orders=setting)], rule)

    assert fix.standing is Standing.NOT_YET
    assert [(one.who, one.text) for one in fix.dependants] == [
        ("app-shop", f"app-shop signs in to {service['name']} with the {step} in Orders")
    ]
    assert fix.dependants[0].first[0] == "give app-shop a managed identity"
    assert SHORT not in str(fix)
    assert KEY not in str(fix)
    assert "Planted-4711" not in str(fix)


@pytest.mark.parametrize(("service", "setting", "rule", "step"), KEYS, ids=names(KEYS))
def test_keys_that_nobody_holds_are_turned_off(service: Body, setting: str, rule: str, step: str, tmp_path: Path):
    other = f"DefaultEndpointsProtocol=https;AccountName=other;AccountKey={KEY}"

    fix = the_fix(tmp_path, [service, *app(Orders=other)], rule)

    assert (fix.standing, fix.dependants) == (Standing.FREE, ())
    assert fix.remarks  # of those who cannot be seen


@pytest.mark.parametrize(("service", "setting", "rule"), DOORS, ids=names(DOORS))
def test_a_door_by_which_an_app_comes_in_stays_open_until_it_has_another(
    service: Body, setting: str, rule: str, tmp_path: Path
):
    fix = the_fix(tmp_path, [service, *app(Orders=setting)], rule)

    assert fix.standing is Standing.NOT_YET
    assert [one.who for one in fix.dependants] == ["app-shop"]
    assert f"app-shop has no private way to {service['name']}" in fix.dependants[0].text
    assert "private endpoint" in fix.dependants[0].first[0]


@pytest.mark.parametrize(("service", "setting", "rule"), DOORS, ids=names(DOORS))
def test_a_door_is_shut_where_the_app_comes_by_a_private_endpoint(
    service: Body, setting: str, rule: str, tmp_path: Path
):
    there = [network("vnet", "app", "pe"), *endpoint("pe-1", "vnet/pe", service)]

    fix = the_fix(tmp_path, [*there, *app(subnet="vnet/app", Orders=setting)], rule)

    assert (fix.standing, fix.dependants) == (Standing.FREE, ())


def test_a_private_endpoint_in_a_network_that_the_app_is_not_in_frees_nothing(tmp_path: Path):
    there = [network("vnet", "app"), network("other", "pe"), *endpoint("pe-1", "other/pe", STORAGE)]

    fix = the_fix(tmp_path, [*there, *app(subnet="vnet/app", Orders=OF_STORAGE)], "storage-public-network-access")

    assert fix.standing is Standing.NOT_YET


def test_networks_that_a_rule_lets_in_by_name_are_dependants(tmp_path: Path):
    rules = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24", "action": "Allow"}]}
    named = {**STORAGE, "properties": {"networkAcls": rules}}

    fix = the_fix(tmp_path, [named], "storage-public-endpoint")

    assert [(one.who, one.id) for one in fix.dependants] == [("203.0.113.0/24", "")]


PLAIN = [
    (
        {**REDIS, "properties": {**REDIS["properties"], "enableNonSslPort": True}},
        f"redis1.redis.cache.windows.net:6379,password={SHORT},ssl=False",
        "redis-plain-port",
    ),
    (
        {**STORAGE, "properties": {"supportsHttpsTrafficOnly": False}},
        OF_STORAGE.replace("=https;", "=http;"),
        "storage-https-only",
    ),
]


@pytest.mark.parametrize(("service", "setting", "rule"), PLAIN, ids=names(PLAIN))
def test_tls_is_not_required_while_an_app_calls_without(service: Body, setting: str, rule: str, tmp_path: Path):
    fix = the_fix(tmp_path, [service, *app(Orders=setting)], rule)

    assert fix.standing is Standing.NOT_YET
    assert fix.dependants[0].text.startswith(f"app-shop calls {service['name']} without TLS")


@pytest.mark.parametrize(
    ("service", "setting", "rule"),
    [(PLAIN[0][0], OF_REDIS, PLAIN[0][2]), (PLAIN[1][0], OF_STORAGE, PLAIN[1][2])],
    ids=names(PLAIN),
)
def test_tls_is_required_where_every_app_uses_it(service: Body, setting: str, rule: str, tmp_path: Path):
    assert the_fix(tmp_path, [service, *app(Orders=setting)], rule).standing is Standing.FREE


def postgres_off(mode: str) -> list[Body]:
    parameter = resource(
        "Microsoft.DBforPostgreSQL/flexibleServers/configurations", "pg1/require_secure_transport", {"value": "off"}
    )
    return [POSTGRES, parameter, *app(Orders=OF_POSTGRES.replace("VerifyFull", mode))]


@pytest.mark.parametrize(("mode", "standing"), [("Disable", Standing.NOT_YET), ("VerifyFull", Standing.FREE)])
def test_a_database_asks_for_tls_when_its_clients_have_it(mode: str, standing: Standing, tmp_path: Path):
    assert the_fix(tmp_path, postgres_off(mode), "postgresql-require-tls").standing is standing


def gateway(protocol: str) -> Body:
    """An application gateway in front of app-shop."""
    me = arm_id("Microsoft.Network/applicationGateways", "agw")
    return resource(
        "Microsoft.Network/applicationGateways",
        "agw",
        {
            "sku": {"tier": "Standard_v2"},
            "backendAddressPools": [
                {
                    "id": f"{me}/backendAddressPools/p",
                    "name": "p",
                    "properties": {"backendAddresses": [{"fqdn": "app-shop.azurewebsites.net"}]},
                }
            ],
            "backendHttpSettingsCollection": [
                {
                    "id": f"{me}/backendHttpSettingsCollection/s",
                    "name": "s",
                    "properties": {
                        "protocol": protocol,
                        "port": 443 if protocol == "Https" else 80,
                        "pickHostNameFromBackendAddress": True,
                    },
                }
            ],
            "httpListeners": [{"id": f"{me}/httpListeners/l", "name": "l", "properties": {"protocol": "Https"}}],
            "requestRoutingRules": [
                {
                    "name": "r",
                    "properties": {
                        "ruleType": "Basic",
                        "httpListener": {"id": f"{me}/httpListeners/l"},
                        "backendAddressPool": {"id": f"{me}/backendAddressPools/p"},
                        "backendHttpSettings": {"id": f"{me}/backendHttpSettingsCollection/s"},
                    },
                }
            ],
        },
    )


@pytest.mark.parametrize(("protocol", "standing"), [("Http", Standing.NOT_YET), ("Https", Standing.FREE)])
def test_an_app_refuses_http_when_the_gateway_before_it_does_not_use_it(
    protocol: str, standing: Standing, tmp_path: Path
):
    assert the_fix(tmp_path, [gateway(protocol), *app()], "app-https-only").standing is standing


def test_an_app_asks_for_certificates_when_nobody_known_calls_without(tmp_path: Path):
    site, config = app()
    optional = {**site, "properties": {**site["properties"], "clientCertEnabled": True, "clientCertMode": "Optional"}}
    rule = "app-client-certificate-not-required"

    assert the_fix(tmp_path, [optional, config, gateway("Https")], rule).standing is Standing.NOT_YET
    assert the_fix(tmp_path, [optional, config], rule).standing is Standing.FREE


def encrypted(vault: Body, kind: str, name: str, properties: Body) -> list[Body]:
    identity = {"type": "SystemAssigned", "principalId": "aaaaaaaa-0000-4000-8000-000000000001"}
    key = resource(
        "Microsoft.KeyVault/vaults/keys", "kv1/data", {"attributes": {"enabled": True}, "kty": "RSA", "keySize": 3072}
    )
    return [vault, key, resource(kind, name, properties, identity=identity)]


OPENED = {
    "encryption": {
        "keySource": "Microsoft.Keyvault",
        "keyvaultproperties": {"keyvaulturi": "https://kv1.vault.azure.net/", "keyname": "data"},
    }
}


def test_a_vault_changes_to_roles_when_no_key_hangs_on_its_policies(tmp_path: Path):
    policy = {
        "tenantId": "t",
        "objectId": "aaaaaaaa-0000-4000-8000-000000000001",
        "permissions": {"keys": ["get", "wrapKey", "unwrapKey"]},
    }
    own = {"enablePurgeProtection": True, "enableSoftDelete": True, "vaultUri": "https://kv1.vault.azure.net/"}
    vault = resource(
        "Microsoft.KeyVault/vaults", "kv1", {**own, "enableRbacAuthorization": False, "accessPolicies": [policy]}
    )

    held = the_fix(tmp_path, encrypted(vault, "Microsoft.Storage/storageAccounts", "st1", OPENED), "keyvault-rbac")
    free = the_fix(tmp_path, [vault], "keyvault-rbac")

    assert (held.standing, [one.who for one in held.dependants]) == (Standing.NOT_YET, ["st1"])
    assert "could not read its data" in held.dependants[0].text
    assert free.standing is Standing.FREE


def test_who_depends_on_it_is_unknown_where_settings_were_not_read(tmp_path: Path):
    [site, _] = app()

    [fix] = planned(tmp_path, [STORAGE, site], "storage-shared-key-access", complete=False).fixes

    assert (fix.standing, fix.dependants) == (Standing.UNKNOWN, ())
    assert fix.unread[0].type.lower().startswith("microsoft.")


FREE = [
    (
        "storage-blob-anonymous-access",
        resource("Microsoft.Storage/storageAccounts", "st1", {"allowBlobPublicAccess": True}),
    ),
    ("keyvault-purge-protection", VAULT),
    ("app-remote-debugging", resource("Microsoft.Web/sites/config", "a/web", {"remoteDebuggingEnabled": True})),
    (
        "aks-local-accounts",
        resource("Microsoft.ContainerService/managedClusters", "k", {"aadProfile": {"managed": True}}),
    ),
    (
        "registry-anonymous-pull",
        resource(
            "Microsoft.ContainerRegistry/registries", "r", {"anonymousPullEnabled": True}, sku={"name": "Premium"}
        ),
    ),
    (
        "bastion-shareable-link",
        resource("Microsoft.Network/bastionHosts", "b", {"enableShareableLink": True}, sku={"name": "Standard"}),
    ),
]


@pytest.mark.parametrize(("rule", "body"), FREE, ids=[rule for rule, _ in FREE])
def test_what_takes_nothing_from_anybody_is_free(rule: str, body: Body, tmp_path: Path):
    plan = planned(tmp_path, [body], rule)

    assert [fix.standing for fix in plan.fixes] == [Standing.FREE]
    assert [result.rule.id for result in plan.foreseen.gone] == [rule]
    assert plan.foreseen.new == ()


def test_a_rule_without_a_patch_is_by_hand(tmp_path: Path):
    public = resource("Microsoft.Network/publicIPAddresses", "pip", {"ipAddress": "203.0.113.9"})

    [fix] = planned(tmp_path, [public], "public-ip-unattached").fixes

    assert (fix.standing, fix.settings) == (Standing.BY_HAND, ())
    assert fix.remediation is not None
    assert fix.remediation.text


def test_findings_that_one_change_mends_are_one_fix(tmp_path: Path):
    plan = planned(tmp_path, [STORAGE], "storage-shared-key-access", "service-key-unused")

    assert [[result.rule.id for result in fix.results] for fix in plan.fixes] == [
        ["storage-shared-key-access", "service-key-unused"]
    ]


def test_what_if_tells_what_a_change_of_ones_own_brings(tmp_path: Path):
    from auditor.rules.model import Change

    path = tmp_path / "e.json"
    path.write_text(json.dumps([STORAGE, *app(Orders=OF_STORAGE)]))
    source = api.open_source(path, assume_complete=True)

    plan = api.what_if(
        source,
        {
            STORAGE["id"]: [
                Change("properties.allowSharedKeyAccess", False),
                Change("properties.minimumTlsVersion", "TLS1_0"),
            ]
        },
        api.choose_rules(select=["storage-shared-key-access", "storage-minimum-tls"]),
    )

    [fix] = plan.fixes
    assert [(one.path, one.before, one.after) for one in fix.settings] == [
        ("properties.allowSharedKeyAccess", None, False),
        ("properties.minimumTlsVersion", "TLS1_2", "TLS1_0"),
    ]
    assert fix.standing is Standing.NOT_YET
    assert [result.rule.id for result in plan.foreseen.gone] == ["storage-shared-key-access"]
    assert [result.rule.id for result in plan.foreseen.new] == ["storage-minimum-tls"]


def rule_of_group(name: str, priority: int, source: str) -> Body:
    return {
        "name": name,
        "properties": {
            "priority": priority,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "8080",
        },
    }


def test_a_rule_of_a_security_group_that_serves_a_machine_is_a_dependant(tmp_path: Path):
    from auditor.rules.model import Change

    deny = {
        "name": "deny-all",
        "properties": {
            **rule_of_group("x", 4000, "*")["properties"],
            "access": "Deny",
            "protocol": "*",
            "destinationPortRange": "*",
            "priority": 4000,
        },
    }
    group = resource(
        "Microsoft.Network/networkSecurityGroups",
        "nsg",
        {"securityRules": [rule_of_group("web", 100, "10.1.0.0/16"), deny]},
    )
    nic = resource(
        "Microsoft.Network/networkInterfaces",
        "nic",
        {
            "networkSecurityGroup": {"id": group["id"]},
            "virtualMachine": {"id": arm_id("Microsoft.Compute/virtualMachines", "vm-app")},
            "ipConfigurations": [
                {
                    "name": "c",
                    "properties": {
                        "privateIPAddress": "10.0.0.4",
                        "subnet": {"id": arm_id("Microsoft.Network/virtualNetworks/subnets", "vnet/app")},
                    },
                }
            ],
        },
    )
    vnet = network("vnet", "app")
    vnet["properties"]["addressSpace"] = {"addressPrefixes": ["10.0.0.0/16"]}
    vnet["properties"]["subnets"][0]["properties"] = {"addressPrefix": "10.0.0.0/24"}
    machine = resource(
        "Microsoft.Compute/virtualMachines", "vm-app", {"networkProfile": {"networkInterfaces": [{"id": nic["id"]}]}}
    )
    path = tmp_path / "e.json"
    path.write_text(json.dumps([group, nic, vnet, machine]))
    source = api.open_source(path, assume_complete=True)

    plan = api.what_if(
        source, {group["id"]: [Change("properties.securityRules", [deny])]}, api.choose_rules(select=["nsg-*"])
    )

    [fix] = plan.fixes
    assert fix.standing is Standing.NOT_YET
    assert [one.text for one in fix.dependants] == ["vm-app serves 10.1.0.0/16 at tcp 8080, let in by nsg/web (100)"]


@pytest.mark.parametrize(
    ("ranges", "standing"), [([], Standing.UNKNOWN), (["203.0.113.9"], Standing.NOT_YET)], ids=["nobody known", "one"]
)
def test_networks_that_were_not_read_may_let_somebody_in(ranges: list[str], standing: Standing, tmp_path: Path):
    """Subnet rules of a SQL server are children: without them the known ranges still count, and nobody is ruled out."""
    rules, networks = f"{SQL['type']}/firewallRules", f"{SQL['type']}/virtualNetworkRules"
    bodies = [
        {
            "id": f"{SQL['id']}/firewallRules/{number}",
            "type": rules,
            "properties": {"startIpAddress": address, "endIpAddress": address},
        }
        for number, address in enumerate(ranges)
    ]
    gap = Gap(SQL["id"], networks, "GET x", 403, "AuthorizationFailed", "no")
    path = tmp_path / "tenant.db"
    with Snapshot.create(path, Manifest(source="live", started_at=NOW, finished_at=None)) as snapshot:
        snapshot.add("/", SQL["type"], [SQL])
        snapshot.add("/", rules, bodies)
        for kind in (SQL["type"], rules):
            snapshot.close("/", kind, ReadState.COMPLETE, as_of=NOW)
        snapshot.close(SQL["id"], networks, ReadState.DENIED, gap=gap)
        snapshot.finish(NOW)
    shut = {SQL["id"]: [Change("properties.publicNetworkAccess", "Disabled")]}

    (fix,) = api.what_if(api.open_source(path), shut).fixes

    assert fix.standing is standing
    assert len(fix.dependants) == len(ranges)
