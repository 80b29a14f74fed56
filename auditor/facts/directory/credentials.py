"""Secrets and certificates of applications and service principals, by the length of their life.

A fact of an application, and of a service principal:

    {"credentials": [{"kind": "secret", "name": "ci", "days": 730, "end": "2027-01-01T00:00:00Z",
                      "text": "the secret ci, valid for 730 days"}],
     "secrets": [{"name": "ci", "days": 730, "end": "2027-01-01T00:00:00Z"}],
     "certificates": [{"name": "CN=ci", "days": 365, "end": "..."}],
     "signing": [{"name": "CN=SSO", "days": 1095, "end": "..."}],
     "own_application": false, "microsofts": false}

`credentials` are the secrets and certificates in one list. `days` is the time from start to end, whatever is left of
it; null where the start is not told. `signing` are the certificates by which tokens of single sign-on are signed; they
come with a secret that opens nothing (https://learn.microsoft.com/graph/api/serviceprincipal-addtokensigningcertificate),
which is not counted among secrets. `own_application` says of a service principal that its application is registered in
this directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from auditor.facts.directory.principals import APPLICATION, PRINCIPAL, Principals
from auditor.facts.network.bodies import items, text, value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each application and service principal."""
    principals = Principals(inventory)
    found: dict[str, Json | Unread] = {one.key: _fact(one) for one in inventory.of_type(APPLICATION)}
    gap = inventory.gap(APPLICATION, None)
    for one in inventory.of_type(PRINCIPAL):
        own = principals.application_of(one) is not None
        found[one.key] = {
            **_fact(one),
            "own_application": Unread(gap) if gap and not own else own,
            "microsofts": principals.is_microsofts(one),
        }
    return found


def _fact(resource: Resource) -> dict[str, Json]:
    signing = [one for one in items(resource.body, "keyCredentials") if text(one, "usage") == "sign"]
    marks = {text(one, "customKeyIdentifier") for one in signing} - {""}

    def is_for_signing(credential: Any) -> bool:
        return text(credential, "usage") == "sign" or text(credential, "customKeyIdentifier") in marks

    keys = items(resource.body, "keyCredentials")
    secrets = items(resource.body, "passwordCredentials")
    own = _told(one for one in secrets if not (signing and is_for_signing(one)))
    certificates = _told(one for one in keys if not is_for_signing(one))
    return {
        "credentials": [*_in_words("secret", own), *_in_words("certificate", certificates)],
        "secrets": own,
        "certificates": certificates,
        "signing": _told(signing),
    }


def _in_words(kind: str, told: list[dict[str, Json]]) -> list[Json]:
    def life(one: Mapping[str, Json]) -> str:
        return f"until {str(one['end'])[:10]}" if one["days"] is None else f"for {one['days']:,} days"

    return [{"kind": kind, **one, "text": f"the {kind} {one['name']}, valid {life(one)}"} for one in told]


def _told(credentials: Iterable[Any]) -> list[dict[str, Json]]:
    return [
        {
            "name": str(value(one, "displayName") or value(one, "keyId") or "without a name"),
            "days": _days(value(one, "startDateTime"), value(one, "endDateTime")),
            "end": value(one, "endDateTime"),
        }
        for one in credentials
    ]


def _days(start: Any, end: Any) -> int | None:
    try:
        return (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(start))).days
    except (ValueError, TypeError):
        return None


FAMILY = FactFamily(
    name="application_credentials",
    types=frozenset((APPLICATION, PRINCIPAL)),
    needs=frozenset((APPLICATION, PRINCIPAL)),
    compute=compute,
    needs_by_type={APPLICATION: frozenset((APPLICATION,))},
)
