"""What one policy element checks of a caller, and what that check leaves open.

Attributes and their defaults: https://learn.microsoft.com/azure/api-management/validate-jwt-policy,
https://learn.microsoft.com/azure/api-management/validate-azure-ad-token-policy and
https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from auditor.facts.api.policy_text import plain
from auditor.inventory.model import Gap

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class Kind(StrEnum):
    """What of a caller is checked."""

    TOKEN = "token"  # noqa: S105 - a word
    CERTIFICATE = "certificate"
    OWN = "own"
    """By an expression of the author's own, which cannot be judged."""
    UNSEEN = "unseen"
    """Whatever stands in a policy that was not read."""


class Flaw(StrEnum):
    """What a check leaves open, in the words that rules ask for."""

    UNSIGNED = "unsigned"
    NO_EXPIRY = "no-expiry"
    ANY_AUDIENCE = "any-audience"
    ANY_TENANT = "any-tenant"
    ANY_ISSUER = "any-issuer"
    SHARED_KEY = "shared-key"
    IN_QUERY = "in-query"
    CLOCK = "clock"
    NO_TRUST = "no-trust"
    NO_REVOCATION = "no-revocation"
    NO_DATES = "no-dates"
    ANY_SUBJECT = "any-subject"


_WORTHLESS = frozenset((Flaw.UNSIGNED, Flaw.NO_TRUST))
# Tokens of every tenant have the same keys there: https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
_EVERY_TENANT = re.compile(r"/(common|organizations|consumers)(/|$)", re.I)
# The default is no tolerance; a few minutes are for clocks, more is a longer life for every token.
_MOST_SKEW_S = 600


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the caller."""

    kind: Kind
    policy: str
    """The element's name, or how else it is checked."""
    place: str
    """The policy it stands in, in words."""
    flaws: frozenset[Flaw] = frozenset()
    gap: Gap | None = None
    """Why it cannot be told, for what was not read."""

    @property
    def strong(self) -> bool:
        """Whether nobody passes who was not let in."""
        return self.kind in (Kind.TOKEN, Kind.CERTIFICATE) and not self.flaws & _WORTHLESS

    @property
    def text(self) -> str:
        """In words, for messages."""
        weak = f" ({', '.join(sorted(self.flaws))})" if self.flaws else ""
        return f"{self.policy} in {self.place}{weak}"


def check_of(element: Element, place: str, named: Mapping[str, str]) -> Check | None:
    """The check that an element makes, or None; `named` are the named values that are no secrets."""
    match element.tag:
        case "validate-jwt":
            return Check(Kind.TOKEN, element.tag, place, _jwt_flaws(_Read(element, named)))
        case "validate-azure-ad-token":
            return Check(Kind.TOKEN, element.tag, place, _entra_flaws(_Read(element, named)))
        case "validate-client-certificate":
            return Check(Kind.CERTIFICATE, element.tag, place, _certificate_flaws(_Read(element, named)))
    return None


class _Read:
    """An element's values, with named values put in."""

    def __init__(self, element: Element, named: Mapping[str, str]) -> None:
        self.element = element
        self._named = named

    def text(self, name: str) -> str:
        """An attribute; "" where there is none."""
        return self._resolved(self.element.get(name))

    def is_off(self, name: str) -> bool:
        """Whether an attribute that is on by default is set to false."""
        return self.text(name).lower() == "false"

    def is_on(self, name: str) -> bool:
        """Whether an attribute that is off by default is set to true."""
        return self.text(name).lower() == "true"

    def texts(self, path: str) -> list[str]:
        """The texts of child elements that have one."""
        return [text for found in self.element.findall(path) if (text := self._resolved(found.text))]

    def claims(self) -> frozenset[str]:
        """Names of the claims that are required with values."""
        return frozenset(
            str(claim.get("name", "")).lower()
            for claim in self.element.findall("required-claims/claim")
            if any(plain(one.text) for one in claim.findall("value"))
        )

    def _resolved(self, text: str | None) -> str:
        found = plain(text)
        if found.startswith("{{") and found.endswith("}}"):
            return self._named.get(found[2:-2].strip().lower(), found)
        return found


def _token_place(read: _Read) -> set[Flaw]:
    return {Flaw.IN_QUERY} if read.element.get("query-parameter-name") is not None else set()


def _jwt_flaws(read: _Read) -> frozenset[Flaw]:
    found = _token_place(read)
    claims = read.claims()
    configurations = [plain(one.get("url")) for one in read.element.findall("openid-config")]
    issuers = read.texts("issuers/issuer")
    if read.is_off("require-signed-tokens"):
        found.add(Flaw.UNSIGNED)
    if read.is_off("require-expiration-time"):
        found.add(Flaw.NO_EXPIRY)
    if not read.texts("audiences/audience") and "aud" not in claims:
        found.add(Flaw.ANY_AUDIENCE)
    if not issuers and not claims & {"iss", "tid"}:
        if any(_EVERY_TENANT.search(url) for url in configurations):
            found.add(Flaw.ANY_TENANT)
        elif not configurations:
            found.add(Flaw.ANY_ISSUER)
    if any(plain(key.text) for key in read.element.findall("issuer-signing-keys/key")):
        found.add(Flaw.SHARED_KEY)
    skew = read.text("clock-skew")
    if skew.isdecimal() and int(skew[:9]) > _MOST_SKEW_S:
        found.add(Flaw.CLOCK)
    return frozenset(found)


def _entra_flaws(read: _Read) -> frozenset[Flaw]:
    found = _token_place(read)
    if read.text("tenant-id").lower() in ("common", "organizations", "consumers") and "tid" not in read.claims():
        found.add(Flaw.ANY_TENANT)
    narrowed = read.texts("audiences/audience") or read.texts("client-application-ids/application-id")
    if not narrowed and "aud" not in read.claims():
        found.add(Flaw.ANY_AUDIENCE)
    return frozenset(found)


def _certificate_flaws(read: _Read) -> frozenset[Flaw]:
    found: set[Flaw] = set()
    identities = read.element.findall("identities/identity")
    pinned = any(identity.get("thumbprint") or identity.get("certificate-id") for identity in identities)
    # Whose trust is not checked may still be one that is known by its thumbprint.
    if read.is_on("ignore-error") or (read.is_off("validate-trust") and not pinned):
        found.add(Flaw.NO_TRUST)
    if read.is_off("validate-revocation"):
        found.add(Flaw.NO_REVOCATION)
    if read.is_off("validate-not-after"):
        found.add(Flaw.NO_DATES)
    if not identities:
        found.add(Flaw.ANY_SUBJECT)
    return frozenset(found)
