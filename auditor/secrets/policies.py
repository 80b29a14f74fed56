"""API Management policies without the secrets written into them; their structure stays for rules to judge.

What a policy can hold: https://learn.microsoft.com/azure/api-management/api-management-policies. The text is not always
XML (the `rawxml` format leaves `<` in expressions as it is), so it is read by its tags and not by an XML parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from auditor.inventory.policy_expressions import expression_end
from auditor.secrets.marks import inline
from auditor.secrets.names import OPEN_HEADERS
from auditor.secrets.signs import is_suspect
from auditor.secrets.values import is_harmless

Marking = Callable[[str], Mapping[str, Any]]
"""What stands for one secret text: `{"$secret": {"kind": ..., "hash": ...}}`."""

# Nothing in these is tried twice (`++`, `*+`), so that a text made to be slow is not.
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_ASIDES = {"<!--": "-->", "<![CDATA[": "]]>"}
_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]++)(\s*+=\s*+)(\"([^\"]*+)\"|'([^']*+)')")
_SECRET_ATTRIBUTES = frozenset({"password", "body", "value", "secret", "key", "client-secret", "token", "parameter"})
_SECRET_TEXTS = frozenset({"value", "set-body", "key", "body", "parameter", "password", "secret"})
_OPEN_PARENTS = frozenset({"claim", "required-claims", "audiences", "issuers", "allowed-origins"})
_LITERAL = re.compile(r"(\"|&quot;)((?:(?!\1).)*)\1", re.S)
_RANDOM = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w+/=~.!@#$%^*-]{16,}")
_NAME_VALUE = re.compile(r"\bname\s*+=\s*+[\"']([^\"']*+)[\"']")


def redact_policy(text: str, mark: Marking) -> str | None:
    """The policy with its inline secrets as `$secret(kind:hash)`; None where its tags cannot be followed.

    Quotes and signs of expressions that would be in the way come back escaped, as the format `xml` has them.
    """
    return _Policy(mark).read(_escaped(text))


_BEFORE_EXPRESSION = re.compile(r"(?:=\s*+([\"'])|>)\s*+(?=@[({])")


def _escaped(text: str) -> str:
    """A text of the format `rawxml` with its expressions escaped where they would be taken for tags or an end.

    Every character is read once.
    """
    parts: list[str] = []
    told = 0
    while found := _BEFORE_EXPRESSION.search(text, told):
        end = expression_end(text, found.end())
        if end < 0:
            break
        expression = text[found.end() : end].replace("<", "&lt;").replace(">", "&gt;")
        if found[1]:
            expression = expression.replace(found[1], "&quot;" if found[1] == '"' else "&apos;")
        parts += (text[told : found.end()], expression)
        told = end
    return "".join([*parts, text[told:]])


class _Policy:
    def __init__(self, mark: Marking) -> None:
        self._mark = mark
        self._open: list[tuple[str, str]] = []
        """Elements that are open, with the `name` attribute of each."""
        self._lost = False
        """Whether there is text outside all elements."""

    def read(self, text: str) -> str | None:
        parts: list[str] = []
        at = told = 0
        while (at := text.find("<", at)) >= 0:
            if opened := next((sign for sign in _ASIDES if text.startswith(sign, at)), ""):
                end = text.find(_ASIDES[opened], at + len(opened))
                if end < 0:
                    return None
                end += len(_ASIDES[opened])
                parts += (self._text(text[told:at]), self._aside(text[at:end]))
                at = told = end
            elif text[at + 1 : at + 3].lstrip("/")[:1].isalpha():
                tag = _TAG.match(text, at)
                parts.append(self._text(text[told:at]))
                if tag is None or (element := self._tag(tag)) is None:
                    return None
                parts.append(element)
                at = told = tag.end()
            else:  # less than, in an expression
                at += 1
        parts.append(self._text(text[told:]))
        return None if self._open or self._lost else "".join(parts)

    def _tag(self, tag: re.Match[str]) -> str | None:
        """The tag as it may be kept; None for one that closes what is not open."""
        name, within = tag[2].lower(), tag[3]
        if tag[1]:
            return tag[0] if self._close(name) else None
        if not within.endswith("/"):
            named = _NAME_VALUE.search(within)
            self._open.append((name, named[1].lower() if named else ""))
        return f"<{tag[2]}{self._attributes(name, within)}>"

    def _close(self, name: str) -> bool:
        """Close an element; generics in an expression (`As<string>`) open elements that nothing closes."""
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == name:
                del self._open[index:]
                return True
        return False

    def _aside(self, text: str) -> str:
        """A comment or CDATA section: nothing in it steers anything, so only its frame stays."""
        if text.startswith("<!--"):
            return "<!-- -->" if text.strip("<!-> \n\r\t") else text
        return f"<![CDATA[{self._secret(text[9:-3])}]]>" if text[9:-3].strip() else text

    def _text(self, text: str) -> str:
        stripped = text.strip()
        if not stripped or stripped == "\ufeff":
            return text
        self._lost = self._lost or not self._open
        if self._is_secret_text():
            return text.replace(stripped, self._secret(stripped))
        return self._swept(text)

    def _is_secret_text(self) -> bool:
        if not self._open or self._open[-1][0] not in _SECRET_TEXTS:
            return False
        above, name = self._open[-2] if len(self._open) > 1 else ("", "")
        if above in _OPEN_PARENTS:
            return False
        return not (above in ("set-header", "check-header") and name in OPEN_HEADERS)

    def _attributes(self, element: str, text: str) -> str:
        def clean(found: re.Match[str]) -> str:
            value = found[4] if found[4] is not None else found[5]
            quote = found[3][0]
            secret = found[1].lower() in _SECRET_ATTRIBUTES and element != "base"
            kept = self._secret(value) if secret and value else self._swept(value)
            return f"{found[1]}{found[2]}{quote}{kept}{quote}"

        return _ATTRIBUTE.sub(clean, text)

    def _swept(self, text: str) -> str:
        """A text that is no place for secrets: only what shows itself as one goes."""
        if "@(" in text or "@{" in text:
            return _LITERAL.sub(self._literal, text)
        return self._secret(text) if is_suspect(text) else text

    def _literal(self, found: re.Match[str]) -> str:
        value = found[2]
        if is_suspect(value) or _RANDOM.fullmatch(value.rpartition(" ")[2]):
            return f"{found[1]}{self._secret(value)}{found[1]}"
        return found[0]

    def _secret(self, text: str) -> str:
        if is_harmless(text.strip()) or text.startswith("$secret("):
            return text
        return inline(self._mark(text))
