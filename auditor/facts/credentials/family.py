"""What each consumer keeps, one entry a secret: where it leads, who shares it, and the better step that exists for it.

A fact of a holder (an app's settings, a container app, a linked service, a deployment, ...):

    {"entries": [{"setting": "Orders", "path": "properties.Orders", "kind": "storage-account-key",
                  "step": "account key", "opens": "storders", "opens_id": "/subscriptions/...",
                  "shared_with": ["app-admin: Orders"],
                  "better": "managed identity", "identity": true, "has_role": false, "keys_off": false,
                  "assign": "az role assignment create ...", "instead": "Orders__accountName = storders", "note": "",
                  "text": "Orders: account key of storders"}],
     "consumer": "app-shop", "ready": "", "dead": "", "shared": "", "decided_by": ["properties.Orders"]}

`step` is the step of the ladder it stands on (`auditor.facts.credentials.services.LADDER`), `better` the next better
one that exists here, "" where there is none. `identity` says whether the consumer has an identity, `has_role` whether
one of its identities already may do what the secret is for (null where that cannot be told). `keys_off` says that the
service takes keys, or passwords, no more. `ready`, `dead` and `shared` tell in words of the entries that could go
today, that open nothing, and that others hold too. No value of a secret is in it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from auditor.facts.credentials import local_access
from auditor.facts.credentials.places import HOLDERS, Kept, consumer_of, identities_of, kept
from auditor.facts.credentials.services import (
    EASY_AUTH,
    FEDERATED,
    IDENTITY,
    KEY,
    MOUNT,
    NO_OTHER_WAY,
    PASSWORD,
    REFERENCE,
    SAS,
    STEPS,
    WAYS,
    Way,
)
from auditor.facts.identity.access import NEEDS, Access
from auditor.facts.registry import FactFamily, Shared
from auditor.facts.transport.services import hosts_of
from auditor.facts.transport.table import SERVICES
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Resource, Unread

_REPLACED = frozenset((KEY, SAS, PASSWORD))
"""Steps from which a managed identity is the better one, where the service takes it."""
_VARIABLE = re.compile(r"\.(?:env|environmentVariables)\[\d+\]\.\w+$")
_MOST_SHARED = 20
"""Other places of one secret that are named; so many tell enough."""
_TARGETS = frozenset(kind for way in WAYS.values() for kind in way.types)
_NEEDS = NEEDS | _TARGETS.union(*(local_access.FAMILY.needs_by_type.get(kind, ()) for kind in _TARGETS))


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each holder."""
    credentials = Credentials(inventory)
    found: dict[str, Json | Unread] = {}
    for kind in HOLDERS:
        for holder in inventory.of_type(kind):
            gap = holder.unread.get("properties")
            found[holder.key] = Unread(gap) if gap else credentials.fact(holder)
    return found


class Credentials:
    """Everything that is kept in one inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._access = Access.of(inventory)
        self._local_access = Shared.of(inventory).values(local_access.FAMILY.name)
        self.by_holder: dict[str, list[Kept]] = defaultdict(list)
        self._places: dict[str, list[Kept]] = defaultdict(list)
        for one in kept(inventory):
            if str(one.mark.get("kind")) in STEPS:
                self.by_holder[one.holder.key].append(one)
                if one.hash:
                    self._places[one.hash].append(one)
        self._shared_by: dict[str, Sequence[tuple[str, str]]] = {}
        self._named = {
            (kind, resource.name.lower()): resource for kind in _TARGETS for resource in inventory.of_type(kind)
        }
        self._hosts = {
            host: resource
            for service in SERVICES
            for resource in inventory.of_type(service.key)
            for host in hosts_of(service, resource)
        }

    def fact(self, holder: Resource) -> Json:
        """What one holder keeps."""
        consumer = consumer_of(holder, self._inventory)
        entries = [self._entry(one, consumer) for one in self.by_holder.get(holder.key, ())]
        return {
            "consumer": consumer.name,
            "entries": entries,
            "ready": _told(one for one in entries if one["has_role"] is True and one["better"] == IDENTITY),
            "dead": _told(one for one in entries if one["keys_off"]),
            "shared": _told((one for one in entries if one["shared_with"]), with_whom=True),
            "decided_by": [one["path"] for one in entries if one["step"] not in (IDENTITY, REFERENCE)],
        }

    def target(self, one: Kept) -> Resource | None:
        """What a secret opens, where the inventory has it."""
        way = WAYS.get(str(one.mark.get("kind")))
        host, account = str(one.mark.get("host") or ""), str(one.mark.get("account") or "")
        if host in self._hosts:
            return self._hosts[host]
        name = account or host.partition(".")[0]
        kinds = way.types if way else ("microsoft.storage/storageaccounts",) if account else ()
        found = (self._named.get((kind, name.lower())) for kind in kinds if name)
        return next((resource for resource in found if resource is not None), None)

    def used(self) -> frozenset[str]:
        """Keys of the services that some known secret opens."""
        found = (self.target(one) for several in self.by_holder.values() for one in several)
        return frozenset(resource.key for resource in found if resource is not None)

    def takes_keys(self, service: Resource) -> bool | None:
        """Whether a service takes keys; None where that is not known."""
        fact = self._local_access.get(service.key)
        return bool(fact["accepted"]) if isinstance(fact, Mapping) else None

    def _entry(self, one: Kept, consumer: Resource) -> dict[str, Json]:
        kind = str(one.mark.get("kind"))
        step, way, target = STEPS[kind], WAYS.get(kind), self.target(one)
        if kind in ("sas", "account-key") and target is not None:
            way = next((known for known in WAYS.values() if target.type_key in known.types), way)
        note = MOUNT if one.holder.key.endswith("/azurestorageaccounts") else NO_OTHER_WAY.get(one.setting.lower(), "")
        better = _better(one, step, way, note)
        identities = identities_of(consumer)
        opens = target.name if target else str(one.mark.get("host") or one.mark.get("account") or "")
        return {
            "setting": one.setting,
            "path": one.path,
            "kind": kind,
            "step": step,
            "opens": opens,
            "opens_id": target.id if target else "",
            "shared_with": self._shared(one, consumer),
            "better": better,
            "identity": bool(identities),
            "has_role": self._has_role(identities, way, target) if better == IDENTITY else None,
            "keys_off": step in _REPLACED and target is not None and self.takes_keys(target) is False,
            "assign": _assignment(identities, way, target) if better == IDENTITY else "",
            "instead": EASY_AUTH.get(one.setting.lower(), "")
            or (_instead(one, way, target) if better == IDENTITY else ""),
            "note": note,
            "expires_at": str(one.mark.get("expires_at") or ""),
            "text": f"{one.setting}: {step}{f' of {opens}' if opens else ''}",
        }

    def _shared(self, one: Kept, consumer: Resource) -> list[str]:
        """Other consumers with the same secret, the first `_MOST_SHARED` of them."""
        found: list[str] = []
        for name, key in self._holders_of(one.hash):
            if key != consumer.key:
                found.append(name)
                if len(found) == _MOST_SHARED:
                    break
        return found

    def _holders_of(self, secret: str) -> Sequence[tuple[str, str]]:
        """Who keeps a secret, in words and by key, each once, by name."""
        if secret not in self._shared_by:
            found = {
                f"{consumer.name}: {place.setting}": consumer.key
                for place in self._places.get(secret, ())
                if (consumer := consumer_of(place.holder, self._inventory))
            }
            self._shared_by[secret] = sorted(found.items())
        return self._shared_by[secret]

    def _has_role(self, identities: Iterable[str], way: Way | None, target: Resource | None) -> bool | None:
        if way is None or target is None or not way.action:
            return None
        answers = [self._access.may(one, way.action, target.id, data=True).verdict for one in identities]
        return True if True in answers else None if None in answers else False


def _better(one: Kept, step: str, way: Way | None, note: str) -> str:
    if note:
        return REFERENCE
    if one.setting.lower() in EASY_AUTH:
        return FEDERATED
    if step in _REPLACED:
        return IDENTITY if way is not None and (way.roles or way.inside) else REFERENCE
    return IDENTITY if step == "client secret" else ""


def _assignment(identities: tuple[str, ...], way: Way | None, target: Resource | None) -> str:
    if way is None or target is None:
        return ""
    if not way.roles:
        return way.inside
    who = identities[0] if identities else "IDENTITY_OBJECT_ID"
    return (
        f"az role assignment create --assignee-object-id {who} --assignee-principal-type ServicePrincipal "
        f"--role {way.roles[0].id} --scope {target.id}"
    )


def _instead(one: Kept, way: Way | None, target: Resource | None) -> str:
    if way is None or not way.setting:
        return ""
    account = target.name if target else str(one.mark.get("account") or "")
    host = str(one.mark.get("host") or account)
    if "{name}" in way.setting and not _is_setting(one):
        return f"{host} with DefaultAzureCredential in the code"
    return way.setting.format(name=one.setting, host=host, account=account)


def _is_setting(one: Kept) -> bool:
    """Whether it is a setting of an app or a variable of its environment, beside which others can stand."""
    return one.holder.key.endswith("/config/appsettings") or bool(_VARIABLE.search(one.path))


def _told(entries: Iterable[Mapping[str, Json]], *, with_whom: bool = False) -> str:
    return "; ".join(
        one["text"] + (f", also in {', '.join(one['shared_with'])}" if with_whom else "") for one in entries
    )


FAMILY = FactFamily(
    name="credentials",
    types=HOLDERS,
    needs=HOLDERS | _NEEDS,
    compute=compute,
    needs_by_type={kind: frozenset((kind,)) | _NEEDS for kind in HOLDERS},
    grounds=dict.fromkeys(("ready", "dead", "shared"), "a managed identity"),
)
