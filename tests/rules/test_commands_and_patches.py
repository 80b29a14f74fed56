"""The command of a remedy and its patch, which say the same twice: what the command sets is what the patch sets."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from auditor.rules.loader import load_rules
from auditor.rules.model import Rule

RULES = [rule for rule in load_rules().rules if rule.remediation.patch]
# What options of the Azure CLI set, by the end of the property's path (`az COMMAND --help` says which).
OPTIONS = {
    "--access-keys-auth": "accessKeysAuthentication",
    "--admin-enabled": "adminUserEnabled",
    "--affinity": "affinity",
    "--allow-blob-public-access": "allowBlobPublicAccess",
    "--allow-cross-tenant-replication": "allowCrossTenantReplication",
    "--allow-insecure": "allowInsecure",
    "--allow-shared-key-access": "allowSharedKeyAccess",
    "--allowed-copy-scope": "allowedCopyScope",
    "--anonymous-pull-enabled": "anonymousPullEnabled",
    "--api-key": "apiKey",
    "--approval-required": "approvalRequired",
    "--auto-rotation-enabled": "autoRotationEnabled",
    "--bypass": "bypass",
    "--client-affinity-enabled": "clientAffinityEnabled",
    "--client-certificate-mode": "clientCertificateMode",
    "--container-delete-retention-days": "containerDeleteRetentionPolicy.days",
    "--cookie-based-affinity": "cookieBasedAffinity",
    "--data-access-auth-mode": "dataAccessAuthMode",
    "--data-endpoint-enabled": "dataEndpointEnabled",
    "--ddos-protection-mode": "protectionMode",
    "--default-outbound-access": "defaultOutboundAccess",
    "--delete-retention-days": "eteRetentionPolicy.days",  # deleteRetentionPolicy, shareDeleteRetentionPolicy
    "--disable-local-accounts": "disableLocalAccounts",
    "--disable-local-auth": "disableLocalAuth",
    "--disable-run-command": "disableRunCommand",
    "--enable-auto-key-rotation": "rotationToLatestKeyVersionEnabled",
    "--enable-azure-rbac": "enableAzureRBAC",
    "--enable-container-delete-retention": "containerDeleteRetentionPolicy.enabled",
    "--enable-delete-retention": "eteRetentionPolicy.enabled",
    "--enable-disk-encryption": "enableDiskEncryption",
    "--enable-dns-proxy": "enableProxy",
    "--enable-image-cleaner": "imageCleaner.enabled",
    "--enable-no-public-ip": "enableNoPublicIp.value",
    "--enable-oidc-issuer": "oidcIssuerProfile.enabled",
    "--enable-peer-to-peer-encryption": "peerTrafficConfiguration.encryption.enabled",
    "--enable-purge-protection": "enablePurgeProtection",
    "--enable-rbac-authorization": "enableRbacAuthorization",
    "--enable-secure-boot": "secureBootEnabled|enableSecureBoot",
    "--enable-sftp": "isSftpEnabled",
    "--enable-versioning": "isVersioningEnabled",
    "--enable-vtpm": "vTpmEnabled|enableVTPM",
    "--enable-workload-identity": "workloadIdentity.enabled",
    "--forwarding-protocol": "forwardingProtocol",
    "--has-ssh-password": "hasSshPassword",
    "--http2": "enableHttp2",
    "--https-only": "supportsHttpsTrafficOnly",
    "--https-redirect": "httpsRedirect",
    "--idps-mode": "intrusionDetection.mode",
    "--ip-forwarding": "enableIPForwarding",
    "--key-exp-days": "keyExpirationPeriodInDays",
    "--min-tls-version": "minimumTlsVersion",
    "--minimal-tls-version": "inimalTlsVersion",
    "--minimum-tls-version": "inimumTlsVersion",
    "--network-acl-bypass": "networkAclBypass",
    "--nrg-lockdown-restriction-level": "restrictionLevel",
    "--preferred-enclave-type": "preferredEnclaveType",
    "--private-endpoint-network-policies": "privateEndpointNetworkPolicies",
    "--public-access": "publicAccess|publicNetworkAccess",
    "--public-data-endpoint-enabled": "publicDataEndpointEnabled",
    "--public-network-access": "ublicNetworkAccess",
    "--public-network-enabled": "publicNetworkAccess",
    "--enable-public-network": "publicNetworkAccess",
    "--resolution-policy": "resolutionPolicy",
    "--restrict-outbound-network-access": "restrictOutboundNetworkAccess",
    "--retention": "retentionPolicy.days",
    "--retention-days": "retentionDays",
    "--session-affinity-state": "sessionAffinityState",
    "--smb-encryption": "smbEncryption",
    "--subscription-required": "subscriptionRequired",
    "--threat-intel-mode": "threatIntelMode",
    "--vnet-route-all-enabled": "vnetRouteAllEnabled|outboundVnetRouting.allTraffic",
}
YES, NO = ("true", "enabled", "on", "yes", "1", ""), ("false", "disabled", "off", "no", "0", "none")


def test_the_check_finds_what_a_command_sets_besides():
    assert list(_set("az resource update --ids {id} --set properties.a=true properties.b.c=x")) == [
        ("properties.a", True),
        ("properties.b.c", "x"),
    ]
    assert list(_set("""az rest --method patch --url U --body '{"properties": {"a": {"b": [1]}}}'""")) == [
        ("properties.a.b", [1])
    ]
    assert list(_options("az storage account update -n n --https-only --enable-sftp false")) == [
        ("--https-only", ""),
        ("--enable-sftp", "false"),
    ]
    assert _same("Disabled", False)
    assert not _same("Enabled", False)
    assert not _same("TLS1_1", "TLS1_2")


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Paths and values that a body holds, lists as one value."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    else:
        yield path, value


def _set(line: str) -> Iterator[tuple[str, Any]]:
    """What `--set` and the body of a request set, by property."""
    words = shlex.split(line)
    if words[:3] == ["az", "resource", "update"] and "--set" in words:
        for word in words[words.index("--set") + 1 :]:
            if word.startswith("--"):
                return
            path, _, value = word.partition("=")
            try:
                yield from _leaves(path, json.loads(value))
            except ValueError:
                yield path, value
    elif words[:2] == ["az", "rest"] and "--body" in words:
        body = words[words.index("--body") + 1]
        yield from _leaves("", json.loads(body)) if not body.startswith("@") else ()


def _options(line: str) -> Iterator[tuple[str, str]]:
    """The options of the table that a command gives, with the word after each."""
    words = shlex.split(line)
    for word, after in zip(words, [*words[1:], "--"], strict=True):
        if word in OPTIONS:
            yield word, "" if after.startswith("-") else after


def _same(one: Any, other: Any) -> bool:
    left, right = (str(value).lower().replace("_", ".").removeprefix("tls") for value in (one, other))
    if left == right or any(left in words and right in words for words in (YES, NO)):
        return True
    return isinstance(one, list | dict) and json.dumps(one) == json.dumps(other)


def _patched(rule: Rule) -> list[tuple[str, Any]]:
    return [leaf for change in rule.remediation.patch for leaf in _leaves(change.path, change.value)]


def _lines(rule: Rule) -> list[str]:
    return re.split(r"\n|&&", rule.remediation.az.strip())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_a_command_sets_the_patch_sets(rule: Rule):
    patch = [(re.sub(r"\[[^]]*\]", "", path).lower(), value) for path, value in _patched(rule)]
    for line in _lines(rule):
        for path, value in _set(line):
            wanted = re.sub(r"\[[^]]*\]", "", path).lower()
            alike = [set_to for known, set_to in patch if known == wanted and _same(value, set_to)]
            # A command gives a list as a whole, of which the patch changes what is wrong.
            parts = [set_to for known, set_to in patch if known.startswith(f"{wanted}.") and str(set_to) in str(value)]
            assert alike or parts, f"{path}={value}: the patch has {_patched(rule)}"
        if " create " in line:
            continue  # made anew, with more than what is wrong today
        for option, value in _options(line):
            ends = OPTIONS[option].lower().split("|")
            set_to = [known for path, known in patch if any(path.endswith(end) for end in ends)]
            assert set_to, f"{option} sets {OPTIONS[option]}: the patch has {_patched(rule)}"
            if value.lower() in (*YES, *NO):
                assert any(_same(value, known) for known in set_to), f"{option} {value}: the patch has {set_to}"
