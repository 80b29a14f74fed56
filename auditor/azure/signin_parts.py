"""The parts of DefaultAzureCredential by the names a user gives them, built for a cloud."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from auditor.azure.clouds import Cloud
from auditor.errors import SignInError, UsageError

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AsyncHttpTransport

    from auditor.azure.session import Credential

_SERVICE_PRINCIPAL = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID")
_PROOFS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE")


@dataclass(frozen=True, slots=True)
class PartKind:
    """One part of the chain."""

    name: str
    """As `--credential` names it."""
    credential_class: str
    """Its class in azure-identity."""
    excluded_by: str
    """The keyword of DefaultAzureCredential that leaves it out."""
    is_tool: bool = False
    """Whether it asks a developer's tool: when one has no answer the next one is asked, whatever the reason."""


# https://learn.microsoft.com/azure/developer/python/sdk/authentication/credential-chains#defaultazurecredential-overview
PARTS = (
    PartKind("environment", "EnvironmentCredential", "exclude_environment_credential"),
    PartKind("workload-identity", "WorkloadIdentityCredential", "exclude_workload_identity_credential"),
    PartKind("managed-identity", "ManagedIdentityCredential", "exclude_managed_identity_credential"),
    PartKind("shared-token-cache", "SharedTokenCacheCredential", "exclude_shared_token_cache_credential", is_tool=True),
    PartKind("visual-studio-code", "VisualStudioCodeCredential", "exclude_visual_studio_code_credential", is_tool=True),
    PartKind("azure-cli", "AzureCliCredential", "exclude_cli_credential", is_tool=True),
    PartKind("azure-powershell", "AzurePowerShellCredential", "exclude_powershell_credential", is_tool=True),
    PartKind("azure-developer-cli", "AzureDeveloperCliCredential", "exclude_developer_cli_credential", is_tool=True),
)
_GROUPS = {
    "dev": tuple(part.name for part in PARTS if part.is_tool),
    "prod": tuple(part.name for part in PARTS if not part.is_tool),
}
_PROCESS_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is ready to be asked."""

    kind: PartKind
    credential: Credential


def chosen_parts(name: str | None) -> tuple[str, ...] | None:
    """Names of the parts that `--credential` chooses; None for the whole chain.

    Names compare without case, hyphens and the word Credential, so that those of `AZURE_TOKEN_CREDENTIALS` serve too.
    Raises UsageError for an unknown one.
    """
    if name is None:
        return None
    wanted = _folded(name)
    if wanted in _GROUPS:
        return _GROUPS[wanted]
    by_name = {_folded(part.name): part.name for part in PARTS}
    if wanted in by_name:
        return (by_name[wanted],)
    near = get_close_matches(wanted, by_name, 1)
    hint = f"Did you mean {by_name[near[0]]}? " if near else ""
    names = ", ".join((*(part.name for part in PARTS), *_GROUPS))
    raise UsageError(f"there is no credential {name!r}", subject="--credential", remedy=f"{hint}Known: {names}.")


def _folded(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").replace(" ", "").removesuffix("credential")


def build_parts(
    cloud: Cloud,
    chosen: Sequence[str] | None,
    tenant: str | None,
    *,
    transport: AsyncHttpTransport[Any, Any],
    direct: AsyncHttpTransport[Any, Any],
) -> list[Part]:
    """The parts of DefaultAzureCredential in its order; `direct` is a transport that uses no proxy.

    Raises SignInError where the environment is set up wrongly: an unreadable certificate, an empty secret.
    """
    from azure.identity.aio import DefaultAzureCredential

    options = _options(cloud, tenant)
    excluded = {} if chosen is None else {part.excluded_by: part.name not in chosen for part in PARTS}
    try:
        chain = DefaultAzureCredential(
            authority=_authority(cloud),
            process_timeout=_PROCESS_TIMEOUT_S,
            transport=transport,
            **options,
            **excluded,
        )
        return [_part(credential, cloud, transport, direct, options) for credential in chain.credentials]
    except (ValueError, OSError) as error:
        raise SignInError(
            f"the environment cannot be used for sign-in: {_first_sentence(error)}",
            subject="sign-in",
            remedy="Correct the variables that begin with AZURE_, or unset them.",
        ) from error


def _options(cloud: Cloud, tenant: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "connection_timeout": 3,
        "read_timeout": 15,
        "retry_connect": 0,
        "retry_total": 3,
        "retry_backoff_max": 2,
        "disable_instance_discovery": cloud.custom,
    }
    if tenant:
        options["additionally_allowed_tenants"] = [tenant]
    return options


def _authority(cloud: Cloud) -> str:
    """azure-identity refuses to send a secret over plain HTTP, and so do we: the attempt then fails at TLS."""
    return "https://" + cloud.authority.partition("://")[2]


def _part(
    credential: Any,
    cloud: Cloud,
    transport: AsyncHttpTransport[Any, Any],
    direct: AsyncHttpTransport[Any, Any],
    options: Mapping[str, Any],
) -> Part:
    """A part of the chain, with what DefaultAzureCredential does not hand on.

    It does not give its authority to the workload identity, which then asks the public cloud unless
    `AZURE_AUTHORITY_HOST` says otherwise; and it asks the machine's own identity endpoint through a proxy
    (seen with azure-identity 1.27).
    """
    from azure.identity.aio import ManagedIdentityCredential, WorkloadIdentityCredential

    name = type(credential).__name__.removeprefix("Async")
    if name == "WorkloadIdentityCredential":
        credential = WorkloadIdentityCredential(authority=_authority(cloud), transport=transport, **options)
    elif name == "ManagedIdentityCredential":
        client_id = os.environ.get("AZURE_CLIENT_ID") or None
        # It keeps its own patience with an endpoint that answers: a fresh machine's can be busy for a minute.
        settings = {key: options[key] for key in ("connection_timeout", "read_timeout", "retry_connect")}
        credential = ManagedIdentityCredential(client_id=client_id, transport=direct, **settings)
    elif name == "FailedDACCredential":
        # Stands for the workload identity where its variables are not set.
        name = "WorkloadIdentityCredential"
    kind = next(part for part in PARTS if part.credential_class == name)
    return Part(kind, credential)


def identity_endpoint() -> tuple[str, str]:
    """Where a managed identity is asked for tokens, and the variable that says so; "" for a virtual machine's address.

    https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token and
    https://learn.microsoft.com/azure/app-service/overview-managed-identity
    """
    for name in ("IDENTITY_ENDPOINT", "MSI_ENDPOINT"):
        if value := os.environ.get(name):
            return value, name
    return os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or "http://169.254.169.254", ""


def has_service_principal() -> bool:
    """Whether the environment names an application and something that proves to be it."""
    return all(os.environ.get(name) for name in _SERVICE_PRINCIPAL) and any(os.environ.get(name) for name in _PROOFS)


def missing_variables() -> str:
    """What of a service principal's environment is missing, as a clause."""
    names = (*_SERVICE_PRINCIPAL, "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH")
    empty = [name for name in names if os.environ.get(name) == ""]
    if empty:
        return f"{' and '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty"
    absent = [name for name in _SERVICE_PRINCIPAL if name not in os.environ]
    if not any(name in os.environ for name in names[2:]):
        absent.append("AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH")
    if len(absent) == len(_SERVICE_PRINCIPAL) + 1:
        return "no AZURE_CLIENT_ID is set"
    return f"{' and '.join(absent)} not set"


def _first_sentence(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
