"""What each service takes from its clients: by which properties, what a missing one means, and where that is written.

One entry a service. `plain` says whether it takes connections without TLS, `version` which is the lowest that is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_LEARN = "https://learn.microsoft.com/azure/"
_TEMPLATES = "https://learn.microsoft.com/azure/templates/"


@dataclass(frozen=True, slots=True)
class Reading:
    """How one property is understood."""

    path: str
    """In the service's body, or in that of a child."""
    means: Mapping[str, str]
    """Value, lower-cased, to what it means; a value that is not listed means nothing that is known."""
    missing: str
    """What it means where it is left out."""
    source: str
    child: str = ""
    """The child that holds it: `config/web`."""


@dataclass(frozen=True, slots=True)
class Service:
    """What one type takes from its clients."""

    name: str
    type: str
    """As Azure writes it."""
    plain: Reading | str = "refused"
    """`accepted` or `refused`; a word where no property decides."""
    version: Reading | str = "1.2"
    """The lowest version of TLS that is set; a word where no property decides."""
    ended: str = ""
    """Since when the service refuses TLS below 1.2 whatever is set; docs/retirements.md has the source."""
    hosts: tuple[str, ...] = field(default_factory=tuple)
    """Properties with the names that clients call it by."""

    @property
    def key(self) -> str:
        """The type as a key."""
        return self.type.lower()


def _versions(path: str, missing: str, source: str, *, child: str = "", **spelt: str) -> Reading:
    known = {"1.0": "1.0", "1.1": "1.1", "1.2": "1.2", "1.3": "1.3"} | {k.lower(): v for k, v in spelt.items()}
    return Reading(path, known, missing, source, child)


def _switch(path: str, *, on: str, off: str, missing: str, source: str, child: str = "") -> Reading:
    words = {"true": on, "on": on, "enabled": on, "false": off, "off": off, "disabled": off}
    return Reading(path, words, missing, source, child)


_UNDERSCORED = {"TLS1_0": "1.0", "TLS1_1": "1.1", "TLS1_2": "1.2", "TLS1_3": "1.3"}
_SHORT = {"TLS10": "1.0", "TLS11": "1.1", "TLS12": "1.2", "TLS13": "1.3", "Tls": "1.0", "None": "1.0"}
_LIBPQ = {"TLSv1": "1.0", "TLSv1.1": "1.1", "TLSv1.2": "1.2", "TLSv1.3": "1.3"}

SERVICES = (
    Service(
        "Storage account",
        "Microsoft.Storage/storageAccounts",
        _switch(
            "properties.supportsHttpsTrafficOnly",
            on="refused",
            off="accepted",
            missing="refused",
            source="https://learn.microsoft.com/rest/api/storagerp/storage-accounts/get-properties",
        ),
        _versions(
            "properties.minimumTlsVersion",
            "1.0",
            _LEARN + "storage/common/transport-layer-security-configure-minimum-version",
            **_UNDERSCORED,
        ),
        ended="2026-02-03",
        hosts=(
            "properties.primaryEndpoints.blob",
            "properties.primaryEndpoints.file",
            "properties.primaryEndpoints.web",
        ),
    ),
    Service(
        "App Service app",
        "Microsoft.Web/sites",
        _switch(
            "properties.httpsOnly",
            on="refused",
            off="accepted",
            missing="accepted",
            source=_TEMPLATES + "microsoft.web/sites",
        ),
        _versions("properties.minTlsVersion", "1.2", _LEARN + "app-service/overview-tls", child="config/web"),
        hosts=("properties.defaultHostName", "properties.hostNames[*]", "properties.enabledHostNames[*]"),
    ),
    Service(
        "App Service slot",
        "Microsoft.Web/sites/slots",
        _switch(
            "properties.httpsOnly",
            on="refused",
            off="accepted",
            missing="accepted",
            source=_TEMPLATES + "microsoft.web/sites/slots",
        ),
        _versions("properties.minTlsVersion", "1.2", _LEARN + "app-service/overview-tls", child="config/web"),
        hosts=("properties.defaultHostName", "properties.hostNames[*]"),
    ),
    Service(
        "Container app",
        "Microsoft.App/containerApps",
        _switch(
            "properties.configuration.ingress.allowInsecure",
            on="accepted",
            off="refused",
            missing="refused",
            source=_LEARN + "container-apps/ingress-overview",
        ),
        "1.2",
        hosts=("properties.configuration.ingress.fqdn",),
    ),
    Service(
        "Azure Cache for Redis",
        "Microsoft.Cache/redis",
        _switch(
            "properties.enableNonSslPort",
            on="accepted",
            off="refused",
            missing="refused",
            source=_TEMPLATES + "microsoft.cache/redis",
        ),
        _versions("properties.minimumTlsVersion", "1.0", _LEARN + "azure-cache-for-redis/cache-remove-tls-10-11"),
        ended="2024-11-01",
        hosts=("properties.hostName",),
    ),
    Service(
        "Managed Redis",
        "Microsoft.Cache/redisEnterprise",
        Reading(
            "properties.clientProtocol",
            {"encrypted": "refused", "plaintext": "accepted"},
            "refused",
            _TEMPLATES + "microsoft.cache/redisenterprise/databases",
            "databases/default",
        ),
        _versions("properties.minimumTlsVersion", "1.2", _TEMPLATES + "microsoft.cache/redisenterprise"),
        hosts=("properties.hostName",),
    ),
    Service(
        "SQL server",
        "Microsoft.Sql/servers",
        "refused",
        _versions(
            "properties.minimalTlsVersion",
            "1.2",
            _LEARN + "azure-sql/database/connectivity-settings#minimum-tls-version",
            none="1.2",
        ),
        ended="2025-08-31",
        hosts=("properties.fullyQualifiedDomainName",),
    ),
    Service(
        "SQL managed instance",
        "Microsoft.Sql/managedInstances",
        "refused",
        _versions(
            "properties.minimalTlsVersion",
            "1.2",
            _LEARN + "azure-sql/managed-instance/minimal-tls-version-configure",
            none="1.2",
        ),
        ended="2025-08-31",
        hosts=("properties.fullyQualifiedDomainName",),
    ),
    Service(
        "PostgreSQL flexible server",
        "Microsoft.DBforPostgreSQL/flexibleServers",
        _switch(
            "properties.value",
            on="refused",
            off="accepted",
            missing="refused",
            source=_LEARN + "postgresql/flexible-server/security-tls",
            child="configurations/require_secure_transport",
        ),
        _versions(
            "properties.value",
            "1.2",
            _LEARN + "postgresql/flexible-server/security-tls",
            child="configurations/ssl_min_protocol_version",
            **_LIBPQ,
        ),
        hosts=("properties.fullyQualifiedDomainName",),
    ),
    Service(
        "MySQL flexible server",
        "Microsoft.DBforMySQL/flexibleServers",
        _switch(
            "properties.value",
            on="refused",
            off="accepted",
            missing="refused",
            source=_LEARN + "mysql/flexible-server/security-tls-how-to-connect",
            child="configurations/require_secure_transport",
        ),
        "1.2",
        hosts=("properties.fullyQualifiedDomainName",),
    ),
    Service(
        "Cosmos DB account",
        "Microsoft.DocumentDB/databaseAccounts",
        "refused",
        _versions(
            "properties.minimalTlsVersion", "1.0", _TEMPLATES + "microsoft.documentdb/databaseaccounts", **_SHORT
        ),
        ended="2025-08-31",
        hosts=("properties.documentEndpoint",),
    ),
    Service(
        "Event Hubs namespace",
        "Microsoft.EventHub/namespaces",
        "refused",
        _versions(
            "properties.minimumTlsVersion",
            "1.2",
            _LEARN + "event-hubs/transport-layer-security-configure-minimum-version",
        ),
        ended="2025-10-20",
        hosts=("properties.serviceBusEndpoint",),
    ),
    Service(
        "Service Bus namespace",
        "Microsoft.ServiceBus/namespaces",
        "refused",
        _versions(
            "properties.minimumTlsVersion",
            "1.2",
            _LEARN + "service-bus-messaging/transport-layer-security-configure-minimum-version",
        ),
        hosts=("properties.serviceBusEndpoint",),
    ),
    *(
        Service(
            name,
            f"Microsoft.EventGrid/{kind}",
            "refused",
            _versions(
                "properties.minimumTlsVersionAllowed",
                missing,
                _LEARN + "event-grid/transport-layer-security-enforce-minimum-version",
            ),
            hosts=("properties.endpoint",),
        )
        for name, kind, missing in (
            ("Event Grid topic", "topics", "1.0"),
            ("Event Grid domain", "domains", "1.0"),
            ("Event Grid partner namespace", "partnerNamespaces", "1.0"),
            ("Event Grid namespace", "namespaces", "1.2"),
        )
    ),
    Service(
        "IoT hub",
        "Microsoft.Devices/IotHubs",
        "refused",
        _versions("properties.minTlsVersion", "1.0", _LEARN + "iot-hub/iot-hub-tls-support"),
        hosts=("properties.hostName",),
    ),
    Service(
        "HDInsight cluster",
        "Microsoft.HDInsight/clusters",
        "refused",
        _versions("properties.minSupportedTlsVersion", "1.2", _LEARN + "hdinsight/transport-layer-security"),
    ),
    Service(
        "App Service Environment",
        "Microsoft.Web/hostingEnvironments",
        "refused",
        "set by clusterSettings",
    ),
    Service(
        "Front Door custom domain",
        "Microsoft.Cdn/profiles/customDomains",
        "decided by the route",
        _versions(
            "properties.tlsSettings.minimumTlsVersion",
            "1.2",
            _LEARN + "frontdoor/standard-premium/tls-policy",
            **_SHORT,
        ),
        ended="2025-03-01",
        hosts=("properties.hostName",),
    ),
    Service(
        "Classic CDN custom domain",
        "Microsoft.Cdn/profiles/endpoints/customDomains",
        "decided by the endpoint",
        _versions(
            "properties.customHttpsParameters.minimumTlsVersion",
            "1.0",
            _TEMPLATES + "microsoft.cdn/profiles/endpoints/customdomains",
            **_SHORT,
        ),
        hosts=("properties.hostName",),
    ),
    Service(
        "Classic CDN endpoint",
        "Microsoft.Cdn/profiles/endpoints",
        _switch(
            "properties.isHttpAllowed",
            on="accepted",
            off="refused",
            missing="accepted",
            source=_TEMPLATES + "microsoft.cdn/profiles/endpoints",
        ),
        "1.2",
        hosts=("properties.hostName",),
    ),
    Service(
        "Entra Domain Services",
        "Microsoft.AAD/domainServices",
        "decided by LDAP signing",
        Reading(
            "properties.domainSecuritySettings.tlsV1",
            {"enabled": "1.0", "disabled": "1.2"},
            "1.0",
            "https://learn.microsoft.com/entra/identity/domain-services/secure-your-domain",
        ),
    ),
)
"""Every service whose own properties decide what it takes."""
