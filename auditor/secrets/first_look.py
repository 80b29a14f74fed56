"""A first look at a body: whether a secret can stand in it at all. Most bodies have none, and need no walk.

The look is over the body's JSON as one text: every text and every name in it is taken for both. It errs to one side
only: a body that the redactor would change is never let by (a property test holds the two against each other).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate

from auditor.inventory.model import Json
from auditor.secrets.names import PROSE, SECRET_NAMES, VALUE_KEYS, is_telling, is_telling_label
from auditor.secrets.places import Node, places_of
from auditor.secrets.signs import LONG, RUN_SIGNS, SHORTEST_RANDOM, SIGNS, is_marked, is_suspect, looks_random
from auditor.secrets.values import is_arm_id

DEEPEST = 100
"""Levels of nesting that are walked."""
_TEXTS = re.compile(r'"([^"]*)"')
# An etag is the one text with quotes in it that most bodies have.
_ETAG = re.compile(r'"W/\\"[0-9A-Fa-f-]{1,40}\\""')
# A switch is never replaced, whatever its name says: `enableRbacAuthorization`.
_SWITCH = re.compile(r'"[A-Za-z]{1,40}":(?:true|false|null)')
_BRACKETS = re.compile(r"[][{}]")
_WALKED = frozenset(name.lower() for name in VALUE_KEYS) | {"protectedsettings", "expression"}
_RUNS = bytes(ord("a") if chr(sign) in RUN_SIGNS else ord(" ") for sign in range(256))
_RUN = b"a" * LONG
_TAGS = frozenset({"tags"})
_POLICIES = "microsoft.apimanagement/service"
# What every telling name ends with (see `is_telling`).
_ENDS = (
    *("password", "passwd", "pwd", "passphrase", "secret", "credential", "cookie", "token", "key", "str", "string"),
    *("uri", "url", "sas", "authorization"),
)
_REMEMBERED = 64
"""Characters of the longest text that is remembered to be harmless: ids of resources are longer, and come once."""
_MOST = 100_000
"""How many texts are remembered."""


class FirstLook:
    """Tells bodies that can hold a secret from those that cannot."""

    def __init__(self) -> None:
        import orjson

        self._dumps: Callable[[Json], bytes] = orjson.dumps
        self._harmless: set[str] = set()
        self._orderly: set[str] = set()

    def is_plain(self, type_key: str, body: Mapping[str, Json]) -> bool:
        """Whether nothing in a body is to be replaced; False where that takes a walk to say."""
        try:
            text = self._dumps(body).decode()
        except (TypeError, ValueError):  # integers beyond 64 bits, halves of surrogate pairs
            return False
        if "\\" in text:
            text = _ETAG.sub('"etag"', text)
        if not text.isascii() or "\\" in text or type_key.startswith(_POLICIES) or _too_deep(text):
            return False
        return self._is_plain(type_key, body, text) or (
            _SWITCH.search(text) is not None and self._is_plain(type_key, body, _SWITCH.sub('""', text))
        )

    def _is_plain(self, type_key: str, body: Mapping[str, Json], text: str) -> bool:
        texts = set(_TEXTS.findall(text))
        fresh = texts - self._harmless
        if fresh:
            joined = "\n".join(fresh)
            folded = joined.lower()
            signs = [sign for sign in SIGNS if sign in folded]
            long = len(joined) >= LONG and _RUN in joined.encode().translate(_RUNS)
            if not all(_is_harmless(one, signs, long=long) for one in fresh):
                return False
            _remember(self._harmless, fresh)
        labelled = not _TAGS.isdisjoint(texts)
        if labelled and not _plain_labels(body, text):
            return False
        lowered = frozenset(map(str.lower, texts))
        if labelled or not PROSE.isdisjoint(lowered):
            fresh = texts - self._orderly
            if _has_random(fresh):
                return False
            _remember(self._orderly, fresh)
        places = _places(type_key, last_name(body))
        return not any(place <= lowered for place in places)


def _remember(known: set[str], texts: Iterable[str]) -> None:
    if len(known) > _MOST:
        known.clear()
    known.update([one for one in texts if len(one) <= _REMEMBERED])


def last_name(envelope: Mapping[str, Json]) -> str:
    """The last segment of a resource's name, lower-cased: it tells apart the configurations of a site."""
    name, identifier = envelope.get("name"), envelope.get("id")
    shown = name if isinstance(name, str) and name else identifier.rstrip("/") if isinstance(identifier, str) else ""
    return shown.rpartition("/")[2].lower()


def _is_harmless(text: str, signs: Sequence[str], *, long: bool) -> bool:
    """Whether a text needs no replacing wherever it stands, and as a name says nothing of what stands below it.

    `signs` are those that it or the texts beside it have, `long` whether they have a run as long as keys are.
    """
    name = text.lower()
    if (long or _has(name, signs)) and (is_marked(text) if is_arm_id(text) else is_suspect(text)):
        return False
    if "'" in text and (text[:1] in ("@", "[") or "@{" in text):
        return False
    if name in SECRET_NAMES or name in _WALKED or (name == "tags" and text not in _TAGS):
        return False
    return not (name.endswith(_ENDS) and is_telling(name))


def _has(text: str, signs: Sequence[str]) -> bool:
    for sign in signs:  # noqa: SIM110 - every text comes here, and `any` takes twice as long
        if sign in text:
            return True
    return False


def _plain_labels(body: Mapping[str, Json], text: str) -> bool:
    """Whether the tags are the resource's own, and no name of one says that it is a secret."""
    tags = body.get("tags")
    if text.lower().count('"tags"') != 1 or not isinstance(tags, dict):
        return False
    return all(isinstance(told, str) and not is_telling_label(name.lower()) for name, told in tags.items())


def _has_random(texts: Iterable[str]) -> bool:
    long = [text for text in texts if len(text) >= SHORTEST_RANDOM and not text.islower() and not is_arm_id(text)]
    return any(looks_random(word) for text in long for word in text.split())


def _too_deep(text: str) -> bool:
    brackets = _BRACKETS.findall(text) if text.count("{") + text.count("[") >= DEEPEST else ()
    # Brackets inside texts only make it look deeper, or shallower by as many as are closed there.
    if not brackets:
        return False
    if any(sign in inner for inner in _TEXTS.findall(text) for sign in "]}"):
        return True
    return max(accumulate(1 if sign in "{[" else -1 for sign in brackets)) >= DEEPEST


@cache
def _places(type_key: str, name: str) -> tuple[frozenset[str], ...]:
    """Of each place for secrets the names on the way to it: where one is missing, nothing stands there."""
    tree = places_of(type_key, name)
    return tuple(_ways(tree, frozenset())) if tree else ()


def _ways(node: Node, names: frozenset[str]) -> list[frozenset[str]]:
    if node.final:
        return [names]
    found: list[frozenset[str]] = []
    for step, after in node.steps.items():
        found += _ways(after, names if step in ("*", "**", "[]") else names | {step})
    return found
