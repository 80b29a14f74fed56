"""Kind, tier and state decide whether a rule is about a resource at all, each beside its near miss."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.api import audit, choose_rules
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.secrets.redactor import Redactor
from auditor.snapshot.manifest import Manifest
from auditor.snapshot.source import Source
from tests.conftest import SUBSCRIPTION

Body = dict[str, Any]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def body(kind: str, name: str, properties: Body | None = None, /, **more: Any) -> Body:
    """A resource; the names of a child and its parents stand in order, with a slash between."""
    provider, *kinds = kind.split("/")
    path = "".join(f"/{part}/{given}" for part, given in zip(kinds, name.split("/"), strict=True))
    place = {"id": f"{GROUP}/providers/{provider}{path}", "type": kind, "name": name.rpartition("/")[2]}
    return {**place, "properties": properties or {}, **more}


def judged(rule: str, *bodies: Body) -> str:
    """The outcome of a rule for the first of the bodies."""
    inventory = Inventory([Resource.from_body(one) for one in bodies])
    source = Source(Manifest("test", None, None), inventory)
    report = audit(source, choose_rules(select=(rule,)), keep_passed=True)
    return next(str(one.outcome) for one in report.results if one.subject.id == bodies[0]["id"])


def encryption(database: str) -> Body:
    kind = "Microsoft.Sql/servers/databases/transparentDataEncryption"
    return body(kind, f"sql/{database}/current", {"state": "Disabled"})


def scale_set(**properties: Any) -> Body:
    return body("Microsoft.Compute/virtualMachineScaleSets", "ss", properties)


def encrypted_inside(state: str) -> tuple[Body, Body]:
    extension = {"publisher": "Microsoft.Azure.Security", "type": "AzureDiskEncryption", "provisioningState": state}
    machine = "Microsoft.Compute/virtualMachines"
    return body(machine, "vm"), body(f"{machine}/extensions", "vm/ade", extension)


def disk(kind: str, security: str) -> Body:
    state = {"diskState": "Attached"} if kind == "disks" else {}
    encrypted = {"encryption": {"type": "EncryptionAtRestWithPlatformKey"}}
    return body(f"Microsoft.Compute/{kind}", "d", {**state, **encrypted, "securityProfile": {"securityType": security}})


def workspace(kind: str) -> Body:
    return body("Microsoft.MachineLearningServices/workspaces", "w", kind=kind)


def subnet(service: str) -> Body:
    delegated = [{"name": "d", "properties": {"serviceName": service}}]
    return body("Microsoft.Network/virtualNetworks/subnets", "v/s", {"delegations": delegated})


def key(kind: str, *, enabled: bool) -> Body:
    return body(f"Microsoft.KeyVault/{kind}", "kv/k", {"kty": "RSA", "attributes": {"enabled": enabled, "exp": 1}})


def lake(*, hierarchical: bool) -> tuple[Body, Body]:
    account = "Microsoft.Storage/storageAccounts"
    service = body(f"{account}/blobServices", "st/default", {"isVersioningEnabled": False})
    return service, body(account, "st", {"isHnsEnabled": hierarchical})


def gateway(tier: str, **properties: Any) -> Body:
    return body("Microsoft.ApiManagement/service", "a", properties, sku={"name": tier, "capacity": 1})


def account_and_vault(host: str) -> tuple[Body, ...]:
    """An account whose key is in `contoso` there, beside a vault contoso that has the key too, disabled."""
    source = {"keySource": "Microsoft.Keyvault", "keyvaultproperties": {"keyvaulturi": f"https://contoso.{host}"}}
    source["keyvaultproperties"]["keyname"] = "k"
    account = body("Microsoft.Storage/storageAccounts", "st", {"encryption": source})
    off = body("Microsoft.KeyVault/vaults/keys", "contoso/k", {"attributes": {"enabled": False}})
    return account, body("Microsoft.KeyVault/vaults", "contoso"), off


def trusted(*, secure_boot: bool, vtpm: bool) -> Body:
    switches = {"secureBootEnabled": secure_boot, "vTpmEnabled": vtpm}
    profile = {"securityType": "TrustedLaunch", "uefiSettings": switches}
    return body("Microsoft.Compute/virtualMachines", "vm", {"securityProfile": profile})


IDENTITY = body("Microsoft.ManagedIdentity/userAssignedIdentities", "id")


def cluster(identity: str) -> Body:
    profile = {"identityProfile": {"kubeletidentity": {"resourceId": identity}}}
    return body("Microsoft.ContainerService/managedClusters", "aks", profile)


def application_gateway(used: str) -> Body:
    """A gateway with the settings `plain` and `sound`, of which the rule of its one listener uses one."""
    path = f"{GROUP}/providers/Microsoft.Network/applicationGateways/agw"
    serves = {"httpListener": {"id": f"{path}/l/tls"}, "backendHttpSettings": {"id": f"{path}/s/{used}"}}
    plain = {"protocol": "Http", "cookieBasedAffinity": "Enabled"}
    parts = {
        "httpListeners": [{"id": f"{path}/l/tls", "name": "tls", "properties": {"protocol": "Https"}}],
        "requestRoutingRules": [{"name": "r", "properties": serves}],
        "backendHttpSettingsCollection": [
            {"name": "plain", "properties": plain},
            {"name": "sound", "properties": {"protocol": "Https"}},
        ],
    }
    return body("Microsoft.Network/applicationGateways", "agw", parts)


def connected(state: str) -> Body:
    approved = {"privateLinkServiceConnectionState": {"status": "Approved"}, "provisioningState": state}
    connections = {"privateEndpointConnections": [{"properties": approved}]}
    return body("Microsoft.Storage/storageAccounts", "st", connections)


def route(endpoint: str) -> tuple[Body, Body]:
    kind = "Microsoft.Cdn/profiles/afdEndpoints"
    plain = {"supportedProtocols": ["Http"], "forwardingProtocol": "HttpOnly"}
    return body(f"{kind}/routes", "p/e/r", plain), body(kind, "p/e", {"enabledState": endpoint})


def zone(link: str) -> tuple[Body, Body]:
    kind, name = "Microsoft.Network/privateDnsZones", "privatelink.blob.core.windows.net"
    return body(kind, name), body(f"{kind}/virtualNetworkLinks", f"{name}/hub", {"provisioningState": link})


HSM = "Microsoft.HardwareSecurityModules/dedicatedHSMs"
MODEL: Body = {"virtualMachineProfile": {"priority": "Regular"}}
CONFIDENTIAL, PLATFORM = (f"ConfidentialVM_DiskEncryptedWith{whose}Key" for whose in ("Customer", "Platform"))


@pytest.mark.parametrize(
    ("rule", "bodies", "expected"),
    [
        ("sql-tde-disabled", (encryption("master"),), "not-applicable"),
        ("sql-tde-disabled", (encryption("masterdata"),), "fail"),
        ("vmss-encryption-at-host", (scale_set(orchestrationMode="Flexible"),), "not-applicable"),
        ("vmss-encryption-at-host", (scale_set(orchestrationMode="Flexible", **MODEL),), "fail"),
        ("vmss-trusted-launch", (scale_set(orchestrationMode="Flexible"),), "not-applicable"),
        ("vmss-trusted-launch", (scale_set(**MODEL),), "fail"),
        ("vm-encryption-at-host", encrypted_inside("Failed"), "fail"),
        ("vm-encryption-at-host", encrypted_inside("Succeeded"), "pass"),
        ("disk-customer-managed-key", (disk("disks", CONFIDENTIAL),), "pass"),
        ("disk-customer-managed-key", (disk("disks", PLATFORM),), "fail"),
        ("snapshot-customer-managed-key", (disk("snapshots", CONFIDENTIAL),), "pass"),
        ("snapshot-customer-managed-key", (disk("snapshots", PLATFORM),), "fail"),
        ("ml-customer-managed-key", (workspace("Project"),), "not-applicable"),
        ("ml-customer-managed-key", (workspace("Hub"),), "fail"),
        ("subnet-without-nsg", (subnet(HSM),), "not-applicable"),
        ("subnet-without-nsg", (subnet("Microsoft.Web/serverFarms"),), "fail"),
        ("keyvault-key-expired", (key("vaults/keys", enabled=False),), "not-applicable"),
        ("keyvault-key-expired", (key("vaults/keys", enabled=True),), "fail"),
        ("managed-hsm-key-expired", (key("managedHSMs/keys", enabled=False),), "not-applicable"),
        ("managed-hsm-key-expired", (key("managedHSMs/keys", enabled=True),), "fail"),
        ("storage-blob-versioning", lake(hierarchical=True), "not-applicable"),
        ("storage-blob-versioning", lake(hierarchical=False), "fail"),
        ("apim-private-endpoint", (gateway("BasicV2"),), "not-applicable"),
        ("apim-private-endpoint", (gateway("StandardV2", virtualNetworkType="External"),), "fail"),
        ("apim-private-endpoint", (gateway("Premium", virtualNetworkType="External"),), "not-applicable"),
        ("cmk-key-disabled", account_and_vault("managedhsm.azure.net"), "pass"),
        ("cmk-key-disabled", account_and_vault("vault.azure.net"), "fail"),
        ("vm-trusted-launch", (trusted(secure_boot=False, vtpm=False),), "fail"),
        ("vm-trusted-launch", (trusted(secure_boot=False, vtpm=True),), "pass"),
        ("grafana-api-key", (body("Microsoft.Dashboard/grafana", "g", {"apiKey": "Disabled"}),), "pass"),
        ("grafana-api-key", (body("Microsoft.Dashboard/grafana", "g", {"apiKey": "Enabled"}),), "fail"),
        ("identity-orphaned", (IDENTITY, cluster(IDENTITY["id"])), "pass"),
        ("identity-orphaned", (IDENTITY, cluster(f"{IDENTITY['id']}-other")), "fail"),
        ("application-gateway-backend-http", (application_gateway("sound"),), "pass"),
        ("application-gateway-backend-http", (application_gateway("plain"),), "fail"),
        ("application-gateway-session-affinity", (application_gateway("sound"),), "pass"),
        ("application-gateway-session-affinity", (application_gateway("plain"),), "fail"),
        ("storage-private-endpoint", (connected("Failed"),), "fail"),
        ("storage-private-endpoint", (connected("Succeeded"),), "pass"),
        ("frontdoor-plain-http", route("Disabled"), "not-applicable"),
        ("frontdoor-plain-http", route("Enabled"), "fail"),
        ("frontdoor-origin-http", route("Disabled"), "not-applicable"),
        ("private-dns-zone-unlinked", zone("Failed"), "fail"),
        ("private-dns-zone-unlinked", zone("Succeeded"), "pass"),
    ],
)
def test_kind_tier_and_state_decide(rule: str, bodies: tuple[Body, ...], expected: str):
    assert judged(rule, *bodies) == expected


def entra_only(kind: str, server: bool | None, child: bool) -> tuple[Body, Body]:
    """A server that says in its body, or only in a child, whether it takes accounts of Entra ID alone."""
    said = {} if server is None else {"administrators": {"azureADOnlyAuthentication": server}}
    only = body(f"Microsoft.Sql/{kind}/azureADOnlyAuthentications", "s/Default", {"azureADOnlyAuthentication": child})
    return body(f"Microsoft.Sql/{kind}", "s", said), only


def waf(place: str, *sets: Body) -> Body:
    settings = {"enabledState": "Enabled", "state": "Enabled", "mode": "Prevention"}
    managed = {"policySettings": settings, "managedRules": {"managedRuleSets": list(sets)}}
    kind = "frontdoor" if place == "edge" else "ApplicationGateway"
    name = "FrontDoorWebApplicationFirewallPolicies" if place == "edge" else f"{kind}WebApplicationFirewallPolicies"
    return body(f"Microsoft.Network/{name}", "waf", managed, sku={"name": "Premium_AzureFrontDoor"})


def rules_of(kind: str, version: str, **more: Any) -> Body:
    return {"ruleSetType": f"Microsoft_{kind}RuleSet", "ruleSetVersion": version, **more}


def logged(group: str, switch: str) -> Body:
    """A rule set with one rule that is on and only logs."""
    override = {"ruleGroupName": group, "rules": [{"ruleId": "942250", switch: "Enabled", "action": "Log"}]}
    return rules_of("Default", "2.1", ruleGroupOverrides=[override])


def inline_firewall(*, linked: bool) -> Body:
    policies = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
    inline = {"enabled": True, "firewallMode": "Prevention"}
    policy = {"firewallPolicy": {"id": f"{GROUP}/providers/{policies}/waf"}} if linked else {}
    properties = {"sku": {"tier": "WAF_v2"}, "webApplicationFirewallConfiguration": inline, **policy}
    return body("Microsoft.Network/applicationGateways", "agw", properties)


@pytest.mark.parametrize(
    ("rule", "bodies", "expected"),
    [
        ("sql-entra-only", entra_only("servers", None, True), "pass"),
        ("sql-entra-only", entra_only("servers", None, False), "fail"),
        ("sqlmi-entra-only", entra_only("managedInstances", None, True), "pass"),
        ("sqlmi-entra-only", entra_only("managedInstances", None, False), "fail"),
        ("application-gateway-waf-config", (inline_firewall(linked=False),), "fail"),
        ("application-gateway-waf-config", (inline_firewall(linked=True),), "pass"),
        ("frontdoor-waf-not-blocking", (waf("edge", rules_of("Default", "2.1", ruleSetAction="Log")),), "fail"),
        ("frontdoor-waf-not-blocking", (waf("edge", rules_of("Default", "2.1", ruleSetAction="Block")),), "pass"),
        ("frontdoor-waf-exceptions", (waf("edge", logged("SQLI", "enabledState")),), "fail"),
        ("frontdoor-waf-exceptions", (waf("edge", logged("UnknownBots", "enabledState")),), "pass"),
        ("application-gateway-waf-exceptions", (waf("gateway", logged("SQLI", "state")),), "fail"),
        ("application-gateway-waf-exceptions", (waf("gateway", logged("UnknownBots", "state")),), "pass"),
        ("frontdoor-waf-rules-old", (waf("edge", rules_of("Default", "1.1")),), "fail"),
        ("frontdoor-waf-rules-old", (waf("edge", rules_of("Default", "2.1")),), "pass"),
        ("application-gateway-waf-rules-old", (waf("gateway", rules_of("Default", "2.0")),), "fail"),
        ("application-gateway-waf-rules-old", (waf("gateway", rules_of("Default", "2.1")),), "pass"),
        ("frontdoor-waf-bots", (waf("edge", rules_of("Default", "2.1")),), "fail"),
        ("frontdoor-waf-bots", (waf("edge", rules_of("BotManager", "1.0")),), "pass"),
        ("application-gateway-waf-bots", (waf("gateway", rules_of("BotManager", "0.1")),), "fail"),
        ("application-gateway-waf-bots", (waf("gateway", rules_of("BotManager", "1.0")),), "pass"),
    ],
)
def test_an_override_decides(rule: str, bodies: tuple[Body, ...], expected: str):
    assert judged(rule, *bodies) == expected


def test_a_switch_named_like_a_key_is_no_secret():
    grafana = body("Microsoft.Dashboard/grafana", "g", {"apiKey": "Enabled"})

    assert Redactor(b"k" * 32).redact("microsoft.dashboard/grafana", grafana) == grafana
