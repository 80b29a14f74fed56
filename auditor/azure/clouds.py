"""The clouds: where to sign in, where Azure Resource Manager and Microsoft Graph answer, and for which audience."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from auditor.errors import ConfigError, Problem
from auditor.inventory.model import Json

_SCOPE = re.compile(r"[A-Za-z0-9_\-.:/]+")
"""What azure-identity takes as a scope."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Endpoints of one cloud. Build with `load_cloud`."""

    name: str
    """`public`, `usgov`, `china`, or what the file calls itself."""
    authority: str
    """Entra ID, without a slash at the end: `https://login.microsoftonline.com`."""
    resource_manager: str
    """Azure Resource Manager, without a slash at the end."""
    arm_scope: str
    """The scope to ask a Resource Manager token for: the audience and `/.default`."""
    microsoft_graph: str
    """Microsoft Graph, without a slash at the end; "" in a cloud that has none (Azure Stack Hub)."""
    graph_scope: str
    """The scope to ask a Microsoft Graph token for; "" in a cloud that has none."""
    suffixes: Mapping[str, str] = field(default_factory=dict)
    """DNS suffixes by the names that `az cloud show` gives them: `storageEndpoint`, `keyvaultDns`, ..."""
    custom: bool = False
    """Whether it came from a file: then Microsoft's own instance discovery does not know its authority."""
    source: str = ""
    """The file as the user named it; "" for the named clouds."""


# Endpoints: azure-cli's `az cloud list` and azure.mgmt.core.tools.get_arm_endpoints; authorities:
# https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
_NAMED = {
    "public": Cloud(
        name="public",
        authority="https://login.microsoftonline.com",
        resource_manager="https://management.azure.com",
        arm_scope="https://management.azure.com/.default",
        microsoft_graph="https://graph.microsoft.com",
        graph_scope="https://graph.microsoft.com/.default",
        suffixes={
            "storageEndpoint": "core.windows.net",
            "keyvaultDns": ".vault.azure.net",
            "sqlServerHostname": ".database.windows.net",
            "acrLoginServerEndpoint": ".azurecr.io",
        },
    ),
    "usgov": Cloud(
        name="usgov",
        authority="https://login.microsoftonline.us",
        resource_manager="https://management.usgovcloudapi.net",
        arm_scope="https://management.core.usgovcloudapi.net/.default",
        microsoft_graph="https://graph.microsoft.us",
        graph_scope="https://graph.microsoft.us/.default",
        suffixes={
            "storageEndpoint": "core.usgovcloudapi.net",
            "keyvaultDns": ".vault.usgovcloudapi.net",
            "sqlServerHostname": ".database.usgovcloudapi.net",
            "acrLoginServerEndpoint": ".azurecr.us",
        },
    ),
    "china": Cloud(
        name="china",
        authority="https://login.chinacloudapi.cn",
        resource_manager="https://management.chinacloudapi.cn",
        arm_scope="https://management.chinacloudapi.cn/.default",
        microsoft_graph="https://microsoftgraph.chinacloudapi.cn",
        graph_scope="https://microsoftgraph.chinacloudapi.cn/.default",
        suffixes={
            "storageEndpoint": "core.chinacloudapi.cn",
            "keyvaultDns": ".vault.azure.cn",
            "sqlServerHostname": ".database.chinacloudapi.cn",
            "acrLoginServerEndpoint": ".azurecr.cn",
        },
    ),
}
_ALIASES = {
    "azurecloud": "public",
    "azureusgovernment": "usgov",
    "azurechinacloud": "china",
}
"""What azure-cli and Azure PowerShell call them."""

_EXPORT = "Write one with: az cloud show --name NAME --output json > cloud.json"


def load_cloud(name_or_file: str) -> Cloud:
    """The cloud of a name (`public`, `usgov`, `china`, as azure-cli names them too) or of a file.

    The file is JSON as `az cloud show` prints it (https://learn.microsoft.com/cli/azure/cloud#az-cloud-show).
    Raises ConfigError with everything that is wrong with it at once.
    """
    lowered = name_or_file.lower()
    named = _NAMED.get(_ALIASES.get(lowered, lowered))
    if named:
        return named
    path = Path(name_or_file)
    if not path.exists():
        near = get_close_matches(lowered, [*_NAMED, *_ALIASES], 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise ConfigError(
            "is neither a cloud that is known by name nor a file",
            subject=name_or_file,
            remedy=f"{hint}Give public, usgov, china, or a file. {_EXPORT}",
        )
    return _CloudFile(name_or_file, _read(path, name_or_file)).cloud()


def _read(path: Path, shown: str) -> Mapping[str, Json]:
    try:
        text = path.read_text("utf-8-sig")  # PowerShell's `>` writes a byte order mark
    except UnicodeDecodeError as error:
        raise ConfigError("is not text in UTF-8", subject=shown, remedy=_EXPORT) from error
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=shown, remedy="Check the path.") from error
    try:
        body = json.loads(text)
    except json.JSONDecodeError as error:
        problem = Problem(shown, error.lineno, error.colno, f"not JSON: {error.msg}", _EXPORT)
        raise ConfigError("is not a cloud file", subject=shown, problems=[problem]) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise ConfigError("nests too deeply, or has a number too long", subject=shown, remedy=_EXPORT) from error
    if not isinstance(body, Mapping) or not isinstance(body.get("endpoints"), Mapping):
        raise ConfigError("has no object `endpoints`", subject=shown, remedy=_EXPORT)
    return body


class _CloudFile:
    """Reads one cloud file, gathering its mistakes."""

    def __init__(self, shown: str, body: Mapping[str, Json]) -> None:
        self._shown = shown
        self._body = body
        self._endpoints: Mapping[str, Json] = body["endpoints"]
        self._problems: list[Problem] = []

    def cloud(self) -> Cloud:
        """The cloud. Raises ConfigError."""
        authority = self._address("activeDirectory").removesuffix("/adfs")
        resource_manager = self._address("resourceManager")
        audience = self._text("activeDirectoryResourceId") or ""
        graph = self._address("microsoftGraphResourceId", required=False)
        arm_scope = self._scope("activeDirectoryResourceId", audience)
        suffixes = self._suffixes()
        if _is_foreign(audience, resource_manager):
            message = f"{resource_manager!r} would be sent tokens for {audience!r}, a service of Microsoft's clouds"
            self._wrong("resourceManager", message, "Write the audience that this Resource Manager itself asks for")
        if self._problems:
            raise ConfigError("the cloud file cannot be used", subject=self._shown, problems=sorted(self._problems))
        return Cloud(
            name=str(self._body.get("name") or Path(self._shown).stem),
            authority=authority,
            resource_manager=resource_manager,
            arm_scope=arm_scope,
            microsoft_graph=graph,
            graph_scope=f"{graph}/.default" if graph else "",
            suffixes=suffixes,
            custom=authority not in {named.authority for named in _NAMED.values()},
            source=self._shown,
        )

    def _text(self, key: str, *, required: bool = True) -> str | None:
        value = self._endpoints.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if value is not None and not isinstance(value, str):
            self._wrong(key, "is not text", 'Write an address: "https://..."')
        elif required:
            self._wrong(key, "is missing or empty", "Write an address, as `az cloud show` prints it")
        return None

    def _address(self, key: str, *, required: bool = True) -> str:
        value = self._text(key, required=required)
        if value is None:
            return ""
        wrong = _wrong_address(value)
        if wrong:
            self._wrong(key, f"{value!r} {wrong[0]}", wrong[1])
        return value.rstrip("/")

    def _scope(self, key: str, audience: str) -> str:
        """The audience keeps its slash at the end: Entra ID compares it as registered, so `x/` asks for `x//.default`.

        https://learn.microsoft.com/entra/identity-platform/scopes-oidc#trailing-slash-and-default
        """
        if audience and not _SCOPE.fullmatch(audience):
            self._wrong(key, f"{audience!r} holds characters that a token audience cannot have", "Write an address")
        return f"{audience}/.default"

    def _suffixes(self) -> dict[str, str]:
        found = self._body.get("suffixes")
        if found is not None and not isinstance(found, Mapping):
            self._problem("suffixes", "is not an object", "Write it as `az cloud show` prints it, or leave it out")
            return {}
        return {name: value for name, value in (found or {}).items() if isinstance(value, str)}

    def _wrong(self, key: str, message: str, remedy: str) -> None:
        self._problem(f"endpoints.{key}", message, remedy)

    def _problem(self, key: str, message: str, remedy: str) -> None:
        self._problems.append(Problem(self._shown, 0, 0, f"{key} {message}", remedy))


def _wrong_address(value: str) -> tuple[str, str] | None:
    """What is wrong with an endpoint's address and what would be right; None where it can be used."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address", "Write https://host"
    if parts.scheme not in ("http", "https") or not host:
        return "is no address", "Write it with its scheme: https://host"
    if parts.username is not None or parts.query or parts.fragment:
        return "holds more than scheme, host and path", "Leave user names, queries and fragments out"
    if parts.scheme == "http" and not is_loopback(host):
        return "is not encrypted, and tokens would be sent to it", "Write https://; only loopback addresses may be http"
    return None


# Domains of services in the public and sovereign clouds, without those that customers name tenants in.
_MICROSOFT = re.compile(
    r"(?:.+\.)?(?:azure\.(?:com|net|us|cn)|windows\.net|microsoft(?:online)?\.(?:com|us)|usgovcloudapi\.net|chinacloudapi\.cn"
    r"|office(?:365)?\.com|live\.com|dynamics\.com|powerbi\.com|visualstudio\.com|sharepoint\.com)"
)
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _is_foreign(audience: str, resource_manager: str) -> bool:
    """Whether a token for a service of Microsoft's would go to a host that is not Resource Manager of its clouds.

    An application's id is an audience too. A server on this machine may be sent one: nothing leaves it.
    """
    try:
        host, wanted = urlsplit(resource_manager).hostname or "", urlsplit(audience.lower())
    except ValueError:
        return False
    name = wanted.hostname or audience.lower().strip("/")
    public = _MICROSOFT.fullmatch(name) or _GUID.fullmatch(name) or _GUID.fullmatch(name.removeprefix("api://"))
    known = {urlsplit(cloud.resource_manager).hostname for cloud in _NAMED.values()}
    ours = any(host == other or host.endswith(f".{other}") for other in known)  # regions: westeurope.management...
    return public is not None and not ours and not is_loopback(host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
