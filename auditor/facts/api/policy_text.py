"""The text of a policy as a tree of elements.

The format `rawxml` leaves quotes, `<` and `&` in expressions as they are, so the text is no XML. One pass from left to
right makes XML of it: expressions are escaped as wholes, comments are left out, and what could make a parser work hard
(entities, depth, size) is refused before it is parsed.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from auditor.inventory.policy_expressions import expression_end, is_expression

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# "Maximum size of policy document: 256 KB" of the largest tiers, and a fragment has 32 KB
# (https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#api-management-limits).
_MOST_CHARACTERS = 1_000_000
_DEEPEST = 100

_NAME = re.compile(r"[A-Za-z_][\w.:-]*")
_BLANKS = re.compile(r"\s*")
_EQUALS = re.compile(r"\s*=\s*")
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)")


class UnreadablePolicyError(Exception):
    """A policy whose text is no tree of elements; the message says why."""


def parse_policy(text: str) -> Element:
    """The root element, `policies` or `fragment`. Raises UnreadablePolicyError."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if len(text) > _MOST_CHARACTERS:
        raise UnreadablePolicyError(f"the policy has {len(text):,} characters, more than API Management takes")
    try:
        root: Element = fromstring(_Scanner(text).run(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UnreadablePolicyError("the policy's elements cannot be followed") from error
    return root


def plain(text: str | None) -> str:
    """An attribute or text without the escapes of the format `xml`, blanks around it taken off."""
    return unescape(text or "").strip()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text.removeprefix("\ufeff").strip()
        self._at = 0
        self._depth = 0
        self._parts: list[str] = []

    def run(self) -> str:
        """The text as XML. Raises UnreadablePolicyError."""
        while self._at < len(self._text):
            if self._text[self._at] == "<":
                self._markup()
            else:
                self._words()
        return "".join(self._parts)

    def _words(self) -> None:
        start = _after(_BLANKS, self._text, self._at)
        if is_expression(self._text, start):
            end = expression_end(self._text, start)
            if end < 0:
                raise UnreadablePolicyError("an expression of the policy has no end")
        else:
            end = self._text.find("<", start)
            end = len(self._text) if end < 0 else end
        self._parts.append(_escaped(self._text[self._at : end]))
        self._at = end

    def _markup(self) -> None:
        text, at = self._text, self._at
        if text.startswith("<!--", at):
            self._at = self._find("-->", at + 4)
        elif text.startswith("<![CDATA[", at):
            self._at = self._find("]]>", at)
            self._parts.append(_escaped(text[at + 9 : self._at - 3]))
        elif text.startswith("<?", at):
            self._at = self._find("?>", at)
        elif text.startswith("<!", at):
            raise UnreadablePolicyError("the policy declares a document type or entities")
        elif text.startswith("</", at):
            self._at = self._find(">", at)
            self._parts.append(text[at : self._at])
            self._depth -= 1
        else:
            self._tag(at + 1)

    def _find(self, ending: str, at: int) -> int:
        found = self._text.find(ending, at)
        if found < 0:
            raise UnreadablePolicyError(f"a part of the policy that should end with {ending} has no end")
        return found + len(ending)

    def _tag(self, at: int) -> None:
        name = _NAME.match(self._text, at)
        if name is None:
            self._parts.append("&lt;")
            self._at = at
            return
        self._parts.append(f"<{name[0]}")
        at = _after(_BLANKS, self._text, name.end())
        while attribute := _NAME.match(self._text, at):
            at, value = self._value(attribute.end())
            self._parts.append(f' {attribute[0]}="{value}"')
            at = _after(_BLANKS, self._text, at)
        ending = "/>" if self._text.startswith("/>", at) else ">"
        if not self._text.startswith(ending, at):
            raise UnreadablePolicyError(f"an element <{name[0]}> of the policy is not written to its end")
        self._parts.append(ending)
        self._at = at + len(ending)
        self._depth += ending == ">"
        if self._depth > _DEEPEST:
            raise UnreadablePolicyError(f"the policy's elements are nested more than {_DEEPEST} deep")

    def _value(self, at: int) -> tuple[int, str]:
        """The index after an attribute's value, and the value escaped."""
        equals = _EQUALS.match(self._text, at)
        quote = self._text[equals.end() : equals.end() + 1] if equals else ""
        if equals is None or quote not in ('"', "'"):
            raise UnreadablePolicyError("an attribute of the policy has no value in quotes")
        start = equals.end() + 1
        inner = _after(_BLANKS, self._text, start)
        end = expression_end(self._text, inner) if is_expression(self._text, inner) else start
        if end < 0:
            raise UnreadablePolicyError("an expression of the policy has no end")
        end = self._find(quote, end)
        return end, _escaped(self._text[start : end - 1]).replace('"', "&quot;")


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _escaped(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
