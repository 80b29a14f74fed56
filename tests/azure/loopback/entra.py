"""Entra ID's token endpoint, its discovery documents, and the managed-identity endpoints."""

from __future__ import annotations

import base64
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.azure.loopback.access import Principal
from tests.azure.loopback.tokens import claims_of, decode, sign, token_claims
from tests.azure.loopback.wire import Reply, Request, json_reply

if TYPE_CHECKING:
    from tests.azure.loopback.azure import LoopbackAzure

IDENTITY_HEADER = "made-up-identity-header"
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def issue(azure: LoopbackAzure, principal: Principal, audience: str) -> str:
    """A token of a principal for an audience."""
    more: dict[str, Any] = dict(principal.claims)
    if audience.rstrip("/") in azure.graph_audiences:
        more.setdefault("roles", list(principal.graph_roles))
    return sign(
        token_claims(
            audience=audience,
            tenant=azure.tenant,
            object_id=principal.object_id,
            application_id=principal.application_id,
            lifetime_s=azure.token_lifetime_s,
            more=more,
        )
    )


def discovery(azure: LoopbackAzure, request: Request) -> Reply | None:
    """OpenID configuration and instance discovery; None for other paths.

    https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
    """
    parts = request.path.strip("/").split("/")
    if parts[:3] == ["common", "discovery", "instance"]:
        host = request.base.partition("//")[2]
        endpoint = f"{request.base}/{azure.tenant}/v2.0/.well-known/openid-configuration"
        metadata = [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}]
        return json_reply(200, {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata})
    if not request.path.endswith("/.well-known/openid-configuration"):
        return None
    if wrong := _wrong_tenant(azure, parts[0]):
        return wrong
    root = f"{request.base}/{parts[0]}"
    return json_reply(
        200,
        {
            "issuer": f"{request.base}/{azure.tenant}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "tenant_region_scope": "EU",
        },
    )


def token(azure: LoopbackAzure, request: Request) -> Reply:
    """`POST /{tenant}/oauth2/v2.0/token` with the client credentials grant.

    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    """
    if wrong := _wrong_tenant(azure, request.path.strip("/").split("/")[0]):
        return wrong
    form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    if form.get("grant_type") != "client_credentials":
        return _refuse(
            400,
            70003,
            "unsupported_grant_type",
            f"The app requested an unsupported grant type '{form.get('grant_type')}'.",
        )
    principal = azure.application(form.get("client_id", ""))
    if principal is None:
        words = (
            f"Application with identifier '{form.get('client_id')}' was not found in the directory 'Loopback'. This can"
            " happen if the application has not been installed by the administrator of the tenant or consented to by "
            "any user in the tenant. You may have sent your authentication request to the wrong tenant."
        )
        return _refuse(400, 700016, "unauthorized_client", words)
    if refused := _wrong_credential(principal, form, f"{request.base}{request.path}"):
        return refused
    audience = form.get("scope", "").removesuffix("/.default")
    if not azure.knows_audience(audience):
        words = f"The resource principal named {audience} was not found in the tenant named Loopback."
        return _refuse(400, 500011, "invalid_resource", words)
    lifetime = azure.token_lifetime_s
    return json_reply(
        200,
        {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": issue(azure, principal, audience),
        },
    )


def _wrong_tenant(azure: LoopbackAzure, tenant: str) -> Reply | None:
    if tenant.lower() in (azure.tenant, "common", "organizations"):
        return None
    words = (
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant."
    )
    return _refuse(400, 90002, "invalid_request", words)


def _wrong_credential(principal: Principal, form: dict[str, str], endpoint: str) -> Reply | None:
    if form.get("client_assertion_type") == _JWT_BEARER:
        assertion = form.get("client_assertion", "")
        federated = claims_of(assertion)
        if federated is not None:
            return _wrong_federation(principal, federated)
        return _wrong_certificate(principal, assertion, endpoint)
    app = principal.application_id
    if form.get("client_secret") != principal.secret:
        words = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app}'."
        )
        return _refuse(401, 7000215, "invalid_client", words)
    if principal.secret_expired:
        words = (
            f"The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new keys "
            "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added "
            "security: https://aka.ms/certCreds."
        )
        return _refuse(401, 7000222, "invalid_client", words)
    return None


def _wrong_federation(principal: Principal, claims: dict[str, Any]) -> Reply | None:
    issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
    if (issuer, subject) in principal.federated and audience == "api://AzureADTokenExchange":
        if claims.get("exp", 0) > time.time():
            return None
        return _refuse(401, 700024, "invalid_client", "Client assertion is not within its valid time range.")
    words = (
        f"No matching federated identity record found for presented assertion subject '{subject}'. Check your federated"
        f" identity credential Subject, Audience and Issuer against the presented assertion. Issuer: '{issuer}'."
    )
    return _refuse(400, 700213, "invalid_request", words)


def _wrong_certificate(principal: Principal, assertion: str, endpoint: str) -> Reply | None:
    """Check an assertion as Entra ID does: known certificate, signature, audience, issuer, time.

    https://learn.microsoft.com/entra/identity-platform/certificate-credentials
    """
    import jwt
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    unknown = _refuse(
        401,
        700027,
        "invalid_client",
        "The certificate with identifier used to sign the client assertion is not registered on application. "
        "[Reason - The key was not found.]",
    )
    if not principal.certificate:
        return unknown
    certificate = x509.load_pem_x509_certificate(principal.certificate)
    header = jwt.get_unverified_header(assertion)
    thumbprints = {
        "x5t": certificate.fingerprint(hashes.SHA1()),  # noqa: S303 - Entra ID's own identifier
        "x5t#S256": certificate.fingerprint(hashes.SHA256()),
    }
    if not any(name in header and decode(header[name]) == value for name, value in thumbprints.items()):
        return unknown
    if certificate.not_valid_after_utc < datetime.now(UTC):
        return _refuse(401, 1000502, "invalid_client", "The provided certificate is not within its specified validity.")
    try:
        claims = jwt.decode(
            assertion, certificate.public_key(), algorithms=["RS256", "PS256"], audience=endpoint, leeway=5
        )
    except jwt.PyJWTError as error:
        words = f"Client assertion contains an invalid signature. [Reason - {error}]"
        return _refuse(401, 700027, "invalid_client", words)
    if {claims.get("iss"), claims.get("sub")} != {principal.application_id}:
        words = f"Client assertion subject claim '{claims.get('sub')}' does not match 'client_id'."
        return _refuse(400, 700021, "invalid_client", words)
    return None


def _refuse(status: int, number: int, code: str, words: str) -> Reply:
    """An error as Entra ID writes it (https://learn.microsoft.com/entra/identity-platform/reference-error-codes)."""
    now = datetime.now(UTC)
    trace, correlation = uuid.uuid4(), uuid.uuid4()
    text = (
        f"AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now:%Y-%m-%d %H:%M:%S}Z"
    )
    return json_reply(
        status,
        {
            "error": code,
            "error_description": text,
            "error_codes": [number],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%S}Z",
            "trace_id": str(trace),
            "correlation_id": str(correlation),
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        },
    )


def managed_identity(azure: LoopbackAzure, request: Request) -> Reply:
    """App Service's token endpoint, api-version 2019-08-01.

    https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
    """
    if request.headers.get("x-identity-header") != azure.identity_header:
        words = {"statusCode": 401, "message": "Missing or wrong X-IDENTITY-HEADER", "correlationId": str(uuid.uuid4())}
        return json_reply(401, words)
    if request.parameter("api-version") != "2019-08-01":
        return json_reply(400, {"statusCode": 400, "message": "Unsupported api-version"})
    return _identity_token(azure, request)


def imds(azure: LoopbackAzure, request: Request) -> Reply:
    """The virtual machines' metadata service.

    https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
    """
    if request.headers.get("metadata", "").lower() != "true":
        return json_reply(
            400, {"error": "invalid_request", "error_description": "Required metadata header not specified"}
        )
    if not request.parameter("api-version"):
        return json_reply(400, {"error": "invalid_request", "error_description": "Required api-version not specified"})
    return _identity_token(azure, request)


def _identity_token(azure: LoopbackAzure, request: Request) -> Reply:
    client = request.parameter("client_id")
    principal = azure.application(client) if client else azure.principals[0]
    resource = request.parameter("resource") or ""
    if principal is None:
        return json_reply(400, {"error": "invalid_request", "error_description": "Identity not found"})
    if not azure.knows_audience(resource):
        words = f"AADSTS500011: The resource principal named {resource} was not found in the tenant named Loopback."
        return json_reply(400, {"error": "invalid_resource", "error_description": words})
    expires = int(time.time()) + azure.token_lifetime_s
    return json_reply(
        200,
        {
            "access_token": issue(azure, principal, resource),
            "client_id": principal.application_id,
            "expires_in": str(azure.token_lifetime_s),
            "expires_on": str(expires),
            "not_before": str(int(time.time())),
            "resource": resource,
            "token_type": "Bearer",
        },
    )


def check(azure: LoopbackAzure, request: Request, audiences: frozenset[str]) -> Principal | Reply:
    """Who a request's token speaks for, or the 401 that a service answers for a token that will not do.

    https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and
    https://learn.microsoft.com/rest/api/azure/#create-the-request
    """
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        return _unauthorized(
            azure, request, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    try:
        claims = claims_of(text)
    except (ValueError, base64.binascii.Error):
        claims = None
    if claims is None:
        return _unauthorized(azure, request, "InvalidAuthenticationToken", "The access token is invalid.")
    if str(claims["aud"]).rstrip("/") not in audiences:
        words = (
            "The access token has been obtained for wrong audience or resource "
            f"'{claims['aud']}'. It should exactly match with one of the allowed audiences "
            f"'{','.join(sorted(audiences))}'."
        )
        return _unauthorized(azure, request, "InvalidAuthenticationTokenAudience", words)
    if claims["exp"] <= time.time() or text in azure.revoked:
        words = "The access token expiry UTC time is earlier than current UTC time."
        return _unauthorized(azure, request, "ExpiredAuthenticationToken", words)
    if claims["tid"] != azure.tenant:
        words = (
            f"The access token is from the wrong issuer '{claims['iss']}'. It must match the tenant '{azure.tenant}'."
        )
        return _unauthorized(azure, request, "InvalidAuthenticationTokenTenant", words)
    return next(p for p in azure.principals if p.object_id == claims["oid"])


def _unauthorized(azure: LoopbackAzure, request: Request, code: str, message: str) -> Reply:
    challenge = (
        f'Bearer authorization_uri="{request.base}/{azure.tenant}", error="invalid_token", '
        f'error_description="{message}"'
    )
    return json_reply(401, {"error": {"code": code, "message": message}}, {"WWW-Authenticate": challenge})
