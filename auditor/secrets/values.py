"""What may be said of a secret without saying it: its kind, where it leads, when it ends.

The marks inside keys (`+ASt`, `ACDb`, `8Q~`, ...) are Microsoft's identifiable key formats:
https://github.com/microsoft/security-utilities and
https://learn.microsoft.com/purview/sit-defn-all-creds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, urlsplit


class SecretKind(StrEnum):
    """What a replaced value was."""

    STORAGE_ACCOUNT_KEY = "storage-account-key"
    SAS = "sas"
    SQL_PASSWORD = "sql-password"  # noqa: S105 - a kind
    SERVICE_BUS_KEY = "service-bus-key"
    """Service Bus and Event Hubs write connection strings of one shape."""
    EVENT_HUBS_KEY = "event-hubs-key"
    COSMOS_KEY = "cosmos-key"
    REDIS_KEY = "redis-key"
    CLIENT_SECRET = "client-secret"  # noqa: S105 - a kind
    IOT_HUB_KEY = "iot-hub-key"
    SIGNALR_KEY = "signalr-key"
    SEARCH_KEY = "search-key"
    FUNCTION_KEY = "function-key"
    APP_CONFIGURATION_KEY = "app-configuration-key"
    APPLICATION_INSIGHTS = "application-insights"
    ACCOUNT_KEY = "account-key"
    """A 64-byte key of a storage or Cosmos DB account that does not show which."""
    PRIVATE_KEY = "private-key"
    TOKEN = "token"  # noqa: S105 - a kind
    PASSWORD = "password"  # noqa: S105 - a kind
    """A password inside a URL."""
    KEY_VAULT_REFERENCE = "key-vault-reference"
    APP_CONFIGURATION_REFERENCE = "app-configuration-reference"
    CONNECTION_STRING = "connection-string"
    """Names a server and holds no password: signs in with an identity."""
    URL = "url"
    MASKED = "masked"
    """The service itself wrote asterisks."""
    PLAIN = "plain"
    """Anything else: text that may be a secret."""
    EMPTY = "empty"
    TOO_DEEP = "too-deep"
    """Nested deeper than any service nests; not looked at."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is kept of a value."""

    kind: SecretKind
    secret: str = ""
    """The part to hash: the same wherever it stands. "" where there is nothing to keep secret."""
    details: Mapping[str, str] = field(default_factory=dict)
    """By name, see `auditor.secrets.marks.DETAILS`: `host`, `account`, `expires_at`, `encrypt`, `sslmode`, ..."""


_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)*[A-Za-z0-9-]{1,63}")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_ARM_ID = re.compile(
    r"/subscriptions/[0-9a-fA-F-]{36}(?:/resourceGroups/[\w.()-]{1,90})?(?:/providers(?:/[\w.()-]{1,120}){1,12})?", re.I
)
_PLACEHOLDER = re.compile(
    r"\{\{[\w.-]{1,256}\}\}"  # an API Management named value
    r"|@\{?parameters\('[\w$ -]{1,80}'\)(?:\??\['[\w$ -]{1,80}'\]){0,3}\}?"  # a parameter of a workflow
    r"|\[parameters\('[\w$ -]{1,80}'\)\]"
    r"|\$\(?secretRef:[\w.-]{1,253}\)?"
)
_HARMLESS = frozenset({"true", "false", "null", "none", "0", "1", "managedidentity", "usedevelopmentstorage=true"})
_VAULT_BY_URI = re.compile(
    r"@Microsoft\.KeyVault\(\s*SecretUri=(https://([A-Za-z0-9-]{3,24})(\.[a-z0-9.-]+)(?::443)?/secrets/([\w-]{1,127})"
    r"(?:/[0-9a-fA-F]{0,32})?/?)\s*\)",
    re.I,
)
_VAULT_BY_NAME = re.compile(
    r"@Microsoft\.KeyVault\(\s*VaultName=([A-Za-z0-9-]{3,24})\s*;\s*SecretName=([\w-]{1,127})"
    r"(?:\s*;\s*SecretVersion=[0-9a-fA-F]{0,32})?\s*;?\s*\)",
    re.I,
)
_CONFIGURED = re.compile(r"@Microsoft\.AppConfiguration\(\s*Endpoint=https://([A-Za-z0-9.-]+)/?\s*;[^()]*\)", re.I)
MARKED_KEYS = (
    (re.compile(r"[A-Za-z0-9/+]{76}\+ASt[A-Za-z0-9/+]{5}[AQgw]=="), SecretKind.STORAGE_ACCOUNT_KEY, "+ASt"),
    (re.compile(r"[A-Za-z0-9/+]{76}ACDb[A-Za-z0-9/+]{5}[AQgw]=="), SecretKind.COSMOS_KEY, "ACDb"),
    (re.compile(r"[A-Za-z0-9/+]{33}\+ASb[A-Za-z0-9/+]{5}="), SecretKind.SERVICE_BUS_KEY, "+ASb"),
    (re.compile(r"[A-Za-z0-9/+]{33}\+AEh[A-Za-z0-9/+]{5}="), SecretKind.EVENT_HUBS_KEY, "+AEh"),
    (re.compile(r"[A-Za-z0-9/+]{33}AIoT[A-Za-z0-9/+]{5}="), SecretKind.IOT_HUB_KEY, "AIoT"),
    (re.compile(r"[A-Za-z0-9/+]{33}AzCa[A-P][A-Za-z0-9/+]{5}="), SecretKind.REDIS_KEY, "AzCa"),
    (re.compile(r"[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{5}[AQgw](?:==)?"), SecretKind.FUNCTION_KEY, "AzFu"),
    (re.compile(r"[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}"), SecretKind.SEARCH_KEY, "AzSe"),
    (re.compile(r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"), SecretKind.CLIENT_SECRET, "Q~"),
)
"""Keys that Microsoft marks, what they are, and the mark by itself."""
_ACCOUNT_KEY = re.compile(r"[A-Za-z0-9/+]{86}==")
_TOKEN = re.compile(
    r"(?:Bearer\s+)?(?:eyJ[\w-]{5,}\.[\w-]+\.[\w-]*|gh[pousr]_\w{30,255}|github_pat_\w{22,255}|glpat-[\w-]{20,255}"
    r"|sk-(?:proj|svcacct|admin|ant)-[\w-]{20,255}|sk-[A-Za-z0-9]{40,255}|xox[a-z]-[A-Za-z0-9-]{10,255}"
    r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}|[a-z2-7]{52}|dapi[0-9a-f]{32}(?:-\d)?|npm_[A-Za-z0-9]{36})",
    re.I,
)
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_SIGNED = re.compile(r"(?:^|[?&;\s])sig=", re.I)


def is_harmless(text: str) -> bool:
    """Whether a text in a place for secrets is provably none: a switch, a resource id, a reference to a parameter."""
    return text.lower() in _HARMLESS or bool(_ARM_ID.fullmatch(text) or _PLACEHOLDER.fullmatch(text))


def is_arm_id(text: str) -> bool:
    """Whether a text is an id of Azure Resource Manager, whatever names are in it."""
    return text[:1] == "/" and _ARM_ID.match(text) is not None


def describe(text: str) -> Description:
    """What a value from a place for secrets is."""
    text = text.strip()
    if not text:
        return Description(SecretKind.EMPTY)
    if not text.strip("*"):
        return Description(SecretKind.MASKED)
    for reader in (_reference, _by_looks, _by_parts, _by_url):
        if found := reader(text):
            return found
    return Description(SecretKind.PLAIN, text)


def _reference(text: str) -> Description | None:
    if found := _VAULT_BY_URI.fullmatch(text):
        details = {"uri": found[1], "host": (found[2] + found[3]).lower(), "vault": found[2], "name": found[4]}
        return Description(SecretKind.KEY_VAULT_REFERENCE, details=details)
    if found := _VAULT_BY_NAME.fullmatch(text):
        return Description(SecretKind.KEY_VAULT_REFERENCE, details={"vault": found[1], "name": found[2]})
    if found := _CONFIGURED.fullmatch(text):
        return Description(SecretKind.APP_CONFIGURATION_REFERENCE, details={"host": found[1].lower()})
    return None


def _by_looks(text: str) -> Description | None:
    if PRIVATE_KEY.search(text):
        return Description(SecretKind.PRIVATE_KEY, text)
    if _TOKEN.fullmatch(text):
        return Description(SecretKind.TOKEN, text.rpartition(" ")[2])
    for mark, kind, _ in MARKED_KEYS:
        if mark.fullmatch(text):
            return Description(kind, text)
    return Description(SecretKind.ACCOUNT_KEY, text) if _ACCOUNT_KEY.fullmatch(text) else None


def _by_parts(text: str) -> Description | None:
    """A connection string: `name=value` parted by `;`, or by `,` as Redis clients write it."""
    if text[:5].lower() == "jdbc:":
        return _by_jdbc(text[5:])
    # As libpq reads them: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
    spaced = ";" not in text and re.match(r"\w+=\S+\s+\w+=", text) is not None
    separator = None if spaced else ";" if ";" in text or "," not in text else ","
    parts = _parts(text.split(separator))
    if separator == "," and "password" in parts:
        host = _host(text.partition(",")[0].partition(":")[0])
        return Description(SecretKind.REDIS_KEY, parts["password"], {**host, **_transport(parts)})
    if "://" in text.partition("=")[0] or not parts:
        return None
    return _keyed(parts) or _database(parts)


def _parts(texts: Iterable[str]) -> dict[str, str]:
    """By name, lower-cased and without blanks: the first of each counts."""
    parts: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals:
            parts.setdefault(name.strip().lower().replace(" ", "").replace("_", ""), value.strip())
    return parts


def _by_jdbc(text: str) -> Description | None:
    """What follows `jdbc:`: a URL whose settings stand in its query, or behind semicolons (SQL Server)."""
    url, _, rest = text.partition(";")
    split = _split(url)
    if split is None or not split.netloc:
        return None
    parts = {**_parts(split.query.split("&")), **_parts(rest.split(";"))}
    user = {"user": "given"} if split.username or any(parts.get(name) for name in _USERS) else {}
    details = {**_host_of_url(url), **_scheme(url), **user, **_authentication(parts), **_transport(parts)}
    if password := split.password or parts.get("password") or parts.get("pwd"):
        return Description(SecretKind.SQL_PASSWORD, password, details)
    return Description(SecretKind.CONNECTION_STRING, text, details)


def _authentication(parts: Mapping[str, str]) -> dict[str, str]:
    way = parts.get("authentication", "")
    known = re.fullmatch(r"(?:Active ?Directory|Sql ?Password)[ A-Za-z]{0,30}", way, re.I)
    return {"authentication": way} if known else {}


def _keyed(parts: Mapping[str, str]) -> Description | None:
    endpoint = _host_of_url(parts.get("endpoint", ""))
    match parts:
        case {"accountendpoint": url, "accountkey": key}:
            return Description(SecretKind.COSMOS_KEY, key, {**_host_of_url(url), **_scheme(url)})
        case {"accountkey": key}:
            protocol = _word("protocol", parts.get("defaultendpointsprotocol", "").lower())
            endpoint = _host_of_url(next((url for name, url in parts.items() if name.endswith("endpoint")), ""))
            account = _account(parts.get("accountname", ""))
            return Description(SecretKind.STORAGE_ACCOUNT_KEY, key, {**account, **endpoint, **protocol})
        case {"sharedaccesssignature": sas}:
            place = _host_of_url(parts.get("blobendpoint", "") or parts.get("endpoint", ""))
            return Description(SecretKind.SAS, _signature(sas), {**place, **_terms(sas)})
        case {"hostname": host, "sharedaccesskey": key}:
            return Description(SecretKind.IOT_HUB_KEY, key, {**_host(host), **_key_name(parts)})
        case {"sharedaccesskey": key}:
            return Description(SecretKind.SERVICE_BUS_KEY, key, {**endpoint, **_key_name(parts)})
        case {"endpoint": _, "accesskey": key}:
            return Description(SecretKind.SIGNALR_KEY, key, endpoint)
        case {"endpoint": _, "secret": key}:
            return Description(SecretKind.APP_CONFIGURATION_KEY, key, endpoint)
        case {"instrumentationkey": key}:
            return Description(SecretKind.APPLICATION_INSIGHTS, key, _host_of_url(parts.get("ingestionendpoint", "")))
    return None


_SERVERS = ("server", "datasource", "addr", "address", "networkaddress", "host")


def _database(parts: Mapping[str, str]) -> Description | None:
    server = next((parts[name] for name in _SERVERS if parts.get(name)), "")
    if not server:
        return None
    host = _host(server.lower().removeprefix("tcp:").partition(",")[0].partition(":")[0])
    user = {"user": "given"} if any(parts.get(name) for name in _USERS) else {}
    details = {**host, **_authentication(parts), **user, **_transport(parts)}
    if password := parts.get("password") or parts.get("pwd"):
        return Description(SecretKind.SQL_PASSWORD, password, details)
    rest = ";".join(f"{name}={value}" for name, value in sorted(parts.items()))
    return Description(SecretKind.CONNECTION_STRING, rest, details)


_USERS = ("userid", "uid", "user", "username", "useridentity")
_TRANSPORT = {"encrypt": "encrypt", "trustservercertificate": "trust_server_certificate"}
_TRANSPORT |= {"sslmode": "sslmode", "ssl": "ssl", "usessl": "ssl"}
SWITCH = re.compile(
    r"true|false|yes|no|[01]|strict|mandatory|optional|disabled?|allow|preferr?ed|required?|none"
    r"|verify-?(?:ca|full|identity)"
)


def _transport(parts: Mapping[str, str]) -> dict[str, str]:
    """How a connection is to be encrypted, in the words of the connection string, lower-cased."""
    switches = ((told, parts[name].strip("'\"").lower()) for name, told in _TRANSPORT.items() if name in parts)
    return {told: word for told, word in switches if SWITCH.fullmatch(word)}


def _key_name(parts: Mapping[str, str]) -> dict[str, str]:
    """The authorization rule whose key it is, where it reads as a name."""
    name = parts.get("sharedaccesskeyname", "")
    return {"key_name": name} if re.fullmatch(r"[A-Za-z][A-Za-z._-]{0,49}", name) else {}


def _word(name: str, word: str) -> dict[str, str]:
    return {name: word} if word in ("http", "https") else {}


def _scheme(url: str) -> dict[str, str]:
    split = _split(url)
    return {"protocol": split.scheme.lower()} if split and split.scheme.lower() in _SCHEMES else {}


_SCHEMES = frozenset(
    (  # noqa: SIM905 - words are easier to read without quotes
        "http https amqp amqps redis rediss mongodb mongodb+srv postgres postgresql mysql mssql sqlserver ftp ftps sftp"
    ).split()
)


def _queried(query: str) -> dict[str, str]:
    """What the query of an address says of its encryption: `?sslmode=require`, `&ssl=true`."""
    return _transport({name.lower().replace("-", ""): values[-1] for name, values in parse_qs(query).items()})


def _by_url(text: str) -> Description | None:
    if _SIGNED.search(text):
        return Description(SecretKind.SAS, _signature(text), {**_host_of_url(text), **_scheme(text), **_terms(text)})
    split = _split(text)
    if split is None or not split.scheme or not split.netloc:
        return None
    host = {**_host_of_url(text), **_scheme(text), **_queried(split.query)}
    if split.password:
        cosmos = host.get("host", "").endswith((".cosmos.azure.com", ".documents.azure.com", ".cosmos.azure.us"))
        database = split.scheme.startswith(("postgres", "mysql", "mssql", "sqlserver", "jdbc", "mongodb"))
        redis = split.scheme.startswith("redis")
        kind = SecretKind.COSMOS_KEY if cosmos else SecretKind.SQL_PASSWORD if database else SecretKind.PASSWORD
        return Description(SecretKind.REDIS_KEY if redis else kind, split.password, host)
    if code := parse_qs(split.query).get("code"):
        return Description(SecretKind.FUNCTION_KEY, code[0], host)
    return Description(SecretKind.URL, text, host)


def _terms(text: str) -> dict[str, str]:
    """Expiry and permissions of a shared access signature, where they read as such."""
    query = parse_qs(text.rpartition("?")[2].removeprefix("SharedAccessSignature "))
    terms: dict[str, str] = {}
    if expiry := _moment(query.get("se", [""])[0]):
        terms["expires_at"] = expiry
    permissions = query.get("sp", [""])[0]
    if re.fullmatch(r"[a-z]{1,16}", permissions):
        terms["permissions"] = permissions
    return terms


def _moment(text: str) -> str:
    """A SAS's date as ISO 8601 in UTC; storage writes it so, messaging as seconds since 1970. "" for neither."""
    try:
        moment = datetime.fromtimestamp(int(text), UTC) if text.isdecimal() else datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    except (ValueError, OverflowError, OSError):  # also for a first or last year that another zone takes out of range
        return ""


def _signature(text: str) -> str:
    return text[text.lower().index("sig=") + 4 :].partition("&")[0] if "sig=" in text.lower() else text


def _host_of_url(text: str) -> dict[str, str]:
    split = _split(text)
    try:
        return _host(split.hostname or "") if split else {}
    except ValueError:
        return {}


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None


def _host(name: str) -> dict[str, str]:
    """A host that reads as one; a name without a dot could be anything."""
    name = name.strip().lower()
    return {"host": name} if "." in name and _HOST.fullmatch(name) else {}


def _account(name: str) -> dict[str, str]:
    return {"account": name} if _ACCOUNT.fullmatch(name) else {}
