"""The tables of encryption as a document: `python -m auditor.facts.encryption_document > docs/encryption.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from auditor.facts.certificates.holders import HOLDERS
from auditor.facts.in_use.switches import SWITCHES
from auditor.facts.keys.links import KINDS
from auditor.facts.keys.model import Passage, Place, Service
from auditor.facts.keys.services import SERVICES

_HEAD = """\
# Encryption, service by service

Generated from the tables in `auditor/facts/`: what is looked at, what it means where it is left out, and where
Microsoft says so. `auditor keys` shows the chains of a tenant, `auditor rules list --select encryption-at-rest` the
rules.

## Customer-managed keys

Every service encrypts at rest. What is left out below means a key that Microsoft manages. Where a key of the owner's is
named, `facts.key_chain` follows it: from the resource to the key, the vault that holds it, the identity that opens it,
its rights and the way through the vault's firewall.

*Firewall* says how the service comes to a vault that is closed: as one of the
[trusted services](https://learn.microsoft.com/azure/key-vault/general/overview-vnet-service-endpoints#trusted-services),
or by an address, a network or a private endpoint of the owner's, in which case the answer is *unknown* unless there is
none. *New versions* says whether the resource takes a rotated key by itself.

| Service | Type | Key | Opened as | New versions | Firewall | Says itself |
|---|---|---|---|---|---|---|
"""
_LINKS = """
Disks, snapshots and scale sets have the chain of their disk encryption set; a server with a key for its geo-redundant
backup has two chains.

### What breaks a chain

A chain is `broken` while a link that breaks it is known to be wrong, `unknown` while one may be, and `healthy` else;
risks do not change its state. What a managed HSM lets whom do is in its data plane, which is not read: unknown.

| Link | Data cannot be read | Wanted |
|---|---|---|
"""
_CERTIFICATES = """
## Certificates

`facts.certificates` brings whatever holds certificates into one form. *Renewed when* says under which condition an end
within 30 days is nobody's concern. A certificate in a vault that was not read is unknown.

| Holder | Type | Looked at | Renewed when |
|---|---|---|---|
"""
_IN_USE = """
## Data in use

`facts.in_use` says what machines start, who reads their memory, and what containers may run.

| Service | Property | Left out | Source |
|---|---|---|---|
"""


def render() -> str:
    """The whole document."""
    keys = _rows(_service(service) for service in sorted(SERVICES, key=lambda service: service.name.lower()))
    links = _rows((f"`{name}`", "yes" if kind.breaks else "a risk", kind.wanted) for name, kind in KINDS.items())
    certificates = _rows(
        (f"[{one.name}]({one.source})", f"`{one.type}`", _code(one.properties), one.renews)
        for one in sorted(HOLDERS.values(), key=lambda one: one.name.lower())
    )
    switches = _rows((one.service, f"`{one.path}`", one.default, f"[Microsoft]({one.source})") for one in SWITCHES)
    return f"{_HEAD}{keys}{_LINKS}{links}{_CERTIFICATES}{certificates}{_IN_USE}{switches}"


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _service(service: Service) -> tuple[str, ...]:
    return (
        f"[{service.name}]({service.reference})",
        f"`{service.type}`",
        _code(_key(place) for place in service.places),
        "; ".join(dict.fromkeys(_opener(service, place) for place in service.places)),
        "; ".join(dict.fromkeys(_versions(place) for place in service.places)),
        _FIREWALL[service.passage],
        _code(place.reported.path for place in service.places if place.reported) or "-",
    )


def _code(paths: Iterable[str]) -> str:
    return "<br>".join(f"`{path}`" for path in paths)


def _key(place: Place) -> str:
    path = place.url or place.name
    return f"{place.items}[].{path}" if place.items else path


def _opener(service: Service, place: Place) -> str:
    if place.principal:
        return f"`{place.principal}`"
    named = place.client or place.identity or service.held_by
    named = f"{place.items}[].{named}" if place.items else named
    else_ = "Microsoft's own application" if place.first_party else "its own identity"
    return f"`{named}`, else {else_}" if named else else_


def _versions(place: Place) -> str:
    if place.cannot_follow:
        return "never"
    return "where none is named" + (f", or `{place.follows}`" if place.follows else "")


_FIREWALL = {
    Passage.ONLY_TRUSTED: "trusted service only",
    Passage.TRUSTED: "trusted service, or the owner's network",
    Passage.NOT_LISTED: "the owner's rules",
}

if __name__ == "__main__":
    sys.stdout.write(render())
