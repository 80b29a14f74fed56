"""Why a part of the chain gave no token, in a few words, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.azure.answers import one_line
from auditor.azure.connections import CA_VARIABLES
from auditor.azure.signin_parts import PartKind, missing_variables

_ERROR_NUMBER = re.compile(r"AADSTS(\d+)")
_TLS = re.compile(r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate", re.IGNORECASE)
_NOISE = re.compile(
    r"\s*(?:Trace ID:|Correlation ID:|Timestamp:|Content:|To mitigate this issue|Visit https).*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one part gave no token."""

    part: str
    words: str
    remedy: str = ""
    """What would help; "" where the part is simply not meant to be used here."""

    def __str__(self) -> str:
        return f"{self.part}: {self.words}"


_RENEW = "Make a new one (az ad app credential reset --id <application id>) and set AZURE_CLIENT_SECRET to its value."
_AGAIN = "Sign in again: az login --scope https://management.core.windows.net//.default"
_FEDERATION = (
    "Compare issuer, subject and audience of the federated credential with the token's: "
    "az ad app federated-credential list --id <application id>"
)

# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_MEANINGS = {
    "7000215": ("the client secret is wrong", f"Give the secret's value, not its id. {_RENEW}"),
    "7000222": ("the client secret has expired", _RENEW),
    "7000218": ("no client secret or assertion was sent", "Set AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH."),
    "7000112": ("the application is disabled", "Enable its enterprise application in Entra ID."),
    "7000229": (
        "the application has no service principal in this tenant",
        "Make one: az ad sp create --id <application id>",
    ),
    "700016": (
        "the application does not exist in this tenant",
        "Check AZURE_CLIENT_ID and AZURE_TENANT_ID, and the cloud (--cloud).",
    ),
    "90002": ("the tenant does not exist in this cloud", "Check AZURE_TENANT_ID or --tenant, and the cloud (--cloud)."),
    "900023": ("the tenant id is malformed", "Check AZURE_TENANT_ID or --tenant: a GUID or a domain name."),
    "700027": (
        "the certificate is not registered for the application, or its key does not fit",
        "Upload the certificate: az ad app credential reset --id <application id> --cert @cert.pem --append",
    ),
    "1000502": ("the certificate is outside its validity", "Renew the certificate and register the new one."),
    "700024": ("the assertion has expired or is not valid yet", "Check this machine's clock, or fetch a fresh token."),
    "70021": ("no federated credential fits the token", _FEDERATION),
    "700211": ("no federated credential has the token's issuer", _FEDERATION),
    "700212": ("no federated credential has the token's audience", _FEDERATION),
    "700213": ("no federated credential has the token's subject", _FEDERATION),
    "500011": (
        "the tenant does not know the token audience",
        "Check the cloud (--cloud) and activeDirectoryResourceId.",
    ),
    "65001": ("nobody has consented to the permission", "Ask an administrator of the tenant for consent."),
    "50076": ("multi-factor authentication is required", _AGAIN),
    "50079": ("multi-factor authentication must be set up", _AGAIN),
    "50078": ("multi-factor authentication has expired", _AGAIN),
    "50173": ("the sign-in was revoked", _AGAIN),
    "700082": ("the sign-in has expired", _AGAIN),
    "70043": ("the sign-in has expired", _AGAIN),
    "50057": ("the user account is disabled", "Ask an administrator of the tenant."),
    "50034": ("the user does not exist in this tenant", "Check --tenant."),
    "50020": ("the user is not a member of this tenant", "Check --tenant, or be invited as a guest."),
    "53003": ("a conditional access policy blocks the sign-in", "Ask an administrator of the tenant."),
    "530003": ("a conditional access policy wants a managed device", "Ask an administrator of the tenant."),
}


def reason_for(kind: PartKind, error: BaseException, *, unavailable: bool) -> Reason:
    """Why this part gave no token. `unavailable`: it did not try, because it lacks what it needs."""
    text = str(error)
    if number := _ERROR_NUMBER.search(text):
        words, remedy = _MEANINGS.get(number.group(1), ("", ""))
        if words:
            return Reason(kind.name, f"{words} (AADSTS{number.group(1)})", remedy)
        return Reason(
            kind.name, _short(text[number.start() :]), "Look the code up at https://login.microsoftonline.com/error."
        )
    if _TLS.search(text):
        return Reason(kind.name, "the certificate of the sign-in service is not trusted", _trust_remedy())
    if unavailable:
        return Reason(kind.name, _unavailable(kind, text))
    return Reason(kind.name, _short(text) or type(error).__name__, _REMEDIES.get(kind.name, ""))


def _trust_remedy() -> str:
    names = " or ".join((CA_VARIABLES[0], CA_VARIABLES[2]))
    return f"Let {names} name a PEM file with your organisation's certificate authority."


_REMEDIES = {
    "environment": "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret or certificate.",
    "workload-identity": "Check AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID and AZURE_TENANT_ID.",
    "managed-identity": "Assign an identity to this machine or app, and name a user-assigned one in AZURE_CLIENT_ID.",
    "azure-cli": "Run az login.",
}

_UNAVAILABLE = (
    # (what the part's own words hold, what we say)
    ("no identity has been assigned", "no identity is assigned to this machine"),
    ("requested identity has not been assigned", "the identity of AZURE_CLIENT_ID is not assigned to this machine"),
    ("unexpected content type", "not on a machine with a managed identity"),
    ("no response from the imds", "not on a machine with a managed identity"),
    ("az login", "not signed in"),
    ("azd auth login", "not signed in"),
    ("connect-azaccount", "not signed in"),
    ("not found on path", "not installed"),
    ("could not be found", "not installed"),
    ("is not installed", "not installed"),
    ("broker", "not available here"),
    ("shared token cache", "empty"),
    ("no accounts", "empty"),
    ("timed out", "does not answer"),
)


def _unavailable(kind: PartKind, text: str) -> str:
    if kind.name == "environment":
        return missing_variables()
    if kind.name == "workload-identity":
        return "not set up"
    lowered = text.lower()
    # `could not be found ... azd auth login` is both: what is missing first counts.
    if "developer cli could not be found" in lowered:
        return "not installed"
    for sign, words in _UNAVAILABLE:
        if sign in lowered:
            return words
    return _short(text) or "not available"


def _short(text: str) -> str:
    return one_line(_NOISE.sub("", text)).rstrip(". ")[:160]
