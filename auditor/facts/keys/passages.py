"""Whether a service comes through the firewall of the vault that holds its key.

https://learn.microsoft.com/azure/key-vault/general/overview-vnet-service-endpoints#trusted-services
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.keys.links import Findings
from auditor.facts.keys.model import KeyUse, Passage
from auditor.facts.keys.places import at, text_at
from auditor.facts.private_link.tenancy import not_collected
from auditor.inventory.model import Resource

_ACCESS = "properties.publicNetworkAccess"
_BYPASS = "properties.networkAcls.bypass"
_ACTION = "properties.networkAcls.defaultAction"


def check_passage(use: KeyUse, vault: Resource, findings: Findings) -> str:
    """Add what is found of the firewall; gives what a reader should know of it, "" for nothing."""
    access = text_at(vault.body, _ACCESS)
    if access == "securedbyperimeter":
        # An enforced perimeter voids the bypass: only its own access rules count.
        gap = not_collected(vault.id, vault.type, f"what the perimeter around {vault.name} lets in is not looked at")
        findings.unknown(gap, "firewall")
        return "secured by a perimeter"
    if _needs_private_link(use):
        return _check_private_link(use, vault, findings)
    shut = access == "disabled"
    if not shut and text_at(vault.body, _ACTION) != "deny":
        return ""
    # Without network rules, and in rules that do not say it, trusted services come in:
    # https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/get#networkruleset
    trusted = text_at(vault.body, _BYPASS) != "none"
    if trusted and use.service.passage is not Passage.NOT_LISTED:
        return ""
    decided = tuple(f"{vault.id}:{path}" for path in (_ACCESS if shut else _ACTION, _BYPASS))
    if use.service.passage is Passage.ONLY_TRUSTED or not (trusted or _has_other_doors(vault, shut=shut)):
        kind = "HSM" if use.is_hsm else "vault"
        findings.add(
            "firewall",
            f"the firewall of the {kind} {vault.name} keeps {use.resource.name} out: "
            f"{'public access is disabled' if shut else 'its default action is Deny'} and no trusted service may pass",
            *decided,
        )
        return "closed to Azure services"
    words = (
        f"whether {use.resource.name} comes through the firewall of {vault.name}: "
        "its service is not among the trusted ones"
        if trusted
        else f"whether {use.resource.name} comes through the network rules or private endpoints of {vault.name}"
    )
    findings.unknown(not_collected(vault.id, vault.type, words), "firewall")
    return "closed, with other doors"


def _needs_private_link(use: KeyUse) -> bool:
    """Whether the service says that it comes through a private endpoint alone.

    https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption: `keyVaultNetworkAccess` is Public where left out.
    """
    return bool(use.place.private) and text_at(use.named_in.body, use.place.private) == "private"


def _check_private_link(use: KeyUse, vault: Resource, findings: Findings) -> str:
    if _approved(vault):
        return ""
    connections = f"{vault.id}:properties.privateEndpointConnections"
    words = f"{use.resource.name} comes to its key by private link alone, and {vault.name} has no private endpoint"
    findings.add("firewall", words, use.place.private, connections)
    return "without a private endpoint"


def _approved(vault: Resource) -> bool:
    connections = at(vault.body, "properties.privateEndpointConnections")
    return any(
        isinstance(one, Mapping) and text_at(one, "properties.privateLinkServiceConnectionState.status") == "approved"
        for one in (connections if isinstance(connections, list) else ())
    )


def _has_other_doors(vault: Resource, *, shut: bool) -> bool:
    """Whether an address, a network or a private endpoint can come in."""
    rules = (
        []
        if shut
        else [at(vault.body, f"properties.networkAcls.{name}") for name in ("ipRules", "virtualNetworkRules")]
    )
    return any(isinstance(rule, list) and rule for rule in rules) or _approved(vault)
