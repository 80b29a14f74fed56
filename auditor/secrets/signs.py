"""Texts that show what they are, wherever they stand: keys, tokens, signatures, passwords that follow their names.

Shapes of tokens, each from its issuer: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html, https://docs.slack.dev/authentication/tokens,
https://learn.microsoft.com/purview/sit-defn-all-creds (Azure DevOps, Databricks and Microsoft's own keys).

Every pattern begins where a run of its letters begins or is bounded in length, so that a long text takes time in
proportion to its length.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from auditor.secrets.values import MARKED_KEYS, PRIVATE_KEY, is_arm_id, is_harmless

_TOKENS = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[\w-]{20,255}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|sk-(?:proj|svcacct|admin|ant)-[\w-]{20,255}|sk-(?=[a-z]{0,20}[A-Z0-9])[A-Za-z0-9]{40,255}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,255}|xapp-\d-[\w-]{10,255}"
    r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?![A-Za-z0-9])|(?=[a-z]{0,51}[2-7])[a-z2-7]{52}(?![A-Za-z0-9_-])"
    r"|AIza[\w-]{35}|[rs]k_live_[A-Za-z0-9]{16,255}|SG\.[\w-]{22}\.[\w-]{43}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,512}"
    r"|dapi[0-9a-f]{32}|dckr_pat_[\w-]{20,255}|hvs\.[\w-]{20,255}"
    r"|eyJ[\w-]{5,8192}\.[\w-]{2,8192}\.[\w-]{0,8192}"
    r")"
)
_RAW_KEY = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])")
_RAW_KEY_IN_PATH = re.compile(r"(?<=/)[A-Za-z0-9+/]{86}==(?=/|$)")
_HOOKS = re.compile(
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/]{10,255}|[\w.-]{1,100}\.office\.com/webhook(?:b2)?/[^\s\"']{10,512}"
    r"|discord(?:app)?\.com/api/webhooks/[\w/-]{10,255}",
    re.I,
)
_AUTHORIZATION = re.compile(
    r"(?<!\w)(?:Bearer\s{1,4}(?P<bearer>[\w.~+/-]{16,8192}=*)|Basic\s{1,4}(?P<basic>[A-Za-z0-9+/]{6,4096}={0,2}))", re.I
)
_NAME = (
    r"(?:account_?key|shared_?access_?key|access_?key(?:_?id)?|shared_?access_?signature|pass(?:word|wd|phrase|code)|(?<![a-z])pwd"
    r"|client[-_ ]?secret|api[-_ ]?key|secret[-_ ]?(?:access[-_ ]?)?key|(?:auth|access|refresh|bearer|sas)[-_ ]?token"
    r"|private[-_ ]?key|instrumentation_?key|function_?key|subscription[-_]key|(?<![a-z])(?:token|secret))"
)
# What is written in place of a value: a variable, a gap to fill in, a switch, asterisks.
_NO_VALUE = (
    r"(?!\$[({]|%|\{\{|<[a-z]|\*|@microsoft\.|@\{?parameters\(|\$secret\("
    r"|(?:true|false|null|none|yes|no|required|optional)(?![\w-]))"
)
_NAMED = re.compile(
    rf"{_NAME}[\"']?\s{{0,8}}(?:=|:(?=[\s\"']))\s{{0,8}}[\"']?{_NO_VALUE}(?P<after>[^\s;,&\"'*]{{1,4096}})"
    # A path of configuration keys (`Identity:Password:RequiredLength`) is written without a blank, too.
    rf"|(?<![:.\w]){_NAME}:{_NO_VALUE}(?!(?:[A-Za-z]+:)*[A-Za-z]+(?![^\s:]))(?P<close>[^\s;,&\"'*:]{{4,4096}})"
    rf"|{_NAME}\s{{1,4}}(?:is|was|lautet)\s{{0,4}}:?\s{{0,4}}[\"']?(?=[^\s\"']{{0,64}}[\d!@#$%^&*])(?P<told>[^\s\"']{{5,512}})"
    rf"|(?<![\w-])(?:--?|/){_NAME}\s{{1,8}}[\"']?{_NO_VALUE}(?!-)(?P<flag>[^\s\"']{{3,4096}})"
    r"|(?<![\w-])-u\s{1,8}[^\s:]{1,256}:(?P<user>[^\s:]{3,256})",
    re.I,
)
_IN_URL = re.compile(
    r"(?:^|[?&;\s])sig=(?P<sig>[^&\s\"']{1,512})|://[^/\s:@]{0,256}:(?!\*)(?P<password>[^/\s:@]{1,256})@"
    r"|[?&](?:code|key|subscription-key|api[-_]?key|access_token|token|secret|password)=(?P<code>[\w%/+.~-]{16,2048})",
    re.I,
)
_WORTH = ("key", "pass", "pwd", "secret", "token", "sig=", "signature", "code=", "://", "-u", "bearer", "basic")
"""A text without any of these says of nothing in it that it is a secret."""
_MARKS = (  # noqa: SIM905 - words are easier to read without quotes
    "eyj gho_ ghp_ ghu_ ghs_ ghr_ github_pat_ glpat- akia asia sk- xox xapp- azdo aiza _live_ sg. npm_ pypi- dapi "
    "dckr_pat_ hvs. q~ +ast acdb +asb +aeh aiot azca azfu azse private slack.com office.com discord"
).split()
"""A text without any of these holds no key or token that is marked."""
SIGNS = tuple(dict.fromkeys((*_WORTH, *_MARKS)))
"""A text without any of these, and without a run of `RUN_SIGNS` that is `LONG`, is no suspect. Lower-cased."""
_SHORTEST, LONG = 8, 52
SHORTEST_RANDOM = 16
"""Characters of the shortest word that is taken for one that nobody makes up."""
RUN_SIGNS = frozenset("+/" + string.ascii_letters + string.digits)
_RUN = re.compile(r"[A-Za-z0-9+/]{52}")
# A date, a version, a content type, an address without a query, a name of a schema.
_ORDINARY = re.compile(
    r"(?:19|20)\d\d-\d\d(?:-\d\d(?:[T ][\d:.+Z-]*)?)?|v?\d+(?:\.\d+)*[a-z]{0,4}|[a-z]+/[\w.+-]+|https?://[^?#@]*|[\w-]+(?:\.[\w-]+)+",
    re.I,
)
_REMEMBERED = 200
"""Characters of the longest text whose answer is remembered."""
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?")


def is_suspect(text: str) -> bool:
    """Whether a text shows that it holds a secret."""
    return _is_suspect(text) if len(text) <= _REMEMBERED else next(_spans(text), None) is not None


@lru_cache(maxsize=65_536)
def _is_suspect(text: str) -> bool:
    """Texts such as `Enabled` and `westeurope` come again and again."""
    return next(_spans(text), None) is not None


def is_marked(text: str) -> bool:
    """Whether a text holds a secret that shows itself without a name before it: all that is looked for in ids."""
    return len(text) >= _SHORTEST and next(_by_looks(text, text.lower()), None) is not None


def swept(text: str, replaced: Callable[[str], str], *, by_looks: bool = False) -> str:
    """The text with every secret in it as what `replaced` makes of it; for messages, which stay readable.

    With `by_looks` only those go that show themselves without a name before them: names of resources and of
    configuration keys (`Identity:Password:RequiredLength`) are not to be torn.
    """
    if len(text) < _SHORTEST:
        return text
    parts: list[str] = []
    at = 0
    for start, end in sorted(_by_looks(text, text.lower()) if by_looks else _spans(text)):
        if start < at:
            continue
        parts += (text[at:start], replaced(text[start:end]))
        at = end
    return "".join((*parts, text[at:]))


def looks_random(text: str) -> bool:
    """Whether a word is one that nobody makes up: letters of both cases, digits, changing all the time.

    Names change seldom (`ContosoProduction2024`); ids, dates, addresses and hashes in hexadecimal digits are none.
    """
    if (
        not SHORTEST_RANDOM <= len(text) <= 512
        or text.islower()
        or _GUID.fullmatch(text)
        or "://" in text
        or text[0] == "/"
    ):
        return False
    kinds = [_kind(sign) for sign in text]
    if not {"a", "A", "0"} <= set(kinds) or "?" in kinds:
        return False
    return sum(1 for one, other in pairwise(kinds) if one != other) > len(text) * 0.4


def looks_made_up(text: str) -> bool:
    """Whether a word could be a password: letters and digits together, and no id, date or address."""
    if not 6 <= len(text) <= 512 or _GUID.fullmatch(text) or is_arm_id(text) or _ORDINARY.fullmatch(text):
        return False
    return any(map(str.isalpha, text)) and any(map(str.isdigit, text)) and not any(map(str.isspace, text))


def _kind(sign: str) -> str:
    if not sign.isascii():
        return "?"
    if sign.isalpha():
        return "a" if sign.islower() else "A"
    if sign.isdigit():
        return "0"
    return "." if sign in "+/=_~.!@#$%^&*-" else "?"


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where in a text secrets stand."""
    if len(text) < _SHORTEST:
        return
    lowered = text.lower()
    if _has(lowered, _WORTH):
        for pattern in (_NAMED, _IN_URL):
            for match in pattern.finditer(text):
                start, end = match.span(match.lastgroup or 0)
                if not is_harmless(text[start:end]):
                    yield start, end
        for match in _AUTHORIZATION.finditer(text):
            if match["bearer"] or _is_pair(match["basic"]):
                yield match.span(match.lastgroup or 0)
    yield from _by_looks(text, lowered)


def _by_looks(text: str, lowered: str) -> Iterator[tuple[int, int]]:
    worth = _has(lowered, _MARKS)
    if worth:
        if found := PRIVATE_KEY.search(text):
            yield found.start(), len(text)
        yield from (match.span() for match in _HOOKS.finditer(text))
        for pattern, _, sign in MARKED_KEYS:
            if sign in text:
                yield from (match.span() for match in pattern.finditer(text))
    long = len(text) >= LONG and _RUN.search(text) is not None
    if worth or long:
        yield from (match.span() for match in _TOKENS.finditer(text))
    if long:
        raw = _RAW_KEY_IN_PATH if is_arm_id(text) else _RAW_KEY
        yield from (match.span() for match in raw.finditer(text))


def _has(text: str, words: Iterable[str]) -> bool:
    for word in words:  # noqa: SIM110 - every text of every body comes here, and `any` takes twice as long
        if word in text:
            return True
    return False


def _is_pair(encoded: str) -> bool:
    """Whether what follows `Basic` is a name and a password: the word has other uses."""
    try:
        return b":" in base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (ValueError, binascii.Error):
        return False
