"""Azure Policy's property aliases as places in ARM bodies.

An alias is the resource type followed by the property's path without `properties`:
https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-alias. Elements that are
sub-resources (a security rule inside its group) have `properties` of their own, which the alias leaves out too; such
names are looked for in both places (`paths.Loose`), so that no table of such arrays is needed.
"""

from __future__ import annotations

from auditor.rules.conditions import AliasTarget

# Names at the root of a body. A few types keep one of them below `properties`: both places are tried.
_ROOTS = frozenset(
    ("sku", "kind", "identity", "zones", "plan", "managedby", "extendedlocation", "etag", "scale", "name", "id", "tags")
)

_IRREGULAR = {
    # From the alias lists that `az provider show --expand resourceTypes/aliases` prints for these namespaces.
    "microsoft.compute/imagepublisher": "properties.storageProfile.imageReference.publisher",
    "microsoft.compute/imageoffer": "properties.storageProfile.imageReference.offer",
    "microsoft.compute/imagesku": "properties.storageProfile.imageReference.sku",
    "microsoft.compute/imageversion": "properties.storageProfile.imageReference.version",
    "microsoft.compute/imageid": "properties.storageProfile.imageReference.id",
    "microsoft.compute/licensetype": "properties.licenseType",
    "microsoft.compute/virtualmachines/sku.name": "properties.hardwareProfile.vmSize",
    "microsoft.compute/virtualmachines/imagepublisher": "properties.storageProfile.imageReference.publisher",
    "microsoft.compute/virtualmachines/imageoffer": "properties.storageProfile.imageReference.offer",
    "microsoft.compute/virtualmachines/imagesku": "properties.storageProfile.imageReference.sku",
    "microsoft.compute/virtualmachines/osdisk.uri": "properties.storageProfile.osDisk.vhd.uri",
    "microsoft.compute/virtualmachinescalesets/osdisk.vhdcontainers": (
        "properties.virtualMachineProfile.storageProfile.osDisk.vhdContainers"
    ),
    "microsoft.compute/virtualmachinescalesets/imagepublisher": (
        "properties.virtualMachineProfile.storageProfile.imageReference.publisher"
    ),
    "microsoft.compute/virtualmachinescalesets/imageoffer": (
        "properties.virtualMachineProfile.storageProfile.imageReference.offer"
    ),
    "microsoft.compute/virtualmachinescalesets/imagesku": (
        "properties.virtualMachineProfile.storageProfile.imageReference.sku"
    ),
    # Built-in definitions compare it with windows* and linux*, which is what `osName` holds:
    # https://learn.microsoft.com/rest/api/hybridcompute/machines/get
    "microsoft.hybridcompute/imageoffer": "properties.osName",
    "microsoft.storage/storageaccounts/accounttype": "sku.name",
    "microsoft.storage/storageaccounts/enableblobencryption": "properties.encryption.services.blob.enabled",
    "microsoft.storage/storageaccounts/enablefileencryption": "properties.encryption.services.file.enabled",
    "microsoft.cache/redis/sslport": "properties.sslPort",
    "microsoft.web/serverfarms/sku": "sku",
}


class PatternAliases:
    """Resolves aliases by their pattern, and the irregular ones by a table."""

    def resolve(self, alias: str, types: tuple[str, ...]) -> AliasTarget | None:
        """See `AliasResolver.resolve`."""
        lowered = alias.lower()
        if path := _IRREGULAR.get(lowered):
            return AliasTarget(path)
        owner = _owner(lowered)
        if owner is None:
            return _short(alias, types)
        rest = alias[len(owner) + 1 :]
        path = _path(rest)
        child = _child(owner, types)
        if child is None:
            return AliasTarget(path, type=owner)
        return AliasTarget(path, child=child)


def _short(alias: str, types: tuple[str, ...]) -> AliasTarget | None:
    """Old aliases that name only the last segment of a type: `Microsoft.Sql/auditingSettings.state`."""
    namespace, _, tail = alias.partition("/")
    segment, dot, rest = tail.partition(".")
    wanted = (namespace.lower() + "/", "/" + segment.lower())
    if dot and any(kind.startswith(wanted[0]) and kind.endswith(wanted[1]) for kind in types):
        return AliasTarget(_path(rest))
    return None


def _owner(alias: str) -> str | None:
    """The resource type an alias begins with: everything before its last slash outside of brackets and dots."""
    namespace, slash, tail = alias.partition("/")
    if not slash or "." not in namespace:
        return None
    # The property's path begins at the last segment that comes before the first array or dotted member.
    head = tail.partition("[")[0].partition(".")[0]
    kind, slash, _ = head.rpartition("/")
    return f"{namespace}/{kind}" if slash and kind else None


def _child(owner: str, types: tuple[str, ...]) -> str | None:
    """The type segments below a judged type where the alias leads into its children; None for the type itself."""
    if not types or owner in types:
        return None
    for judged in types:
        if owner.startswith(judged + "/"):
            return owner[len(judged) + 1 :]
    return None


def _path(rest: str) -> str:
    root = rest.partition("[")[0].partition(".")[0].lower()
    return rest if root in _ROOTS else f"properties.{rest}"
