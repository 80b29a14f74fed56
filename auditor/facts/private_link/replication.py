"""Whether blobs are replicated to or from accounts of somebody else.

A fact of an object replication policy:

    {"foreign": true, "account": "ststranger"}

`account` is the one that is not ours, "" where both are. A policy names accounts by their whole ids, or by their bare
names, which are unique in the world: https://learn.microsoft.com/rest/api/storagerp/object-replication-policies/get
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.facts.network.topology import value
from auditor.facts.private_link.tenancy import SUBSCRIPTION, Tenancy, gap_anywhere
from auditor.facts.private_link.usage import STORAGE
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Unread

POLICY = f"{STORAGE}/objectreplicationpolicies"


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each object replication policy."""
    tenancy = Tenancy.of(inventory)
    names = frozenset(account.name.lower() for account in inventory.of_type(STORAGE))
    gap = gap_anywhere(inventory, STORAGE)

    def foreign(account: str) -> bool | Unread:
        if not account or account.rpartition("/")[2].lower() in names:
            return False
        if account.startswith("/"):
            return tenancy.foreign(ids.subscription_of(account))
        return Unread(gap) if gap else True

    found: dict[str, Json | Unread] = {}
    for policy in inventory.of_type(POLICY):
        if unread := policy.unread.get("properties"):
            found[policy.key] = Unread(unread)
            continue
        ends = [str(value(policy.body, "properties", name) or "") for name in ("destinationAccount", "sourceAccount")]
        answers = {end: foreign(end) for end in ends}
        stranger = next((end for end, answer in answers.items() if answer is True), "")
        blind = next((answer for answer in answers.values() if isinstance(answer, Unread)), None)
        found[policy.key] = {
            "foreign": True if stranger else blind or False,
            "account": stranger.rpartition("/")[2],
        }
    return found


FAMILY = FactFamily(
    name="object_replication",
    types=frozenset((POLICY,)),
    needs=frozenset((POLICY, STORAGE, SUBSCRIPTION)),
    compute=compute,
)
