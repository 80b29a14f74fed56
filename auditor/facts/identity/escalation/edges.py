"""Which actions on a resource give its holder the resource's identity, or its data, and what stands in the way.

The actions are those of https://learn.microsoft.com/azure/role-based-access-control/permissions, the ways to use them
as described at https://github.com/emiliensocchi/azure-tiering and https://bloodhound.specterops.io/resources/edges.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.facts.keys.places import at
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource

Guard = Callable[[Resource, Inventory], bool]
"""Whether something closes an edge on a resource."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from a right on a resource to what the resource holds."""

    id: str
    """Stable, in kebab case."""
    actions: tuple[str, ...]
    """All of these are needed."""
    does: str
    """What the holder does, as a clause with `{name}`: `runs commands on {name}`."""
    data: bool = False
    """Whether these are data actions."""
    closed: Guard | None = None
    """What closes it."""
    guard: str = ""
    """What stands in the way and cannot be seen from here."""
    cut: str = ""
    """What would close it, beside taking the right away."""


def _false(path: str) -> Guard:
    return lambda resource, _: at(resource.body, path) is False


def _true(path: str) -> Guard:
    return lambda resource, _: at(resource.body, path) is True


def _is_kind(word: str) -> Guard:
    """Closed for resources of another kind."""
    return lambda resource, _: word not in str(resource.body.get("kind") or "").lower()


def _without_entra_login(resource: Resource, inventory: Inventory) -> bool:
    """Whether the extension that lets Entra ID accounts sign in is not there."""
    if inventory.gap(f"{resource.type_key}/extensions", resource.id):
        return False
    names = {str(at(child.body, "properties.type")).lower() for child in inventory.children(resource, "extensions")}
    return not names & {"aadsshloginforlinux", "aadloginforlinux", "aadloginforwindows"}


def _uses_roles(resource: Resource, _: Inventory) -> bool:
    return at(resource.body, "properties.enableRbacAuthorization") is True


def _uses_policies(resource: Resource, _: Inventory) -> bool:
    return at(resource.body, "properties.enableRbacAuthorization") is not True


_VM = "Microsoft.Compute/virtualMachines"
_VMSS = "Microsoft.Compute/virtualMachineScaleSets"
_SITE = "Microsoft.Web/sites"
_AKS = "Microsoft.ContainerService/managedClusters"
_AUTOMATION = "Microsoft.Automation/automationAccounts"
_FACTORY = "Microsoft.DataFactory/factories"
_ML = "Microsoft.MachineLearningServices/workspaces"
_ACR = "Microsoft.ContainerRegistry/registries"
_APIM = "Microsoft.ApiManagement/service"
_NO_RUN_COMMAND = "disable Run command on the cluster (apiServerAccessProfile.disableRunCommand)"


def _site(kind: str) -> tuple[Edge, ...]:
    own = f"{_SITE}{kind}"
    return (
        Edge("app-write", (f"{own}/write",), "changes the code that {name} runs"),
        Edge("app-config", (f"{own}/config/write",), "points {name} at other code in its configuration"),
        Edge(
            "app-publish-profile",
            (f"{own}/publishxml/action",),
            "publishes code to {name} with its publishing profile",
            guard="publishing with passwords may be off",
            cut="switch off basic publishing credentials",
        ),
        Edge("app-publish", (f"{own}/publish/action",), "publishes code to {name}"),
        Edge("app-files", (f"{own}/hostruntime/vfs/write",), "writes files of {name}", closed=_is_kind("functionapp")),
        Edge(
            "function-master-key",
            (f"{own}/host/listkeys/action",),
            "replaces the code of {name} with its master key",
            closed=_is_kind("functionapp"),
            guard="an app that runs from a package is read-only",
        ),
    )


TAKES_IDENTITY: Mapping[str, tuple[Edge, ...]] = {
    "microsoft.compute/virtualmachines": (
        Edge("vm-run-command", (f"{_VM}/runCommand/action",), "runs a command on {name}"),
        Edge("vm-run-commands", (f"{_VM}/runCommands/write",), "puts a run command on {name}"),
        Edge("vm-extension", (f"{_VM}/extensions/write",), "puts an extension on {name}"),
        Edge("vm-write", (f"{_VM}/write",), "gives {name} other code to start with"),
        Edge(
            "vm-login-admin",
            (f"{_VM}/loginAsAdmin/action",),
            "signs in to {name} as administrator",
            data=True,
            closed=_without_entra_login,
            guard="needs a way through the network",
        ),
        Edge(
            "vm-login",
            (f"{_VM}/login/action",),
            "signs in to {name}, whose metadata endpoint answers every user",
            data=True,
            closed=_without_entra_login,
            guard="needs a way through the network",
        ),
    ),
    "microsoft.compute/virtualmachinescalesets": (
        Edge("vmss-run-command", (f"{_VMSS}/virtualMachines/runCommand/action",), "runs a command on {name}"),
        Edge("vmss-extension", (f"{_VMSS}/extensions/write",), "puts an extension on {name}"),
        Edge("vmss-write", (f"{_VMSS}/write",), "gives {name} other code to start with"),
    ),
    "microsoft.hybridcompute/machines": (
        Edge(
            "arc-extension",
            ("Microsoft.HybridCompute/machines/extensions/write",),
            "puts an extension on {name}",
            guard="the agent may allow listed extensions only",
        ),
        Edge("arc-run-command", ("Microsoft.HybridCompute/machines/runCommands/write",), "runs a command on {name}"),
    ),
    "microsoft.web/sites": _site(""),
    "microsoft.web/sites/slots": _site("/slots"),
    "microsoft.web/staticsites": (
        Edge("static-site-write", ("Microsoft.Web/staticSites/write",), "changes what {name} is built from"),
    ),
    "microsoft.automation/automationaccounts": (
        Edge(
            "runbook",
            (f"{_AUTOMATION}/runbooks/write", f"{_AUTOMATION}/jobs/write"),
            "runs a runbook of his own in {name}",
        ),
        Edge(
            "runbook-draft",
            (f"{_AUTOMATION}/runbooks/draft/write", f"{_AUTOMATION}/runbooks/publish/action"),
            "publishes other code in a runbook of {name}",
        ),
        Edge(
            "runbook-test",
            (f"{_AUTOMATION}/runbooks/draft/write", f"{_AUTOMATION}/runbooks/draft/testJob/write"),
            "tests other code in a runbook of {name}",
        ),
        Edge(
            "runbook-webhook",
            (f"{_AUTOMATION}/runbooks/write", f"{_AUTOMATION}/webhooks/write"),
            "starts a runbook of his own in {name} by a webhook",
        ),
        Edge(
            "runbook-schedule",
            (f"{_AUTOMATION}/runbooks/write", f"{_AUTOMATION}/jobSchedules/write"),
            "starts a runbook of his own in {name} by a schedule",
        ),
        Edge(
            "automation-source-control",
            (f"{_AUTOMATION}/sourceControls/write",),
            "lets {name} take runbooks from his repository",
        ),
        Edge("automation-module", (f"{_AUTOMATION}/modules/write",), "replaces a module that runbooks of {name} load"),
    ),
    "microsoft.logic/workflows": (
        Edge("workflow", ("Microsoft.Logic/workflows/write",), "adds a request with the identity to {name}"),
    ),
    "microsoft.containerservice/managedclusters": (
        Edge(
            "aks-run-command",
            (f"{_AKS}/runCommand/action",),
            "runs commands as administrator of {name}",
            closed=_true("properties.apiServerAccessProfile.disableRunCommand"),
            cut=_NO_RUN_COMMAND,
        ),
        Edge(
            "aks-admin-credential",
            (f"{_AKS}/listClusterAdminCredential/action",),
            "takes the administrator's credential of {name}",
            closed=_true("properties.disableLocalAccounts"),
            cut="disable local accounts of the cluster",
        ),
        Edge("aks-write", (f"{_AKS}/write",), "makes himself administrator of {name}"),
        Edge(
            "aks-pods",
            (f"{_AKS}/pods/write",),
            "starts pods with the service accounts of {name}",
            data=True,
            closed=lambda resource, _: at(resource.body, "properties.aadProfile.enableAzureRBAC") is not True,
            guard="pod security of the namespace",
        ),
    ),
    "microsoft.app/containerapps": (
        Edge("container-app", ("Microsoft.App/containerApps/write",), "changes the image of {name}"),
        Edge("container-app-exec", ("Microsoft.App/containerApps/getAuthToken/action",), "opens a shell in {name}"),
    ),
    "microsoft.app/jobs": (
        Edge("container-job", ("Microsoft.App/jobs/write",), "changes the image of the job {name}"),
        Edge("container-job-start", ("Microsoft.App/jobs/start/action",), "starts the job {name} with another image"),
    ),
    "microsoft.containerinstance/containergroups": (
        Edge(
            "container-group-exec",
            ("Microsoft.ContainerInstance/containerGroups/containers/exec/action",),
            "opens a shell in {name}",
        ),
        Edge("container-group", ("Microsoft.ContainerInstance/containerGroups/write",), "changes the image of {name}"),
    ),
    "microsoft.containerregistry/registries": (
        Edge("registry-task", (f"{_ACR}/tasks/write",), "runs a task of his own in {name}"),
    ),
    "microsoft.apimanagement/service": (
        Edge("gateway-policy", (f"{_APIM}/policies/write",), "lets policies of {name} ask for the identity's token"),
        Edge(
            "gateway-api-policy",
            (f"{_APIM}/apis/policies/write",),
            "lets a policy of an API in {name} ask for the identity's token",
        ),
        Edge("gateway-backend", (f"{_APIM}/backends/write",), "points a backend of {name} at himself"),
    ),
    "microsoft.datafactory/factories": (
        Edge(
            "pipeline",
            (f"{_FACTORY}/pipelines/write", f"{_FACTORY}/pipelines/createrun/action"),
            "runs a pipeline of his own in {name}",
        ),
    ),
    "microsoft.synapse/workspaces": (
        Edge("synapse-write", ("Microsoft.Synapse/workspaces/write",), "makes himself administrator of {name}"),
    ),
    "microsoft.machinelearningservices/workspaces": (
        Edge("ml-job", (f"{_ML}/jobs/write",), "runs a job in {name}"),
        Edge("ml-compute", (f"{_ML}/computes/write",), "makes a compute with the identity in {name}"),
        Edge("ml-endpoint", (f"{_ML}/onlineEndpoints/write",), "deploys an endpoint with the identity in {name}"),
    ),
    "microsoft.sql/servers": (
        Edge(
            "sql-administrator",
            ("Microsoft.Sql/servers/administrators/write",),
            "makes himself administrator of {name}",
        ),
        Edge("sql-write", ("Microsoft.Sql/servers/write",), "sets the password of {name}"),
    ),
    "microsoft.cognitiveservices/accounts": (
        Edge(
            "ai-write", ("Microsoft.CognitiveServices/accounts/write",), "changes what {name} reads with its identity"
        ),
    ),
    "microsoft.search/searchservices": (
        Edge("search-write", ("Microsoft.Search/searchServices/write",), "changes what {name} reads with its identity"),
    ),
    "microsoft.authorization/policyassignments": (
        Edge(
            "policy-definition",
            ("Microsoft.Authorization/policyDefinitions/write",),
            "changes what the policy {name} deploys",
        ),
        Edge(
            "policy-assignment",
            ("Microsoft.Authorization/policyAssignments/write",),
            "changes what the policy {name} deploys",
        ),
    ),
}
"""By type of host: what gives its managed identities to the holder of a right on it."""

ON_IDENTITY: tuple[Edge, ...] = (
    Edge(
        "federated-credential",
        ("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",),
        "lets a repository of his own sign in as {name}",
        cut="deny the type by policy, or lock the identity ReadOnly",
    ),
)
"""What gives a user-assigned identity to the holder of a right on it."""
ACTIVATION = "Microsoft.Authorization/roleManagementPolicies/write"
"""Changes what the activation of eligible roles asks for."""
CONTENT_OF_FUNCTIONS: tuple[Edge, ...] = (
    Edge(
        "function-store-keys",
        ("Microsoft.Storage/storageAccounts/listKeys/action",),
        "takes the keys of {store}, from which {name} takes its code",
        closed=_false("properties.allowSharedKeyAccess"),
        guard="a package in another account is not changed by it",
        cut="switch off shared keys of the account that holds the code",
    ),
    Edge(
        "function-store-blobs",
        ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",),
        "changes the code of {name} in {store}",
        data=True,
        guard="code in a file share is not changed by it",
    ),
    Edge(
        "function-store-files",
        ("Microsoft.Storage/storageAccounts/fileServices/fileshares/files/write",),
        "changes the code of {name} in {store}",
        data=True,
        guard="code in blobs is not changed by it",
    ),
)
"""What gives a function app's identity to whoever writes the account of its code."""
PROFILE_OF_SHELL: tuple[Edge, ...] = (
    Edge(
        "cloud-shell-keys",
        ("Microsoft.Storage/storageAccounts/listKeys/action",),
        "takes the keys of {store} and changes the profile that Cloud Shell runs for {name}",
        closed=_false("properties.allowSharedKeyAccess"),
        guard="waits until that user opens Cloud Shell",
        cut="keep each user's account where nobody else has a role",
    ),
    Edge(
        "cloud-shell-files",
        ("Microsoft.Storage/storageAccounts/fileServices/fileshares/files/write",),
        "changes the profile in {store} that Cloud Shell runs for {name}",
        data=True,
        guard="waits until that user opens Cloud Shell",
        cut="keep each user's account where nobody else has a role",
    ),
)
"""What gives a user to whoever writes the account where Cloud Shell keeps the user's home.

https://learn.microsoft.com/azure/cloud-shell/persisting-shell-storage
"""
ATTACH = (
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    # As the built-in Managed Identity Operator has it, with something between.
    "Microsoft.ManagedIdentity/userAssignedIdentities/any/assign/action",
)
"""Either attaches a user-assigned identity to a host."""
HOST_WRITES = (
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.Web/sites/write",
    "Microsoft.App/containerApps/write",
    "Microsoft.ContainerInstance/containerGroups/write",
    "Microsoft.Automation/automationAccounts/write",
    "Microsoft.Logic/workflows/write",
    "Microsoft.Resources/deploymentScripts/write",
    "Microsoft.ContainerRegistry/registries/tasks/write",
)
"""Any of these anywhere, with the right to attach an identity, runs code as that identity."""

TAKES_DATA: Mapping[str, tuple[Edge, ...]] = {
    "microsoft.keyvault/vaults": (
        Edge(
            "vault-policy",
            ("Microsoft.KeyVault/vaults/accessPolicies/write",),
            "gives himself an access policy of {name}",
            closed=_uses_roles,
            cut="let the vault use roles (enableRbacAuthorization)",
        ),
        Edge(
            "vault-write",
            ("Microsoft.KeyVault/vaults/write",),
            "changes the access policies of {name}",
            closed=_uses_roles,
            cut="let the vault use roles (enableRbacAuthorization)",
        ),
        Edge(
            "vault-secrets",
            ("Microsoft.KeyVault/vaults/secrets/getSecret/action",),
            "reads the secrets of {name}",
            data=True,
            closed=_uses_policies,
        ),
    ),
    "microsoft.storage/storageaccounts": (
        Edge(
            "storage-keys",
            ("Microsoft.Storage/storageAccounts/listKeys/action",),
            "takes the keys of {name}",
            closed=_false("properties.allowSharedKeyAccess"),
            cut="switch off shared keys (allowSharedKeyAccess)",
        ),
        Edge(
            "storage-write",
            ("Microsoft.Storage/storageAccounts/write", "Microsoft.Storage/storageAccounts/listKeys/action"),
            "switches keys of {name} on and takes them",
        ),
        Edge(
            "storage-blobs",
            ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",),
            "reads the blobs of {name}",
            data=True,
        ),
    ),
    "microsoft.compute/disks": (
        Edge(
            "disk-export",
            ("Microsoft.Compute/disks/beginGetAccess/action",),
            "downloads the disk {name}",
            closed=lambda resource, _: at(resource.body, "properties.networkAccessPolicy") == "DenyAll",
            cut="networkAccessPolicy DenyAll",
        ),
    ),
    "microsoft.compute/snapshots": (
        Edge(
            "snapshot-export",
            ("Microsoft.Compute/snapshots/beginGetAccess/action",),
            "downloads the snapshot {name}",
            closed=lambda resource, _: at(resource.body, "properties.networkAccessPolicy") == "DenyAll",
            cut="networkAccessPolicy DenyAll",
        ),
    ),
    "microsoft.documentdb/databaseaccounts": (
        Edge(
            "cosmos-keys",
            ("Microsoft.DocumentDB/databaseAccounts/listKeys/action",),
            "takes the keys of {name}",
            closed=_true("properties.disableLocalAuth"),
            cut="switch off local authentication (disableLocalAuth)",
        ),
    ),
    "microsoft.sql/servers": (
        Edge(
            "sql-administrator",
            ("Microsoft.Sql/servers/administrators/write",),
            "makes himself administrator of {name}",
        ),
        Edge("sql-write", ("Microsoft.Sql/servers/write",), "sets the password of {name}"),
    ),
    "microsoft.web/sites": (
        Edge(
            "app-settings",
            ("Microsoft.Web/sites/config/list/action",),
            "reads the settings and connection strings of {name}",
        ),
    ),
    "microsoft.app/containerapps": (
        Edge(
            "container-app-secrets", ("Microsoft.App/containerApps/listSecrets/action",), "reads the secrets of {name}"
        ),
    ),
    "microsoft.apimanagement/service": (
        Edge("named-values", (f"{_APIM}/namedValues/listValue/action",), "reads the secret named values of {name}"),
    ),
    "microsoft.machinelearningservices/workspaces": (
        Edge(
            "ml-connections", (f"{_ML}/connections/listsecrets/action",), "reads the secrets of connections of {name}"
        ),
    ),
    # The machines that are made anew from a configuration have fresh identities, so what is gained are the machines:
    # https://learn.microsoft.com/rest/api/desktopvirtualization/session-host-configurations/update
    "microsoft.desktopvirtualization/hostpools": (
        Edge(
            "session-host-script",
            ("Microsoft.DesktopVirtualization/hostPools/sessionHostConfigurations/write",),
            "has session hosts of {name} made anew with a script of his own",
            closed=lambda resource, _: at(resource.body, "properties.managementType") != "Automated",
            guard="waits until session hosts are added or updated",
        ),
    ),
}
"""By type: what opens the data of a resource to the holder of a right on it."""
