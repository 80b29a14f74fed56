"""Certificates of every service in one form, and what is wrong of each.

A fact of whatever holds certificates:

    {"certificates": [{"name": "shop", "role": "certificate", "ends": "2027-06-30", "days_left": 241, "hosts": [...],
                       "subject": "", "issuer": "", "key": "RSA 2048", "renews": false, "pinned": false}],
     "expired": [{"text": "the certificate shop expired on 2026-08-01", "decided_by": ["properties.expirationDate"]}],
     "ending": [], "unavailable": [], "pinned": [], "weak": [], "self_signed": [], "shared_wildcard": []}

`ending` are those that end within a year and that nobody is known to renew, with `days_left`: how near is too near is a
parameter of the rules. `Unread` stands in `expired` and `ending` for a certificate that lies in a vault which was not
read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from auditor.facts.certificates.entra import APPLICATION, PRINCIPAL, of_directory
from auditor.facts.certificates.model import Certificate
from auditor.facts.certificates.readers import READERS
from auditor.facts.certificates.vault import SECRET, VAULT, VaultCertificates
from auditor.facts.keys.dates import day, days_until
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

HORIZON_DAYS = 366
"""So long before its end a certificate is told as ending."""
WIDELY = 3
"""In so many places one wildcard certificate counts as used widely."""
_APP_SERVICE = "microsoft.web/certificates"
_SITES = ("microsoft.web/sites", "microsoft.web/sites/slots")
_KEY = f"{VAULT}/keys"
_DIRECTORY = (APPLICATION, PRINCIPAL)


def compute(inventory: Inventory, now: datetime | None = None) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each resource; dates are compared with `now`."""
    moment = now or datetime.now(UTC)
    vaults = VaultCertificates(inventory)
    held: dict[str, tuple[Resource, list[Certificate]]] = {}
    for kind, read in READERS.items():
        for resource in inventory.of_type(kind):
            held[resource.key] = resource, list(read(resource, vaults))
    for kind in _DIRECTORY:
        for resource in inventory.of_type(kind):
            held[resource.key] = resource, list(of_directory(resource, moment))
    places = _places(inventory, held)
    return {key: _fact(certificates, places, moment) for key, (_, certificates) in held.items() if certificates}


def _places(inventory: Inventory, held: Mapping[str, tuple[Resource, list[Certificate]]]) -> Mapping[str, set[str]]:
    """Where each wildcard certificate is used, by what it is wherever it is held."""
    found: dict[str, set[str]] = {}
    for resource, certificates in held.values():
        for one in certificates:
            if one.wildcard and one.identity:
                # App Service keeps certificates apart from the apps that use them.
                using = set() if resource.type_key == _APP_SERVICE else {resource.name}
                found.setdefault(one.identity, set()).update(using)
    for kind in _SITES:
        for site in inventory.of_type(kind):
            for thumbprint in _bound(site):
                if thumbprint in found:
                    found[thumbprint].add(site.name)
    return found


def _bound(site: Resource) -> Iterator[str]:
    """Thumbprints of the certificates that an app serves its host names with."""
    properties = site.body.get("properties")
    states = properties.get("hostNameSslStates") if isinstance(properties, Mapping) else None
    for state in states if isinstance(states, list) else ():
        if isinstance(state, Mapping) and isinstance(state.get("thumbprint"), str):
            yield state["thumbprint"].lower()


def _fact(certificates: Sequence[Certificate], places: Mapping[str, set[str]], now: datetime) -> Json:
    found: dict[str, list[Json]] = {name: [] for name in WANTED}
    for one in certificates:
        for name, value in _problems(one, places, now):
            found[name].append(value)
    return {"certificates": [_shown(one, now) for one in certificates], **found}


def _problems(one: Certificate, places: Mapping[str, set[str]], now: datetime) -> Iterator[tuple[str, Json]]:
    def told(words: str, **more: Json) -> Json:
        return {"text": f"the {one.role} {one.name} {words}", **more, "decided_by": [one.path]}

    if one.unread and one.ends is None:
        yield "expired", Unread(one.unread)
        yield "ending", Unread(one.unread)
        yield "unavailable", Unread(one.unread)
    if one.ends is not None and one.ends <= now:
        yield "expired", told(f"expired on {day(one.ends)}")
    elif one.ends is not None and days_until(one.ends, now) < HORIZON_DAYS and not one.renews:
        left = days_until(one.ends, now)
        yield "ending", told(f"ends on {day(one.ends)}, in {left} {'day' if left == 1 else 'days'}", days_left=left)
    if one.trouble and not (one.ends is not None and one.ends <= now):
        yield "unavailable", told(f"cannot be used: {one.trouble}")
    if one.pinned:
        yield "pinned", told("stays on one version in its key vault")
    if one.weakness:
        yield "weak", told(f"is weak: {one.weakness}")
    if one.self_signed:
        yield "self_signed", told("has signed itself")
    used = places.get(one.identity, set())
    if one.wildcard and len(used) >= WIDELY:
        yield "shared_wildcard", told(f"stands for {one.wildcard} in {len(used)} places: {', '.join(sorted(used))}")


def _shown(one: Certificate, now: datetime) -> Json:
    return {
        "name": one.name,
        "role": one.role,
        "ends": day(one.ends) if one.ends else "",
        "days_left": days_until(one.ends, now) if one.ends else None,
        "hosts": list(one.hosts),
        "subject": one.subject,
        "issuer": one.issuer,
        "key": one.key,
        "renews": one.renews,
        "pinned": one.pinned,
    }


WANTED: Mapping[str, str] = {
    "expired": "a date to come",
    "ending": "farther away, or renewed by then",
    "unavailable": "a certificate that its holder can use",
    "pinned": "the address without a version",
    "weak": "RSA of 2048 bits or P-256, signed with SHA-256",
    "self_signed": "signed by an authority",
    "shared_wildcard": "a certificate of its own in each place",
}
"""Every kind of trouble, and what would have been right of the properties that decided."""
_IN_VAULTS = frozenset({VAULT, SECRET, _KEY})
_ALL = frozenset((*READERS, *_DIRECTORY))
_NEEDS = {
    **{kind: frozenset({kind}) | _IN_VAULTS for kind in READERS},
    _APP_SERVICE: frozenset((_APP_SERVICE, *_SITES)),
    **{kind: frozenset({kind}) for kind in _DIRECTORY},
}

FAMILY = FactFamily(
    name="certificates",
    types=_ALL,
    needs=frozenset().union(*_NEEDS.values()),
    compute=compute,
    dated=compute,
    needs_by_type=_NEEDS,
    grounds=WANTED,
)
