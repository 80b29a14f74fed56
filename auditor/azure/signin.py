"""Sign-in: DefaultAzureCredential or one part of it, asked once, and who it is that answered."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from auditor.azure.clouds import Cloud
from auditor.azure.session import Session
from auditor.azure.signin_claims import principal_of
from auditor.errors import SignInError

if TYPE_CHECKING:
    from azure.core.credentials import AccessTokenInfo, TokenRequestOptions

    from auditor.azure.signin_parts import Part
    from auditor.azure.signin_troubles import Reason

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@asynccontextmanager
async def sign_in(cloud: Cloud, *, credential: str | None = None, tenant: str | None = None) -> AsyncIterator[Session]:
    """Sign in with DefaultAzureCredential, or with the part of it that `credential` names.

    A first token for Azure Resource Manager shows that it works and says who it is; it is not kept, and no token is
    ever logged. Parts that need a person at a browser are not used. Raises SignInError where none answers, in a few
    seconds, also without a network; UsageError for a credential that does not exist.
    """
    from azure.core.pipeline.transport import AioHttpTransport

    from auditor.azure.connections import open_session
    from auditor.azure.signin_parts import build_parts, chosen_parts

    chosen = chosen_parts(credential)
    _keep_quiet()
    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(open_session(limit=4, proxies=proxies)) for proxies in (True, False)
        ]
        transports = [AioHttpTransport(session=session, session_owner=False) for session in sessions]
        parts = build_parts(cloud, chosen, tenant, transport=transports[0], direct=transports[1])
        for part in parts:
            stack.push_async_callback(part.credential.close)
        session = await _first_answer(cloud, parts, tenant)
        _check_tenant(session)
        yield session


def _keep_quiet() -> None:
    """Without any handler Python prints the libraries' warnings on stderr; what they say is in our own errors."""
    for name in ("azure", "msal", "aiohttp"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


async def _first_answer(cloud: Cloud, parts: Sequence[Part], tenant: str | None) -> Session:
    from azure.core.exceptions import AzureError
    from azure.identity import CredentialUnavailableError

    from auditor.azure.signin_troubles import reason_for

    reasons: list[Reason] = []
    for part in parts:
        if reason := await _hopeless(part, cloud):
            reasons.append(reason)
            if reason.remedy:
                break
            continue
        try:
            token = await _ask(part, cloud, tenant)
        except (AzureError, OSError, ValueError, ImportError) as error:
            unavailable = isinstance(error, CredentialUnavailableError)
            reasons.append(reason_for(part.kind, error, unavailable=unavailable))
            if unavailable or part.kind.is_tool:
                continue
            break  # set up, and refused: another identity is not what was meant
        principal = principal_of(token.token, part.kind.name)
        passed_over = tuple(str(reason) for reason in reasons)
        return Session(part.credential, cloud, tenant, principal, part.kind.name, passed_over)
    raise _nobody(reasons, cloud)


async def _ask(part: Part, cloud: Cloud, tenant: str | None) -> AccessTokenInfo:
    options: TokenRequestOptions = {}
    if tenant:
        options["tenant_id"] = tenant
    return await part.credential.get_token_info(cloud.arm_scope, options=options)


async def _hopeless(part: Part, cloud: Cloud) -> Reason | None:
    """Why there is no use in asking a part, found out faster than the libraries' own retries would."""
    from auditor.azure.reach import try_to_reach
    from auditor.azure.signin_parts import has_service_principal, identity_endpoint
    from auditor.azure.signin_troubles import Reason

    name = part.kind.name
    if name == "managed-identity":
        endpoint, variable = identity_endpoint()
        if not await try_to_reach(endpoint, patience_s=1.0, proxies=False):
            return None
        if variable:
            return Reason(name, f"{endpoint} does not answer", f"Check {variable}, or unset it.")
        return Reason(name, "not on a machine with a managed identity")
    if name not in ("environment", "workload-identity") or not has_service_principal():
        return None
    found = await try_to_reach(cloud.authority)
    return Reason(name, found.words, found.remedy) if found else None


def _nobody(reasons: Sequence[Reason], cloud: Cloud) -> SignInError:
    refused = [reason for reason in reasons if reason.remedy]
    told = "; ".join(str(reason) for reason in reasons)
    if refused:
        return SignInError(f"refused: {told}", subject="sign-in", remedy=refused[-1].remedy)
    where = "" if cloud.name == "public" else f" (for the cloud {cloud.name}: az cloud set first)"
    return SignInError(
        f"no credential answered: {told}",
        subject="sign-in",
        remedy=f"Run az login{where}, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or "
        "AZURE_CLIENT_CERTIFICATE_PATH, or run where there is a managed identity or a workload identity.",
    )


def _check_tenant(session: Session) -> None:
    """A managed identity and a token cache answer for the tenant they are in, whatever was asked."""
    wanted, found = session.tenant, session.principal.tenant
    if wanted and found and _GUID.fullmatch(wanted) and wanted.lower() != found.lower():
        raise SignInError(
            f"{session.credential_name} answered for tenant {found}, not for {wanted}",
            subject="sign-in",
            remedy="Correct --tenant, or choose a credential of that tenant with --credential.",
        )
