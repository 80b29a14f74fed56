"""What each kind of secret opens, and what a managed identity needs in its place.

Roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles. Settings of Functions' triggers and
bindings: https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

IDENTITY, FEDERATED, CERTIFICATE, CLIENT_SECRET = (
    "managed identity",
    "federated credential",
    "certificate",
    "client secret",
)
DELEGATED_SAS, POLICY_SAS, SAS, KEY = "user delegation SAS", "SAS with a stored policy", "SAS", "account key"
PASSWORD, REFERENCE = "password", "Key Vault reference"
LADDER = (IDENTITY, FEDERATED, CERTIFICATE, REFERENCE, CLIENT_SECRET, DELEGATED_SAS, POLICY_SAS, SAS, KEY, PASSWORD)
"""The order of preference, the best first. A password of a database stands with the keys."""


@dataclass(frozen=True, slots=True)
class Role:
    """A built-in role that replaces the secret."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a managed identity opens a service in a secret's place."""

    types: tuple[str, ...]
    """Type keys of what the secret opens."""
    roles: tuple[Role, ...] = ()
    """Any of them is enough to read or write as most apps do; none where rights are given inside the service."""
    action: str = ""
    """A data action that shows whether an identity has what it needs."""
    setting: str = ""
    """What is set in the secret's place; `{name}` is the setting's, `{host}` the service's, `{account}` its name."""
    inside: str = ""
    """What has to be done inside the service, where it has rights of its own."""


_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"

WAYS: Mapping[str, Way] = {
    "storage-account-key": Way(
        ("microsoft.storage/storageaccounts",),
        (
            Role("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
            Role("Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"),
            Role("Storage Table Data Contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"),
        ),
        _BLOB,
        "{name}__accountName = {account}",
    ),
    "cosmos-key": Way(
        ("microsoft.documentdb/databaseaccounts",),
        setting="{name}__accountEndpoint = https://{host}/",
        inside="az cosmosdb sql role assignment create --role-definition-id 00000000-0000-0000-0000-000000000002",
    ),
    "service-bus-key": Way(
        ("microsoft.servicebus/namespaces", "microsoft.eventhub/namespaces"),
        (
            Role("Azure Service Bus Data Sender", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"),
            Role("Azure Service Bus Data Receiver", "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"),
        ),
        "Microsoft.ServiceBus/namespaces/messages/send/action",
        "{name}__fullyQualifiedNamespace = {host}",
    ),
    "event-hubs-key": Way(
        ("microsoft.eventhub/namespaces",),
        (
            Role("Azure Event Hubs Data Sender", "2b629674-e913-4c01-ae53-ef4638d8f975"),
            Role("Azure Event Hubs Data Receiver", "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"),
        ),
        "Microsoft.EventHub/namespaces/messages/send/action",
        "{name}__fullyQualifiedNamespace = {host}",
    ),
    "app-configuration-key": Way(
        ("microsoft.appconfiguration/configurationstores",),
        (Role("App Configuration Data Reader", "516239f1-63e1-4d78-a4de-a74fb236a071"),),
        "Microsoft.AppConfiguration/configurationStores/*/read",
        "{name}__endpoint = https://{host}",
    ),
    "search-key": Way(
        ("microsoft.search/searchservices",),
        (Role("Search Index Data Contributor", "8ebe5a00-799e-43f5-93ac-243d3dce84a7"),),
        "Microsoft.Search/searchServices/indexes/documents/read",
        "the endpoint https://{host} with DefaultAzureCredential in the code",
    ),
    "redis-key": Way(
        ("microsoft.cache/redis", "microsoft.cache/redisenterprise"),
        setting="{host} with DefaultAzureCredential in the code",
        inside="az redis access-policy-assignment create --access-policy-name 'Data Contributor'",
    ),
    "signalr-key": Way(
        ("microsoft.signalrservice/signalr", "microsoft.signalrservice/webpubsub"),
        (Role("SignalR App Server", "420fcaa2-552c-430f-98ca-3264be4806c7"),),
        "Microsoft.SignalRService/SignalR/auth/accessKey/action",
        "{name}__serviceUri = https://{host}",
    ),
    "sql-password": Way(
        (
            "microsoft.sql/servers",
            "microsoft.sql/managedinstances",
            "microsoft.dbforpostgresql/flexibleservers",
            "microsoft.dbformysql/flexibleservers",
        ),
        setting="the connection string without password, with Authentication=Active Directory Managed Identity",
        inside="CREATE USER [<identity>] FROM EXTERNAL PROVIDER, with the roles that the app needs",
    ),
    "function-key": Way(("microsoft.web/sites",)),
    "iot-hub-key": Way(
        ("microsoft.devices/iothubs",),
        (Role("IoT Hub Data Contributor", "4fc6c259-987e-4a07-842e-c321cc9d413f"),),
        "Microsoft.Devices/IotHubs/devices/read",
        "{host} with DefaultAzureCredential in the code",
    ),
}
STEPS: Mapping[str, str] = {
    **dict.fromkeys(WAYS, KEY),
    "sql-password": PASSWORD,
    "password": PASSWORD,
    "account-key": KEY,
    "sas": SAS,
    "client-secret": CLIENT_SECRET,
    "private-key": CERTIFICATE,
    "token": KEY,
    "key-vault-reference": REFERENCE,
    "app-configuration-reference": REFERENCE,
    "connection-string": IDENTITY,
}
"""Kind of secret to its step on the ladder; other kinds are no credentials."""

NO_OTHER_WAY: Mapping[str, str] = {
    # https://learn.microsoft.com/azure/azure-functions/storage-considerations
    "website_contentazurefileconnectionstring": "Azure Files gives a function app on the Consumption or Premium plan "
    "no access by identity: use a Key Vault reference, the Flex Consumption plan or a plan without a content share",
}
"""Settings that no managed identity can replace, in lower case, and what is left to do."""
MOUNT = "a mounted share takes a key or a reference to it: keep the key in Key Vault, and refer to it from the mount"
"""What is left for the storage that App Service mounts: nothing but `accessKey` is among what a mount has.

https://learn.microsoft.com/rest/api/appservice/web-apps/update-azure-storage-accounts
"""
EASY_AUTH = {
    # https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad
    "microsoft_provider_authentication_secret": "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID = the client id of a "
    "user-assigned identity that the application trusts by a federated credential",
}
"""Client secrets of App Service's own sign-in, and what replaces each."""
