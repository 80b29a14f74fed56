"""Who depends on what a change takes away: the difference between two worlds, told of the services that it is about.

Each question is asked of the facts that rules ask too: whether keys are taken (`local_access`, `credentials`), who is
let in (`paas_exposure`, private endpoints), what is taken without TLS (`transport`), whether data can be read
(`key_chain`), what reaches a machine (`effective_security`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auditor.facts.clients import Clients, accepted_keys, keys_held
from auditor.facts.readable import readable
from auditor.fixes.model import Dependant
from auditor.fixes.world import World
from auditor.inventory.model import Gap, Json, Resource, Unread

_OUTSIDE = "who calls from outside Azure, or by a key that was handed on, is not seen here: look at the service's logs"
_OLDER = "clients that speak TLS below {lowest} alone are not seen here: look at the service's logs"
_ALL_OF_AZURE = "0.0.0.0"  # noqa: S104 - how firewalls write the rule for all of Azure
_EVERYONE = 2**28
"""So many addresses are a sixteenth of all: such a rule names nobody."""
_DOORS = ("exposure", "ranges", "public_addresses", "virtual_networks", "resource_instances")
"""What `paas_exposure` says of who is let in."""
_PUBLIC = frozenset({"internet"})


@dataclass(slots=True)
class Loss:
    """What one service's change takes away."""

    paths: frozenset[str] = frozenset()
    """Properties that decide, lower-cased; empty where it cannot be told which of the service's changes it is."""
    dependants: list[Dependant] = field(default_factory=list)
    unread: list[Gap] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    touching: frozenset[str] = frozenset()
    """Keys of other resources by whose change it can have come: vaults, keys, identities, security groups."""


def losses(before: World, after: World) -> Iterator[tuple[str, Loss]]:
    """What is lost between two worlds, with the key of the resource whose change takes it away."""
    clients_before = Clients.of(readable(before.inventory)[0])
    clients_after = Clients.of(readable(after.inventory)[0])
    for resource in after.inventory:
        earlier = before.inventory.get(resource.key)
        if earlier is None:
            continue
        if loss := _keys(before, after, earlier, resource, clients_before):
            yield resource.key, loss
        if loss := _doors(before, after, earlier, resource, clients_before, clients_after):
            yield resource.key, loss
        if loss := _plain(before, after, earlier, resource, clients_before):
            yield resource.key, loss
        if loss := _certificates(before, after, earlier, resource, clients_before):
            yield resource.key, loss
        if loss := _chain(before, after, earlier, resource):
            yield resource.key, loss
        if loss := _traffic(before, after, earlier, resource):
            yield resource.key, loss


def _decided(*facts: Mapping[str, Json] | None) -> frozenset[str]:
    found = {str(path) for fact in facts if fact for path in fact.get("decided_by") or ()}
    return frozenset(path.rpartition(":")[2].lower() for path in found)


def _keys(before: World, after: World, earlier: Resource, service: Resource, clients: Clients) -> Loss | None:
    """Keys and passwords that are taken no more, and who holds them."""
    facts = before.fact("local_access", earlier), after.fact("local_access", service)
    if not (facts[0] and facts[1] and facts[0] != facts[1]):
        return None
    if accepted_keys(before.inventory, earlier) is not True or accepted_keys(after.inventory, service) is not False:
        return None
    loss = Loss(_decided(*facts), remarks=[_OUTSIDE])
    flat = {(consumer.key, str(entry["path"])): entry for consumer, entry in keys_held(before.inventory)}
    for consumer, entry in keys_held(after.inventory):
        was = flat.get((consumer.key, str(entry["path"])))
        if entry["keys_off"] and was and not was["keys_off"] and str(entry["opens_id"]).lower() == service.key:
            text = f"{consumer.name} signs in to {service.name} with the {entry['step']} in {entry['setting']}"
            loss.dependants.append(Dependant(consumer.name, consumer.id, text, tuple(_instead(consumer, entry))))
    if not loss.dependants and (gap := clients.gap):
        loss.unread.append(gap)
    return loss


def _instead(consumer: Resource, entry: Mapping[str, object]) -> Iterator[str]:
    """What a holder of a key needs first: an identity, its role, and the setting that uses them."""
    if not entry["better"]:
        yield f"find another way for {entry['setting']}: {entry['note'] or 'none is known'}"
        return
    if not entry["identity"]:
        yield f"give {consumer.name} a managed identity"
    if entry["assign"] and entry["has_role"] is not True:
        yield str(entry["assign"])
    if entry["instead"]:
        yield f"in {consumer.name}, instead of {entry['setting']}: {entry['instead']}"
    elif entry["better"] != "managed identity":
        yield f"in {consumer.name}, move {entry['setting']} to a {entry['better']}"


def _doors(
    before: World, after: World, earlier: Resource, service: Resource, clients: Clients, tomorrow: Clients
) -> Loss | None:
    """Networks that are let in no more, and clients that have no other way."""
    old, new = before.fact("paas_exposure", earlier), after.fact("paas_exposure", service)
    if not (old and new) or old == new:
        return None
    hidden = [value.gap for fact in (old, new) for name in _DOORS if isinstance(value := fact.get(name), Unread)]
    if not hidden and not _narrower(old, new):
        return None
    # What was not read may let in more than those who are known.
    loss = Loss(_decided(old, new), unread=list(dict.fromkeys(hidden)), remarks=[_OUTSIDE])
    found: dict[str, Dependant] = {}
    for client in clients.of_service(earlier):
        if clients.reaches(client.consumer, earlier)[0] is False:
            continue
        verdict, gap = tomorrow.reaches(client.consumer, service)
        if verdict is None and gap:
            loss.unread.append(gap)
        elif verdict is False:
            text = f"{client.consumer.name} has no private way to {service.name} ({client.how})"
            first = (
                f"create a private endpoint of {service.name} in the network of {client.consumer.name}, "
                "with its DNS zone linked there",
            )
            found.setdefault(client.consumer.key, Dependant(client.consumer.name, client.consumer.id, text, first))
    loss.dependants += found.values()
    loss.dependants += _named(old, new, service)
    if not loss.dependants and (gap := clients.gap):
        loss.unread.append(gap)
    return loss


def _narrower(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Whether somebody who was let in is let in no more."""
    kept = {entry["range"] for entry in new["ranges"]}
    return (
        new["public_addresses"] < old["public_addresses"]
        or any(entry["range"] not in kept for entry in old["ranges"])
        or (old["exposure"] != "private-only" and new["exposure"] == "private-only")
    )


def _named(old: Mapping[str, Json], new: Mapping[str, Json], service: Resource) -> Iterator[Dependant]:
    """Those whom rules let in by name today: somebody meant them to come in."""
    if old["exposure"] != "selected-networks":
        return
    kept = {entry["range"] for entry in _ranges(new)} if new["exposure"] == "selected-networks" else set()
    for entry in _ranges(old):
        if entry["range"] in kept or entry["addresses"] >= _EVERYONE or str(entry["range"]).startswith(_ALL_OF_AZURE):
            continue  # the rule for everyone, or for all of Azure, names nobody
        text = f"{entry['range']} is let in to {service.name} by {entry['name'] or entry['path']}"
        yield Dependant(str(entry["range"]), "", text, ("give those who call from there a private way",))
    shut = new["exposure"] == "private-only"
    for name, word in (("virtual_networks", "subnet"), ("resource_instances", "resource instance")):
        let_in, left = _known(old[name]), _known(new[name])
        if let_in and (shut or left < let_in):
            who = f"{let_in} {word}" + ("s" if let_in > 1 else "")
            text = f"{who} let in to {service.name} by its network rules"
            yield Dependant(who, "", text, ("give them a private endpoint",))


def _ranges(exposure: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    """The ranges that are known."""
    found = exposure["ranges"]
    return found if isinstance(found, list) else ()


def _known(number: Json | Unread) -> int:
    """A number that was read; of what was not, `Loss.unread` tells."""
    return number if isinstance(number, int) else 0


def _plain(before: World, after: World, earlier: Resource, service: Resource, clients: Clients) -> Loss | None:
    """Connections without TLS that are refused from then on."""
    old, new = before.fact("transport", earlier), after.fact("transport", service)
    if not (old and new) or old == new:
        return None
    loss = Loss(_decided(old, new))
    if old.get("plain") == "accepted" and new.get("plain") != "accepted":
        for client in clients.of_service(earlier):
            if client.plain:
                text = f"{client.consumer.name} calls {service.name} without TLS: {client.how}"
                first = (f"let {client.consumer.name} call it with TLS",)
                loss.dependants.append(Dependant(client.consumer.name, client.consumer.id, text, first))
        if not loss.dependants and (gap := clients.gap):
            loss.unread.append(gap)
    if old.get("lowest") != new.get("lowest") and new.get("lowest"):
        loss.remarks.append(_OLDER.format(lowest=new["lowest"]))
    return loss


def _certificates(before: World, after: World, earlier: Resource, service: Resource, clients: Clients) -> Loss | None:
    """Callers that may have no certificate to show where one is required from then on."""
    old, new = before.fact("client_certificates", earlier), after.fact("client_certificates", service)
    if not (old and new) or old.get("mode") == "required" or new.get("mode") != "required":
        return None
    loss = Loss(frozenset({"properties.clientcertmode", "properties.clientcertenabled"} | _decided(old, new)))
    for caller in {client.consumer.key: client.consumer for client in clients.of_service(earlier)}.values():
        text = f"{caller.name} calls {service.name}, and is not known to show a certificate"
        loss.dependants.append(Dependant(caller.name, caller.id, text, (f"give {caller.name} a client certificate",)))
    loss.remarks.append("browsers and callers without a certificate are refused from then on")
    return loss


def _chain(before: World, after: World, earlier: Resource, resource: Resource) -> Loss | None:
    """Data that can be read no more."""
    old, new = before.fact("key_chain", earlier), after.fact("key_chain", resource)
    if not new or new["state"] != "broken" or (old and old["state"] == "broken"):
        return None
    broken = [chain for chain in new["chains"] if chain["state"] == "broken"]
    words = "; ".join(link["text"] for chain in broken for link in chain["links"] if link["state"] == "broken")
    names = ("holder_id", "key_id", "opener_id", "through")
    keys = {str(chain[name]).lower() for chain in broken for name in names if chain[name]}
    first = ("give its identity what it needs to open the key first",)
    text = f"{resource.name} could not read its data: {words}"
    return Loss(dependants=[Dependant(resource.name, resource.id, text, first)], touching=frozenset(keys))


def _traffic(before: World, after: World, earlier: Resource, resource: Resource) -> Loss | None:
    """What other machines send to a machine, and is let in no more."""
    old, new = before.fact("effective_security", earlier), after.fact("effective_security", resource)
    if not (old and new) or old["inbound"] == new["inbound"]:
        return None
    kept = {(*_ports(one), remote) for one in new["inbound"]["openings"] for remote in one["remote"]}
    loss = Loss()
    for one in old["inbound"]["openings"]:
        gone = [remote for remote in one["remote"] if remote not in _PUBLIC and (*_ports(one), remote) not in kept]
        if gone and "any" not in gone:
            machine = old["machine"] or resource.name
            ports = f"{one['protocol']} {one['first_port']}" + (
                f"-{one['last_port']}" if one["last_port"] != one["first_port"] else ""
            )
            text = f"{machine} serves {', '.join(gone)} at {ports}, let in by {one['rule']}"
            loss.dependants.append(Dependant(str(machine), resource.id, text, ("make sure that nobody uses it",)))
    loss.touching = frozenset({"*network*"})
    return loss if loss.dependants else None


def _ports(opening: Mapping[str, Json]) -> tuple[Json, Json, Json]:
    return opening["protocol"], opening["first_port"], opening["last_port"]
