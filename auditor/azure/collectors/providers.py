"""What the tenant's resource providers say of Azure Policy's aliases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.azure.budget import ARM_READS
from auditor.azure.collectors.reading import Reader, Target
from auditor.azure.wire import Call
from auditor.inventory.model import Json

PROVIDERS = "Microsoft.Resources/providers"
_SOURCE = "policy aliases"
_VERSION = "2021-04-01"
_CURE = "needs Microsoft.Resources/subscriptions/providers/read, which the role Reader has"


async def read_providers(reader: Reader, types: Iterable[str]) -> None:
    """Read the providers of the tenant with the aliases of those that some type (a key) is of.

    https://learn.microsoft.com/rest/api/resources/providers/list-at-tenant-scope. The answer has the paths of each
    alias by API version; kept are its name and its default path, which is that of the newest version.
    """
    wanted = frozenset(name.lower().partition("/")[0] for name in types)
    reader.progress.begin(_SOURCE)
    url = f"/providers?api-version={_VERSION}&$expand=resourceTypes/aliases"
    call = Call(url, f"GET {PROVIDERS}", buckets=(reader.wire.budget.bucket("tenant", ARM_READS),))

    def trim(body: Mapping[str, Json]) -> Mapping[str, Json]:
        namespace = str(body.get("namespace") or "")
        aliases = sorted(_aliases(body)) if namespace.lower() in wanted else []
        return {
            "id": f"/providers/{namespace}",
            "name": namespace,
            "type": PROVIDERS,
            "properties": {"registrationState": body.get("registrationState"), "aliases": aliases},
        }

    await reader.read(Target("/", PROVIDERS, call, _SOURCE, cure=_CURE, trim=trim))
    reader.progress.end(_SOURCE)


def _aliases(provider: Mapping[str, Json]) -> Iterator[str]:
    """`<alias> <path>` of every alias that has a path."""
    for kind in provider.get("resourceTypes") or ():
        for alias in (kind.get("aliases") if isinstance(kind, Mapping) else None) or ():
            if isinstance(alias, Mapping) and isinstance(alias.get("name"), str) and (path := _path(alias)):
                yield f"{alias['name']} {path}"


def _path(alias: Mapping[str, Json]) -> str:
    default = alias.get("defaultPath")
    if isinstance(default, str) and default:
        return default
    paths = [path for path in alias.get("paths") or () if isinstance(path, Mapping)]
    newest = max(paths, key=lambda path: max(map(str, path.get("apiVersions") or [""])), default={})
    found = newest.get("path")
    return found if isinstance(found, str) else ""
