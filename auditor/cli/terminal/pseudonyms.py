"""Text for a debug log that its reader may attach to a public report: nothing secret in it, no names.

A name or id becomes a label such as `<name:3f9c21b4>`. The label is the same wherever the value stands in one log, and
cannot be turned back or compared with another log: it is a keyed hash, and the key is forgotten when the program ends.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

REMOVED = "[removed]"

_SECRET_NAMES = re.compile(
    r"SECRET|PASSWORD|PASSWD|TOKEN|_KEY$|CONNECTION_?STRING|CREDENTIAL|_PAT$|IDENTITY_HEADER", re.I
)
_HARMLESS_NAMES = re.compile(r"^AUDITOR_|_CREDENTIALS$|_FILE$|_PATH$|_ENDPOINT$|_URL$", re.I)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]*){0,2}"  # a JSON Web Token
    r"|(?<=Bearer )\S+|(?<=Basic )\S+"
    r"|(?i:(?<=sig=)|(?<=key=)|(?<=pwd=)|(?<=password=)|(?<=secret=)|(?<=code=)|(?<=token=))[^&\s;,'\"]+"
    r"|(?<=://)[^/@\s]+:[^/@\s]+(?=@)"  # user and password in an address
    r"|[\w.~-]{3,8}~[\w.~-]{28,}"  # a client secret of Entra ID
    r"|[A-Za-z0-9+/]{40,}={1,2}"  # a key, base64
    r"|(?<![\w+-])(?=[\w+-]*[0-9])(?=[\w+-]*[a-z])(?=[\w+-]*[A-Z])[\w+-]{40,}"
)
_GUID = re.compile(r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])", re.I)
_MAIL = re.compile(r"[\w.+'#-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}(?![\w:])", re.I
)
_QUOTED = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"|`([^`\n]+)`")
_ARM_PATH = re.compile(r"/(?:subscriptions|providers)/[^\s'\"?;,]*", re.I)
_FILE = re.compile(r"(?<![\w:/.<>])(?:~|[A-Za-z]:)?[/\\][\w.@ -]+(?:[/\\][\w.@ -]+)*(?=[\s:;,)'\"]|$)")
_WORD = re.compile(r"[\w.@-]{3,}")
_PLAIN_SEGMENT = re.compile(r"\$?[A-Za-z]+\d?[A-Za-z]*|v\d\.\d")
_FIXED_NAMES = frozenset(("default", "current", "web", "authsettings", "authsettingsv2", "appsettings", "master"))


def secrets_in(environment: Mapping[str, str]) -> frozenset[str]:
    """Values of environment variables that are secrets by their name: never to be written, wherever they turn up."""
    return frozenset(
        value
        for name, value in environment.items()
        if len(value) >= 6 and _SECRET_NAMES.search(name) and not _HARMLESS_NAMES.search(name)
    )


class Pseudonyms:
    """Makes text fit for a log. `readable` keeps names and ids; secrets and mail addresses never stay."""

    def __init__(self, *, known_secrets: Iterable[str] = (), readable: bool = False) -> None:
        self._key = secrets.token_bytes(32)
        self._readable = readable
        self._names: set[str] = set()
        known = sorted(known_secrets, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def learn(self, *names: str) -> None:
        """Names to replace wherever they stand alone, for example those of subscriptions and resources."""
        for name in names:
            self._names.update(word.lower() for word in _WORD.findall(name))

    def label(self, kind: str, value: str) -> str:
        """A label in place of a value, the value itself where names are kept."""
        return self.text(value) if self._readable and kind != "mail" else self._label(kind, value)

    def text(self, text: str) -> str:
        """Free text, such as an error's message, without secrets, and without names unless these are kept."""
        text = self._known.sub(REMOVED, text) if self._known else text
        text = _SECRET_TEXT.sub(REMOVED, text)
        text = _MAIL.sub(lambda found: self._label("mail", found.group()), text)
        if self._readable:
            return text
        text = _ARM_PATH.sub(lambda found: self._arm_path(found.group()), text)
        text = _QUOTED.sub(self._quoted, text)
        text = _GUID.sub(lambda found: self._label("id", found.group()), text)
        text = _ADDRESS.sub(lambda found: self._label("address", found.group()), text)
        text = _FILE.sub(lambda found: self._label("file", found.group()), text)
        return _WORD.sub(self._word, text)

    def path(self, url: str) -> str:
        """The path of a request with labels for names and ids; of its query only the API version and the keys."""
        path, _, query = re.sub(r"^https?://[^/]+", "", url).partition("?")
        if not self._readable:
            path = self._arm_path(path) if _ARM_PATH.match(path) else self._plain_path(path)
        return self.text(path + self._query(query)) if self._readable else path + self._query(query)

    def _query(self, query: str) -> str:
        kept = []
        for part in filter(None, query.split("&")):
            key, _, value = part.partition("=")
            kept.append(part if key == "api-version" and re.fullmatch(r"[\w.-]+", value) else f"{key}=...")
        return f"?{'&'.join(kept)}" if kept else ""

    def _arm_path(self, path: str) -> str:
        """An ARM path: after `providers/<namespace>` types and names take turns; elsewhere a name follows its kind."""
        shown: list[str] = []
        is_name = False
        segments = path.strip("/").split("/")
        for number, segment in enumerate(segments):
            previous = segments[number - 1].lower() if number else ""
            if previous == "providers" and "." in segment:
                is_name = False
            elif segment.lower() == "providers":
                is_name = True
            elif is_name and segment.lower() not in _FIXED_NAMES:
                self._names.add(segment.lower())
                segment = self._label("id" if _GUID.fullmatch(segment) else "name", segment)  # noqa: PLW2901
                is_name = False
            else:
                is_name = not is_name
            shown.append(segment)
        return "/" + "/".join(shown)

    def _plain_path(self, path: str) -> str:
        """A path of Microsoft Graph: words stay, whatever else stands there is an id or a name."""
        segments = path.split("/")
        return "/".join(s if not s or _PLAIN_SEGMENT.fullmatch(s) else self._label("id", s) for s in segments)

    def _quoted(self, found: re.Match[str]) -> str:
        inside = next(group for group in found.groups() if group is not None)
        mark = found.group()[0]
        return found.group() if inside.startswith("<") else f"{mark}{self._label('text', inside)}{mark}"

    def _word(self, found: re.Match[str]) -> str:
        return self._label("name", found.group()) if found.group().lower() in self._names else found.group()

    def _label(self, kind: str, value: str) -> str:
        digest = hmac.new(self._key, value.lower().encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return f"<{kind}:{digest[:8]}>"


def code_place(file: str) -> str:
    """Where code lies, below the package that it belongs to: `auditor/cli/scan/command.py`, never a home folder."""
    parts = Path(file).parts
    for marker in ("site-packages", "dist-packages"):
        if marker in parts:
            return "/".join(parts[parts.index(marker) + 1 :])
    if "auditor" in parts:
        return "/".join(parts[len(parts) - 1 - parts[::-1].index("auditor") :])
    return "/".join(parts[-2:])
