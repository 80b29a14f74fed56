"""Attack paths as facts: of what matters, and of identities that stand between environments.

A fact of a data store and of a subscription:

    {"kind": "data-store", "weight": 6,
     "paths": [{"entry": "exposed", "score": 55, "steps": 3, "lateral": 0, "choke": "close tcp 22 of vm-web ...",
                "text": "internet reaches vm-web at tcp 22, then vm-web runs as id-app, then ...",
                "short": "internet -> vm-web -> id-app -> st1"}],
     "easy": [...], "owner": [...], "from_development": [...], "text": "...", "development_text": "...",
     "decided_by": ["/subscriptions/...:facts.internet_exposure"]}

`paths` come from the internet, the best first; `easy` are those of them that begin `open` or `exposed` and go from no
machine to another; `owner`, of a subscription alone, those that end with the right to give access or to change
everything and go from no machine to another. `from_development` begin at a host of development, where the target
belongs to production. An element is unread where something that decides was not read, and one at the end says that
there may be more.

A fact of a user-assigned identity:

    {"bridge": [{"text": "vm-dev (development) and vm-prod (production)"}], "text": "...",
     "decided_by": ["properties.principalId"]}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.facts.identity.hosts import HOSTS, carried
from auditor.facts.identity.principals import USER_ASSIGNED
from auditor.facts.paths.environment import Environment
from auditor.facts.paths.graph import NEEDS, Attack
from auditor.facts.paths.model import Entry, NodeKind, Path
from auditor.facts.paths.search import ordered
from auditor.facts.paths.targets import STORES, weight_of
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

SUBSCRIPTION = ids.type_key(ids.SUBSCRIPTION_TYPE)
_SHOWN = 2


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each target and each identity."""
    graph = Attack.of(inventory)
    reached = _by_target(graph.from_internet().paths)
    developed = _by_target(graph.from_development().paths)
    found: dict[str, Json | Unread] = {}
    for kind in (*sorted(STORES), SUBSCRIPTION):
        for target in inventory.of_type(kind):
            crossing = developed.get(target.key, []) if _is_production(graph, target) else []
            found[target.key] = _value(graph, target, reached.get(target.key, []), crossing)
    found.update(_bridges(graph))
    return found


def _by_target(paths: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in ordered(paths):
        found.setdefault(path.target.id.partition("#")[0], []).append(path)
    return found


def _is_production(graph: Attack, target: Resource) -> bool:
    return graph.environments.of(target) is Environment.PRODUCTION


def _value(graph: Attack, target: Resource, paths: Sequence[Path], crossing: Sequence[Path]) -> Json:
    gap = graph.gap(target)
    scope = target.type_key == SUBSCRIPTION
    easy = [path for path in paths if path.entry in (Entry.OPEN, Entry.EXPOSED) and not path.lateral]
    return {
        "kind": str(NodeKind.SCOPE if scope else NodeKind.DATA_STORE),
        "weight": 10 if scope else weight_of(target),
        "paths": _told(paths, gap),
        "easy": _told(easy, gap),
        "owner": _told([path for path in paths if not path.lateral], gap) if scope else [],
        "from_development": _told(crossing, gap),
        "text": _words(easy or paths),
        "development_text": _words(crossing),
        "decided_by": list(dict.fromkeys(p for path in (*easy, *crossing) for p in _proofs(path)))[:6],
    }


def _told(paths: Sequence[Path], gap: Gap | None) -> list[Json]:
    told: list[Json] = [_one(path) for path in paths]
    return [*told, Unread(gap)] if gap else told


def _one(path: Path) -> Json | Unread:
    if path.unread:
        return Unread(path.unread)
    return {
        "entry": str(path.entry),
        "score": path.score,
        "steps": len(path.edges),
        "lateral": path.lateral,
        "choke": path.edges[0].change,
        "text": path.text,
        "short": path.short,
    }


def _words(paths: Sequence[Path]) -> str:
    texts = list(dict.fromkeys(path.text for path in paths if path.certain))
    more = f"; and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more


def _proofs(path: Path) -> Iterable[str]:
    for edge in path.edges:
        for proof in edge.proofs:
            if not proof.path.startswith("facts."):
                yield f"{proof.resource}:{proof.path}"


def _bridges(graph: Attack) -> dict[str, Json]:
    """Identities that hosts of development and of production carry both, and that may do something."""
    inventory = graph.inventory
    carriers: dict[str, dict[Environment, list[str]]] = {}
    for kind in sorted(HOSTS):
        for host in inventory.of_type(kind):
            environment = graph.environments.of(host)
            for one in carried(host, inventory):
                if environment and one.resource is not None and not one.own:
                    carriers.setdefault(one.resource.key, {}).setdefault(environment, []).append(host.name)
    found: dict[str, Json] = {}
    for identity in inventory.of_type(USER_ASSIGNED):
        of = carriers.get(identity.key, {})
        developed, productive = of.get(Environment.DEVELOPMENT, []), of.get(Environment.PRODUCTION, [])
        bridge: list[Json] = []
        node = graph.node(identity)
        if developed and productive:
            if node.kind is NodeKind.IDENTITY and graph.steps(node):
                bridge.append({"text": f"{developed[0]} (development) and {productive[0]} (production)"})
            elif gap := graph.gap(identity):
                bridge.append(Unread(gap))
        found[identity.key] = {
            "bridge": bridge,
            "text": "; ".join(one["text"] for one in bridge if isinstance(one, Mapping)),
            "decided_by": ["properties.principalId"],
        }
    return found


FAMILY = FactFamily(
    name="attack_path",
    types=frozenset(STORES) | {SUBSCRIPTION, USER_ASSIGNED},
    needs=NEEDS,
    compute=compute,
    grounds={
        "easy": "no way from the internet",
        "owner": "no way from the internet",
        "from_development": "no way from development",
        "bridge": "one identity for each environment",
        "text": "",
        "development_text": "",
    },
)
