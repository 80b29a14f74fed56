"""Storage, secrets and databases."""

from __future__ import annotations

from auditor.facts.paas.instances import managed_instance
from auditor.facts.paas.model import ANY, Action, Bypass, Filter, RangeChildren, RangeList, Service, Switch
from auditor.facts.paas.special import cosmos

_TEMPLATES = "https://learn.microsoft.com/azure/templates"

SERVICES = (
    Service(
        "Storage",
        "Microsoft.Storage/storageAccounts",
        "https://learn.microsoft.com/azure/storage/common/storage-network-security",
        filter=Filter.DEFAULT_ACTION,
        action=Action(),
        lists=(
            RangeList("properties.networkAcls.ipRules", "value", "action"),
            RangeList("properties.networkAcls.ipv6Rules", "value", "action"),
        ),
        subnets="properties.networkAcls.virtualNetworkRules",
        bypass=Bypass(),
        instances=("properties.networkAcls.resourceAccessRules",),
    ),
    Service(
        "Key Vault",
        "Microsoft.KeyVault/vaults",
        "https://learn.microsoft.com/azure/key-vault/general/network-security",
        filter=Filter.DEFAULT_ACTION,
        action=Action(),
        lists=(RangeList("properties.networkAcls.ipRules", "value"),),
        subnets="properties.networkAcls.virtualNetworkRules",
        bypass=Bypass(),
        note="Trusted services pass even where public access is disabled.",
    ),
    Service(
        "Managed HSM",
        "Microsoft.KeyVault/managedHSMs",
        "https://learn.microsoft.com/azure/key-vault/managed-hsm/private-link",
        filter=Filter.DEFAULT_ACTION,
        action=Action(),
        lists=(RangeList("properties.networkAcls.ipRules", "value"),),
        subnets="properties.networkAcls.virtualNetworkRules",
        bypass=Bypass(),
    ),
    Service(
        "SQL Database",
        "Microsoft.Sql/servers",
        "https://learn.microsoft.com/azure/azure-sql/database/firewall-configure",
        filter=Filter.LISTED_ONLY,
        children=(RangeChildren(),),
        subnet_children="virtualNetworkRules",
        documented=False,
        note="Firewall rules of single databases are kept in the database and cannot be seen from outside.",
    ),
    Service(
        "SQL Managed Instance",
        "Microsoft.Sql/managedInstances",
        "https://learn.microsoft.com/azure/azure-sql/managed-instance/public-endpoint-overview",
        switches=(Switch("properties.publicDataEndpointEnabled", ("false",), "false"),),
        special=managed_instance,
        reads=("properties.subnetId",),
        needs=("microsoft.network/virtualnetworks", "microsoft.network/networksecuritygroups"),
        note="The security group of its subnet says who reaches port 3342 of the public endpoint.",
    ),
    Service(
        "PostgreSQL",
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-public",
        switches=(
            Switch("properties.network.delegatedSubnetResourceId", (ANY,), ""),
            Switch("properties.network.publicNetworkAccess"),
        ),
        filter=Filter.LISTED_ONLY,
        children=(RangeChildren(),),
        documented=False,
    ),
    Service(
        "MySQL",
        "Microsoft.DBforMySQL/flexibleServers",
        "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-networking-public",
        switches=(
            Switch("properties.network.delegatedSubnetResourceId", (ANY,), ""),
            Switch("properties.network.publicNetworkAccess"),
        ),
        filter=Filter.LISTED_ONLY,
        children=(RangeChildren(),),
        documented=False,
    ),
    Service(
        "Cosmos DB",
        "Microsoft.DocumentDB/databaseAccounts",
        "https://learn.microsoft.com/azure/cosmos-db/how-to-configure-firewall",
        special=cosmos,
        lists=(
            RangeList("properties.ipRules", "ipAddressOrRange", zero_is_azure=True),
            RangeList("properties.ipRangeFilter", zero_is_azure=True),
        ),
        subnets="properties.virtualNetworkRules",
        bypass=Bypass("properties.networkAclBypass", default="None"),
        instances=("properties.networkAclBypassResourceIds",),
        reads=("properties.isVirtualNetworkFilterEnabled",),
        note="Everything is let in while no address is listed and the virtual network filter is off. "
        "The address 0.0.0.0 stands for every data centre of Azure.",
    ),
    Service(
        "DocumentDB (MongoDB vCore)",
        "Microsoft.DocumentDB/mongoClusters",
        f"{_TEMPLATES}/microsoft.documentdb/mongoclusters",
        filter=Filter.LISTED_ONLY,
        children=(RangeChildren(),),
        documented=False,
    ),
    Service(
        "Cosmos DB for PostgreSQL",
        "Microsoft.DBforPostgreSQL/serverGroupsv2",
        f"{_TEMPLATES}/microsoft.dbforpostgresql/servergroupsv2",
        switches=(
            Switch("properties.coordinatorEnablePublicIpAccess", ("false",), "true"),
            Switch("properties.nodeEnablePublicIpAccess", ("false",), "false"),
        ),
        either=True,
        filter=Filter.LISTED_ONLY,
        children=(RangeChildren(),),
        documented=False,
    ),
    Service(
        "Redis",
        "Microsoft.Cache/redis",
        "https://learn.microsoft.com/azure/azure-cache-for-redis/cache-network-isolation",
        switches=(Switch("properties.subnetId", (ANY,), ""), Switch(default_with_endpoint="Disabled")),
        filter=Filter.EMPTY_OPENS,
        children=(RangeChildren(start="properties.startIP", end="properties.endIP", zero_is_azure=False),),
    ),
    Service(
        "Managed Redis",
        "Microsoft.Cache/redisEnterprise",
        "https://learn.microsoft.com/azure/redis/private-link",
        switches=(Switch(default_with_endpoint="Disabled"),),
    ),
    Service(
        "Elastic SAN",
        "Microsoft.ElasticSan/elasticSans",
        "https://learn.microsoft.com/azure/storage/elastic-san/elastic-san-networking-concepts",
        filter=Filter.LISTED_ONLY,
        subnets="properties.networkAcls.virtualNetworkRules",
        subnet_children="volumegroups",
        documented=False,
        note="Volumes answer to subnets and private endpoints only, never to public addresses.",
    ),
    Service(
        "Managed disk",
        "Microsoft.Compute/disks",
        "https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview",
        switches=(
            Switch("properties.networkAccessPolicy", ("AllowPrivate", "DenyAll"), "AllowAll"),
            Switch(),
        ),
        documented=False,
        note="Concerns export and import with a signed address, not the machine that the disk is attached to.",
    ),
    Service(
        "Disk snapshot",
        "Microsoft.Compute/snapshots",
        "https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview",
        switches=(
            Switch("properties.networkAccessPolicy", ("AllowPrivate", "DenyAll"), "AllowAll"),
            Switch(),
        ),
        documented=False,
        note="Concerns export with a signed address.",
    ),
    Service(
        "File share",
        "Microsoft.FileShares/fileShares",
        f"{_TEMPLATES}/microsoft.fileshares/fileshares",
        documented=False,
    ),
    Service(
        "File Sync",
        "Microsoft.StorageSync/storageSyncServices",
        f"{_TEMPLATES}/microsoft.storagesync/storagesyncservices",
        switches=(Switch("properties.incomingTrafficPolicy", ("AllowVirtualNetworksOnly",), "AllowAllTraffic"),),
        documented=False,
    ),
    Service(
        "Data Explorer",
        "Microsoft.Kusto/clusters",
        f"{_TEMPLATES}/microsoft.kusto/clusters",
        filter=Filter.EMPTY_OPENS,
        lists=(RangeList("properties.allowedIpRangeList"),),
    ),
)
