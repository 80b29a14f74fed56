"""Certificates of Entra applications and service principals: what they sign in with, what SAML tokens are signed with.

One that has ended harms nobody while another of the same use is valid, and an application that has a valid secret can
still sign in. https://learn.microsoft.com/graph/api/resources/keycredential
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from auditor.facts.certificates.model import Certificate
from auditor.facts.keys.dates import moment
from auditor.facts.keys.places import at
from auditor.inventory.model import Json, Resource

APPLICATION = "microsoft.graph/applications"
PRINCIPAL = "microsoft.graph/serviceprincipals"
_CERTIFICATE = "asymmetricx509cert"


@dataclass(frozen=True, slots=True)
class _Credential:
    name: str
    ends: datetime | None
    begins: datetime | None
    path: str

    def valid(self, now: datetime) -> bool:
        return (self.ends is None or self.ends > now) and (self.begins is None or self.begins <= now)


def of_directory(resource: Resource, now: datetime) -> Iterator[Certificate]:
    """The certificate of each use that lasts longest, where nothing else of that use is valid."""
    signs: list[_Credential] = []
    verifies: list[_Credential] = []
    for credential, usage in _keys(resource):
        (signs if usage == "sign" else verifies).append(credential)
    # What signs is for SAML, said or unsaid; beside it stands the public half of the same certificate.
    mode = str(_value(resource, "preferredSingleSignOnMode") or "saml").lower()
    if signs and mode == "saml":
        yield from _last(signs, (), "signing certificate", now)
    elif verifies:
        yield from _last(verifies, _secrets(resource), "certificate", now)


def _last(
    certificates: Sequence[_Credential], others: Sequence[_Credential], role: str, now: datetime
) -> Iterator[Certificate]:
    if any(other.valid(now) for other in others):
        return
    dated = [one for one in certificates if one.ends is not None]
    if len(dated) < len(certificates):
        return
    last = max(dated, key=lambda one: (one.ends or now, one.name))
    yield Certificate(name=last.name, role=role, ends=last.ends, path=last.path)


def _keys(resource: Resource) -> Iterator[tuple[_Credential, str]]:
    seen: set[str] = set()
    for number, one in _listed(resource, "keyCredentials"):
        if str(one.get("type") or "").lower() not in ("", _CERTIFICATE, "x509certandpassword"):
            continue
        usage = str(one.get("usage") or "verify").lower()
        # Of a certificate that signs, the list has its private and its public half.
        twin = f"{one.get('customKeyIdentifier')}/{one.get('endDateTime')}/{usage}"
        if one.get("customKeyIdentifier") and twin in seen:
            continue
        seen.add(twin)
        yield _credential(resource, "keyCredentials", number, one), usage


def _secrets(resource: Resource) -> list[_Credential]:
    return [
        _credential(resource, "passwordCredentials", number, one)
        for number, one in _listed(resource, "passwordCredentials")
    ]


def _credential(resource: Resource, block: str, number: int, one: Mapping[str, Json]) -> _Credential:
    prefix = "" if block in resource.body else "properties."
    name = str(one.get("displayName") or one.get("keyId") or "").removeprefix("CN=")
    return _Credential(
        name=name or f"number {number + 1}",
        ends=moment(one.get("endDateTime")),
        begins=moment(one.get("startDateTime")),
        path=f"{prefix}{block}[{number}].endDateTime",
    )


def _listed(resource: Resource, block: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
    found = _value(resource, block)
    for number, one in enumerate(found if isinstance(found, list) else ()):
        if isinstance(one, Mapping):
            yield number, one


def _value(resource: Resource, name: str) -> Json:
    """A property of an object of Microsoft Graph, which exports also keep below `properties`."""
    found = resource.body.get(name)
    return found if found is not None else at(resource.body, f"properties.{name}")
