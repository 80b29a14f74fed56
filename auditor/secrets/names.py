"""Names that tell: of properties, settings, headers and tags whose value is a secret, whatever the type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from auditor.inventory.model import Json
from auditor.secrets.values import is_harmless

SECRET_NAMES = frozenset(
    name.lower()
    for name in (  # noqa: SIM905 - names are easier to read without quotes
        "accessKey accountKey adminPassword administratorLoginPassword aof-storage-connection-string-0 "
        "aof-storage-connection-string-1 apiKey authorizationKey certificatePassword clientSecret connectionString "
        "customData daprAIConnectionString daprAIInstrumentationKey developerAppInsightsApiKey encodedCertificate "
        "encryptedCredential eventHubConnectionString facebookAppSecret githubClientSecret googleClientSecret "
        "instrumentationKey microsoftAccountClientSecret migrationToken passwd password personalAccessToken "
        "pfxPassword preSharedKey primaryConnectionString primaryKey primaryMasterKey primaryReadonlyMasterKey "
        "privateKey publishingPassword qnaAzureSearchEndpointKey radiusServerSecret rdb-storage-connection-string "
        "repositoryToken resourceOwnerPassword runAsPassword sasKey sasToken sasUrl sasUri secondaryConnectionString "
        "secondaryKey secondaryMasterKey secondaryReadonlyMasterKey secret secretText secretValue secureValue "
        "serverAppSecret serviceKey sharedAccessKey sharedKey sqlAdministratorLoginPassword sshPassword sshPrivateKey "
        "storageAccountAccessKey storageAccountConnectionString storageAccountKey storageContainerSasKey "
        "twitterConsumerSecret userData validationKey workspaceKey"
    ).split()
)
"""Property names whose text is a secret whatever the type, lower-cased."""

OPEN_HEADERS = frozenset(
    {
        "access-control-allow-origin",
        "cache-control",
        "content-security-policy",
        "content-type",
        "permissions-policy",
        "referrer-policy",
        "server",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
        "x-powered-by",
        "x-aspnet-version",
        "x-xss-protection",
    }
)
"""Headers whose values rules judge, and that hold no secret."""

PROSE = frozenset(
    {"description", "notes", "note", "comment", "comments", "displayname", "summary", "remarks", "purpose"}
)
"""Properties in which people write what they like, a secret among it."""

_TELLING = re.compile(
    r"(?:password|passwd|pwd|passphrase|secret|credential|(?:^|_)cookie|(?:auth|access|refresh|bearer|sas|api|user|bot)_?token|^token"
    r"|_token|(?:api|access|account|shared|master|private|function|subscription|host|license|signing|storage|primary|secondary)_?key"
    r"|(?:connection|conn)_?str(?:ing)?|sas_?ur[il]|(?:^|_)sas|(?:proxy_)?authorization)$"
)
_TELLING_PAIR = re.compile(r"(?:_key|^key|_auth|^auth|_pass|_pat|_jwt|_hmac|_verify|_signature|token)$")
_BLANKS = re.compile(r"[-.: /\\]")
_PLAIN = frozenset(
    (  # noqa: SIM905 - words are easier to read without quotes
        "enabled disabled required optional allowed default systemassigned userassigned keyvault managed rotated yes "
        "no on off n/a tbd unknown redacted removed string securestring secureobject expired"
    ).split()
)
# A date or a duration.
_MEASURE = re.compile(r"(?:19|20)\d\d([-/.]\d{1,2}){1,2}([T ][\d:.+Z-]*)?|P(?=\d|T\d)(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?")
_VAULT = re.compile(
    r"https://[\w-]{1,63}\.vault\.[a-z.]{5,40}(?::443)?/?(?:(?:secrets|keys|certificates)/[\w/-]{1,200})?", re.I
)


@lru_cache(maxsize=65_536)
def is_telling(name: str) -> bool:
    """Whether a property's name says that its text is a secret: `dbPassword`, `x-api-key`, `GITHUB_TOKEN`."""
    return _TELLING.search(_BLANKS.sub("_", name.lower())) is not None


@lru_cache(maxsize=65_536)
def is_telling_label(name: str) -> bool:
    """The same of a tag, a header or a setting, which are named more loosely: `backup-key`, `origin-auth`."""
    folded = _BLANKS.sub("_", name.lower())
    return _TELLING.search(folded) is not None or _TELLING_PAIR.search(folded) is not None


def pair_of(body: Mapping[str, Json]) -> tuple[str, bool, bool]:
    """Of an object that is a name and its value: the value's key, whether the name tells, whether it is an open header.

    ("", False, False) for other objects.
    """
    for value_key in VALUE_KEYS:
        if value_key in body:
            for name_key in _NAME_KEYS:
                if isinstance(name := body.get(name_key), str):
                    return value_key, is_telling_label(name), name.lower() in OPEN_HEADERS
            kind = body.get("type")
            return value_key, isinstance(kind, str) and kind.lower() in _SECURE, False
    return "", False, False


VALUE_KEYS = ("value", "Value", "headerValue", "defaultValue", "val")
_NAME_KEYS = ("name", "Name", "headerName", "key", "header", "field")
_SECURE = ("securestring", "secureobject")


def is_switch(text: str) -> bool:
    """Whether a text is a word of a service's own: Grafana's `apiKey` says `Enabled` or `Disabled`."""
    return is_harmless(text) or text.strip().lower() in _PLAIN


def is_told_plainly(text: str) -> bool:
    """Whether a text below a telling name is none all the same: a switch, a date, an address of a vault."""
    stripped = text.strip()
    return (
        not stripped
        or is_switch(stripped)
        or _MEASURE.fullmatch(stripped) is not None
        or _VAULT.fullmatch(stripped) is not None
    )
