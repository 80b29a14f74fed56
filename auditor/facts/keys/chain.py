"""Key chains: which customer-managed key a resource's data hangs on, as whom it is opened, and what is broken.

A fact of every resource that is encrypted with a key of its owner's:

    {"state": "broken",
     "chains": [{"purpose": "", "key": "storage-archive", "key_id": "/subscriptions/...", "holder": "kv-larkspur-hub",
                 "holder_id": "/subscriptions/...", "holder_kind": "vault", "host": "kv-larkspur-hub.vault.azure.net",
                 "version": "", "follows": true, "key_state": "expired on 2026-08-01", "expires": "2026-08-01",
                 "days_left": -93, "opener": "id-cmk", "opener_id": "/subscriptions/...",
                 "protection": "purge protection on", "through": "", "state": "broken",
                 "links": [{"link": "key_expired", "state": "broken",
                            "text": "the key storage-archive in kv-larkspur-hub expired on 2026-08-01"}]}],
     "key_expired": [{"text": "the key ...", "decided_by": ["/subscriptions/...:properties.attributes.exp"]}],
     "key_disabled": [], ...}

`state` is `healthy`, `broken` (the data cannot be read now) or `unknown`, the worst of its chains. Beside it stands
every link of `auditor.facts.keys.links.KINDS` by name, with what is wrong of it, and `Unread` for what lies behind a
gap. `key_ending` is `key_expiring` for a year ahead, with `days_left`. A server with a key for its geo-redundant backup
has two chains. Disks have their set's chain, with `through` the set's id, and only `set_gone` and `set_broken` of their
own: the set has the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.facts.keys import federation, holders, openers, rights
from auditor.facts.keys.dates import day, days_until
from auditor.facts.keys.federation import check_federation
from auditor.facts.keys.holders import Holder, Holders
from auditor.facts.keys.key_state import KeyState, check_key
from auditor.facts.keys.links import KINDS, OF_VAULT, RIGHTS, Findings, by_name
from auditor.facts.keys.model import KeyUse
from auditor.facts.keys.openers import Opener, find_opener
from auditor.facts.keys.passages import check_passage
from auditor.facts.keys.places import at, key_uses
from auditor.facts.keys.reports import check_reports, check_told_expiry
from auditor.facts.keys.rights import KeyRights
from auditor.facts.keys.services import SERVICES
from auditor.facts.keys.sets import SET, TYPES, SetUse, set_uses
from auditor.facts.private_link.tenancy import not_collected
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_ACTIVATION = "properties.securityDomainProperties.activationStatus"


@dataclass(frozen=True, slots=True)
class _Chain:
    findings: Findings
    described: Mapping[str, Json]

    def as_json(self) -> Json:
        """As the fact shows it."""
        return {**self.described, "state": self.findings.state, "links": list(self.findings.told())}


def compute(inventory: Inventory, now: datetime | None = None) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each encrypted resource; dates are compared with `now`."""
    moment = now or datetime.now(UTC)
    builder = _Builder(inventory, moment)
    found: dict[str, list[_Chain]] = {}
    for use in key_uses(inventory):
        found.setdefault(use.resource.key, []).append(builder.chain(use))
    for set_use in set_uses(inventory):
        found.setdefault(set_use.resource.key, []).append(builder.through(set_use, found))
    return {key: _fact(chains) for key, chains in found.items()}


def _fact(chains: list[_Chain]) -> Json:
    states = [chain.findings.state for chain in chains]
    state = next((word for word in ("broken", "unknown") if word in states), "healthy")
    return {
        "state": state,
        "chains": [chain.as_json() for chain in chains],
        **by_name([chain.findings for chain in chains]),
    }


class _Builder:
    """Builds the chains of one inventory."""

    def __init__(self, inventory: Inventory, now: datetime) -> None:
        self._inventory = inventory
        self._now = now
        self._holders = Holders(inventory)
        self._rights = KeyRights(inventory)

    def chain(self, use: KeyUse) -> _Chain:
        """One use of a key with all that was found of it."""
        findings = Findings()
        check_reports(use, findings)
        holder = self._holders.of(use)
        protection = self._check_holder(use, holder, findings)
        key = check_key(use, holder, self._holders, findings, self._now)
        told = check_told_expiry(use, findings, self._now) if key.resource is None else None
        opener = find_opener(self._inventory, use, findings)
        check_federation(self._inventory, use, holder.found, opener, findings)
        self._check_rights(use, holder, key, opener, findings)
        if use.pinned and not use.place.cannot_follow:
            words = f"{use.resource.name} stays on version {use.version} of the key {use.key} in {use.holder}"
            where = use.path if use.named_in is use.resource else f"{use.named_in.id}:{use.path}"
            findings.add("version_pinned", words, where)
        return _Chain(findings, self._described(use, holder, key, opener, protection, key.expires or told))

    def _check_holder(self, use: KeyUse, holder: Holder, findings: Findings) -> str:
        """Add what is wrong with the vault or HSM; gives what a reader should know of it."""
        kind = "managed HSM" if use.is_hsm else "key vault"
        where = use.path if use.named_in is use.resource else f"{use.named_in.id}:{use.path}"
        if holder.gap:
            findings.unknown(holder.gap, "vault_gone", *OF_VAULT, RIGHTS)
            return "not among what was read"
        if holder.deleted is not None:
            body = holder.deleted.body
            gone, purged = (
                str(at(body, f"properties.{name}") or "")[:10] for name in ("deletionDate", "scheduledPurgeDate")
            )
            words = f"the {kind} {use.holder} was deleted{f' on {gone}' if gone else ''}"
            words += f" and can be recovered until {purged}" if purged else " and can still be recovered"
            findings.add("vault_deleted", words, f"{holder.deleted.id}:properties.scheduledPurgeDate")
            return f"deleted, recoverable until {purged}" if purged else "deleted"
        if holder.found is None:
            findings.add("vault_gone", f"the {kind} {use.holder} does not exist any more", where)
            return "gone"
        return self._check_body(use, holder.found, findings)

    def _check_body(self, use: KeyUse, vault: Resource, findings: Findings) -> str:
        notes = []
        kind = "managed HSM" if use.is_hsm else "key vault"
        # Only `true` protects; left out it is off. Soft delete is always on since 2020-12:
        # https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
        if at(vault.body, "properties.enablePurgeProtection") is not True:
            words = f"the {kind} {vault.name} has no purge protection"
            findings.add("vault_unprotected", words, f"{vault.id}:properties.enablePurgeProtection")
            notes.append("no purge protection")
        if at(vault.body, "properties.enableSoftDelete") is False:
            words = f"the {kind} {vault.name} has soft delete turned off"
            findings.add("vault_unprotected", words, f"{vault.id}:properties.enableSoftDelete")
            notes.append("no soft delete")
        activation = at(vault.body, _ACTIVATION)
        if use.is_hsm and str(activation or "").lower() not in ("", "active", "unknown"):
            words = f"the managed HSM {vault.name} is not activated, its status is {activation}"
            findings.add("hsm_inactive", words, f"{vault.id}:{_ACTIVATION}")
            notes.append("not activated")
        if closed := check_passage(use, vault, findings):
            notes.append(closed)
        return ", ".join(notes) or "purge protection on"

    def _check_rights(self, use: KeyUse, holder: Holder, key: KeyState, opener: Opener, findings: Findings) -> None:
        if holder.found is None or findings.has("identity_gone", "key_gone"):
            return
        if use.is_hsm:
            # https://learn.microsoft.com/azure/key-vault/managed-hsm/access-control
            words = f"who may use the keys of {use.holder}: a managed HSM keeps its roles in its data plane"
            findings.unknown(not_collected(holder.found.id, f"{holder.found.type}/roleAssignments", words), RIGHTS)
            return
        if use.federated_id:
            words = f"what the application {use.federated_id} may do in {use.holder}, which is in another tenant"
            findings.unknown(not_collected(holder.found.id, rights.ASSIGNMENT, words), RIGHTS)
            return
        if opener.gap or not opener.principal:
            if opener.gap:
                findings.unknown(opener.gap, RIGHTS)
            return
        key_id = key.resource.id if key.resource else f"{holder.found.id}/keys/{use.key}"
        held = self._rights.of(opener.principal, holder.found, key_id, may_encrypt="encrypt" in use.service.uses)
        if held.gap:
            findings.unknown(held.gap, RIGHTS)
        elif held.missing:
            who = use.owner.name if opener.label == "itself" else opener.label
            words = f"{who} has no right to {_listed(held.missing)} with the key {use.key} in {use.holder}"
            findings.add(RIGHTS, words, *held.decided_by)

    def _described(
        self, use: KeyUse, holder: Holder, key: KeyState, opener: Opener, protection: str, ends: datetime | None
    ) -> Mapping[str, Json]:
        name = key.resource.name.rpartition("/")[2] if key.resource else use.key
        vault = holder.found or holder.deleted
        return {
            "purpose": use.place.purpose,
            "key": name,
            "key_id": key.resource.id if key.resource else "",
            "holder": holder.found.name if holder.found else use.holder,
            "holder_id": vault.id if vault else "",
            "holder_kind": "managed HSM" if use.is_hsm else "vault",
            "host": use.host,
            "version": use.version,
            "follows": not use.pinned,
            "key_state": key.label,
            "expires": day(ends) if ends else "",
            "days_left": days_until(ends, self._now) if ends else None,
            "opener": opener.label,
            "opener_id": opener.identity_id,
            "protection": protection,
            "through": "",
        }

    def through(self, use: SetUse, found: Mapping[str, list[_Chain]]) -> _Chain:
        """The chain of a disk: its set's, with the state of that."""
        findings = Findings()
        name = use.set_id.rpartition("/")[2]
        disk_set = self._inventory.get(use.set_id)
        inner = next(iter(found.get(use.set_id, ())), None)
        described = {**(inner.described if inner else _NOTHING), "purpose": "disks", "through": use.set_id}
        if disk_set is None:
            if gap := self._inventory.gap(SET, use.set_id):
                findings.unknown(gap, "set_gone", "set_broken")
            elif self._holders.is_ours(use.set_id):
                findings.add("set_gone", f"the disk encryption set {name} does not exist any more", use.path)
            else:
                words = f"the disk encryption set {name} lies in a subscription that was not read"
                findings.unknown(not_collected(use.set_id, SET, words), "set_gone", "set_broken")
        elif inner is not None:
            for link in inner.findings.links:
                if link.gap and KINDS[link.name].breaks:
                    findings.unknown(link.gap, "set_broken")
                elif link.state == "broken":
                    findings.add(
                        "set_broken",
                        f"the disk encryption set {disk_set.name} cannot open its key: {link.text}",
                        use.path,
                        *(_of_set(path, disk_set) for path in link.decided_by),
                    )
        return _Chain(findings, described)


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _of_set(path: str, disk_set: Resource) -> str:
    return path if ":" in path else f"{disk_set.id}:{path}"


_NOTHING: Mapping[str, Json] = {
    **dict.fromkeys(
        ("key", "key_id", "holder", "holder_id", "host", "version", "key_state", "expires", "opener", "opener_id"), ""
    ),
    "holder_kind": "vault",
    "follows": True,
    "days_left": None,
    "protection": "",
}

_OWNED = {service.type.lower(): service.type.lower().rpartition("/")[0] for service in SERVICES if service.of_parent}
_JUDGED = frozenset(_OWNED.get(service.type.lower(), service.type.lower()) for service in SERVICES)
_COMMON = holders.NEEDS | rights.NEEDS | federation.NEEDS | {openers.IDENTITY}


def _needs_of(type_key: str) -> frozenset[str]:
    """What is read for one type: the common part, the types that name its keys, the holder of its identity."""
    names = {child for child, owner in _OWNED.items() if owner == type_key}
    names |= {SET} if type_key in TYPES else set()
    parent = type_key.rpartition("/")[0]
    return _COMMON | names | {type_key} | ({parent} if parent.count("/") else set())


_NEEDS_BY_TYPE = {type_key: _needs_of(type_key) for type_key in _JUDGED | TYPES}

FAMILY = FactFamily(
    name="key_chain",
    types=_JUDGED | TYPES,
    needs=frozenset().union(*_NEEDS_BY_TYPE.values()),
    compute=compute,
    dated=compute,
    needs_by_type=_NEEDS_BY_TYPE,
    grounds={"key_ending": KINDS["key_expiring"].wanted} | {name: kind.wanted for name, kind in KINDS.items()},
)
