"""Bodies of which tests of attack paths are made: hosts that can be reached, identities, rights, data stores."""

from __future__ import annotations

from typing import Any

from tests.conftest import SUBSCRIPTION, arm_id
from tests.facts.identity_worlds import assigned
from tests.facts.network_worlds import allow, group, network, nic, pip, ref, subnet_id

Body = dict[str, Any]
SUB = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{SUB}/resourceGroups/rg-app"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
KEY_OPERATOR = "81a9662b-bebf-436f-a333-f67b29880f12"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
MACHINE_CONTRIBUTOR = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"
SHUT = {"publicNetworkAccess": "Disabled"}


def body(kind: str, name: str, properties: Body | None = None, **more: Any) -> Body:
    """A resource of the group."""
    return {
        "id": arm_id(kind, name),
        "name": name.rpartition("/")[2],
        "type": kind,
        "properties": dict(properties or {}),
        **more,
    }


def own(principal: str) -> Body:
    """A system-assigned identity."""
    return {"type": "SystemAssigned", "principalId": principal}


def carrying(identity: Body) -> Body:
    """A host's block that carries a user-assigned identity."""
    principal = identity["properties"]["principalId"]
    return {"type": "UserAssigned", "userAssignedIdentities": {identity["id"]: {"principalId": principal}}}


def identity(name: str, principal: str) -> Body:
    return body("Microsoft.ManagedIdentity/userAssignedIdentities", name, {"principalId": principal})


def store(name: str, **properties: Any) -> Body:
    return body("Microsoft.Storage/storageAccounts", name, properties)


def vault(name: str, **properties: Any) -> Body:
    return body("Microsoft.KeyVault/vaults", name, {"enableRbacAuthorization": True, **properties})


def app(name: str, principal: str = "", **properties: Any) -> Body:
    """An app that serves everybody, unless its properties say otherwise."""
    more = {"identity": own(principal)} if principal else {}
    return body("Microsoft.Web/sites", name, {"publicNetworkAccess": "Enabled", **properties}, **more)


def publishing(name: str, *, allow: bool = True) -> Body:
    return body("Microsoft.Web/sites/basicPublishingCredentialsPolicies", f"{name}/scm", {"allow": allow})


def settings(name: str, **marks: Body) -> Body:
    """An app's settings; each mark is what was kept of a secret."""
    inner = {key: {"$secret": mark} for key, mark in marks.items()}
    return body("Microsoft.Web/sites/config", f"{name}/appsettings", inner)


def key_of(account: str) -> Body:
    return {"kind": "storage-account-key", "account": account, "hash": f"{len(account):032x}"}


def sign_in(name: str, **validation: Any) -> Body:
    """Built-in sign-in of an app by its tenant."""
    asked = {"requireAuthentication": True, "unauthenticatedClientAction": "Return401", **validation}
    issuer = "https://login.microsoftonline.com/8f3b0c2e-5d14-4a67-9b21-6c0d5e7f1a90/v2.0"
    entra = {"enabled": True, "registration": {"clientId": "c", "openIdIssuer": issuer}}
    return body(
        "Microsoft.Web/sites/config",
        f"{name}/authsettingsV2",
        {
            "platform": {"enabled": True},
            "globalValidation": asked,
            "identityProviders": {"azureActiveDirectory": entra},
        },
    )


def machine(
    name: str, *, ports: str = "22", source: str = "*", public: bool = True, space: int = 0, **more: Any
) -> list[Body]:
    """A machine in a network of its own, with a rule for ports and a public address."""
    net = network(f"vnet-{name}", {"a": {"addressPrefix": f"10.{space}.0.0/24"}}, space=f"10.{space}.0.0/16")
    guard = group(f"nsg-{name}", *([allow("in", 100, ports, source)] if ports else []))
    address = pip(f"pip-{name}", f"203.0.113.{space + 10}")
    wired = {"publicIPAddress": ref(address)} if public else {}
    interface = nic(f"nic-{name}", subnet_id(net, "a"), f"10.{space}.0.4", machine=name, **wired)
    interface["properties"]["networkSecurityGroup"] = ref(guard)
    host = body("Microsoft.Compute/virtualMachines", name, {"networkProfile": {"networkInterfaces": [ref(interface)]}})
    return [net, guard, address, interface, {**host, **more}]


def endpoint(name: str, subnet: str, target: Body, state: str = "Approved") -> Body:
    """A private endpoint for blobs of an account."""
    connection = {
        "privateLinkServiceId": target["id"],
        "groupIds": ["blob"],
        "privateLinkServiceConnectionState": {"status": state},
    }
    return body(
        "Microsoft.Network/privateEndpoints",
        name,
        {"subnet": {"id": subnet}, "privateLinkServiceConnections": [{"name": name, "properties": connection}]},
    )


def right(role: str, principal: str, scope: str, **more: Any) -> Body:
    """A role assignment of an identity."""
    return assigned(role, principal, scope, kind="ServicePrincipal", **more)
