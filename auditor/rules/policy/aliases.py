"""Azure Policy's property aliases as places in ARM bodies.

An alias is the resource type followed by the property's path without `properties`:
https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-alias. Sub-resources inside a body
have `properties` of their own, which the alias leaves out too; such names are looked for in both places
(`paths.Loose`). What follows another pattern is in `alias_tables.txt`. A live audit knows what the tenant itself says
of its aliases (`TenantAliases`), which is asked first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from auditor.inventory.inventory import Inventory
from auditor.rules.conditions import AliasTarget
from auditor.rules.conditions.paths import EACH, BadPath, Step, parse_path, show_path

PROVIDERS = "microsoft.resources/providers"
"""Type key of resource providers, whose `properties.aliases` are texts `<alias> <path>`."""

# Names at the root of a body. A few types keep one of them below `properties`: both places are tried.
_ROOTS = frozenset(
    ("sku", "kind", "identity", "zones", "plan", "managedby", "extendedlocation", "etag", "scale", "name", "id", "tags")
)

# Where the newest API version has it elsewhere than the alias's default path says.
_IRREGULAR = {
    "microsoft.compute/virtualmachines/sku.name": "properties.hardwareProfile.vmSize",
    "microsoft.storage/storageaccounts/accounttype": "sku.name",
    "microsoft.cache/redis/sslport": "properties.sslPort",
    "microsoft.web/serverfarms/sku": "sku",
}

_Names = tuple[str, ...]


@dataclass(slots=True)
class _Tables:
    """What `alias_tables.txt` holds."""

    paths: dict[str, list[tuple[_Names, tuple[Step, ...]]]] = field(default_factory=dict)
    """By type: beginnings of aliases, the longest first, with their paths."""
    aliases: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By alias: types with their paths."""
    dropped: dict[str, frozenset[str]] = field(default_factory=dict)
    open: dict[str, frozenset[str]] = field(default_factory=dict)


@cache
def _tables() -> _Tables:
    tables = _Tables()
    text = resources.files("auditor.rules.policy").joinpath("alias_tables.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        match line.split(" "):
            case ["path", kind, beginning, path]:
                tables.paths.setdefault(kind, []).append((_names(parse_path(beginning)), parse_path(path)))
            case ["alias", alias, kind, path]:
                tables.aliases.setdefault(alias, []).append((kind, path))
            case ["drop", kind, *names]:
                tables.dropped[kind] = frozenset(names)
            case ["open", kind, *names]:
                tables.open[kind] = frozenset(names)
    for found in tables.paths.values():
        found.sort(key=lambda pair: -len(pair[0]))
    return tables


class PatternAliases:
    """Resolves aliases by their pattern, and the irregular ones by tables."""

    def resolve(self, alias: str, types: tuple[str, ...]) -> AliasTarget | None:
        """See `AliasResolver.resolve`."""
        lowered = alias.lower()
        if path := _IRREGULAR.get(lowered):
            return AliasTarget(path)
        if by_type := _tables().aliases.get(lowered):
            return AliasTarget(by_type[0][1], by_type=tuple(by_type))
        owner = _judged_owner(lowered, types) or _owner(lowered)
        if owner is None:
            return _short(alias, types)
        try:
            path, proven = _path(owner, alias[len(owner) + 1 :])
        except BadPath:
            return None
        child = _child(owner, types)
        target = AliasTarget(path, type=owner) if child is None else AliasTarget(path, child=child)
        return target if proven else AliasTarget(target.path, target.child, target.type, unproven=alias)


class TenantAliases:
    """Resolves aliases as the tenant's resource providers do; of other providers by their pattern."""

    def __init__(self, inventory: Inventory) -> None:
        self._paths: dict[str, str] = {}
        self._namespaces: set[str] = set()
        for provider in inventory.of_type(PROVIDERS):
            properties = provider.body.get("properties")
            aliases = properties.get("aliases") if isinstance(properties, Mapping) else None
            if isinstance(aliases, list) and aliases:
                self._namespaces.add(provider.name.lower())
                pairs = (text.split(" ", 1) for text in aliases if isinstance(text, str) and " " in text)
                self._paths |= {name.lower(): path for name, path in pairs}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def resolve(self, alias: str, types: tuple[str, ...]) -> AliasTarget | None:
        """See `AliasResolver.resolve`."""
        known = PatternAliases().resolve(alias, types)
        lowered = alias.lower()
        if lowered.partition("/")[0] not in self._namespaces:
            return known
        path = self._paths.get(lowered)
        if path is None:
            return AliasTarget("", unproven=alias)
        if lowered in _IRREGULAR or (known and known.by_type):
            return known  # one default path cannot say what several types or newer versions have
        return AliasTarget(path, known.child if known else "", known.type if known else "")


def _judged_owner(alias: str, types: tuple[str, ...]) -> str | None:
    """The judged type that the alias is of, the longest one: `virtualHubs/ipConfigurations.subnet` is of the latter."""
    fitting = [kind for kind in types if alias.startswith((kind + "/", kind + "."))]
    slashed = _owner(alias)
    best = max(fitting, key=len, default=None)
    return best if best and (slashed is None or len(best) >= len(slashed)) else None


def _short(alias: str, types: tuple[str, ...]) -> AliasTarget | None:
    """Old aliases that name only the last segment of a type: `Microsoft.Sql/auditingSettings.state`."""
    namespace, _, tail = alias.partition("/")
    segment, dot, rest = tail.partition(".")
    wanted = (namespace.lower() + "/", "/" + segment.lower())
    if dot and any(kind.startswith(wanted[0]) and kind.endswith(wanted[1]) for kind in types):
        return AliasTarget(_by_pattern(rest))
    if "." in namespace and tail:
        return AliasTarget("", unproven=alias)
    return None


def _owner(alias: str) -> str | None:
    """The resource type an alias begins with: everything before its last slash outside of brackets and dots."""
    namespace, slash, tail = alias.partition("/")
    if not slash or "." not in namespace:
        return None
    # The property's path begins at the last segment that comes before the first array or dotted member.
    head = tail.partition("[")[0].partition(".")[0]
    kind, slash, _ = head.rpartition("/")
    return f"{namespace}/{kind}" if slash and kind else None


def _child(owner: str, types: tuple[str, ...]) -> str | None:
    """The type segments below a judged type where the alias leads into its children; None for the type itself."""
    if not types or owner in types:
        return None
    for judged in types:
        if owner.startswith(judged + "/"):
            return owner[len(judged) + 1 :]
    return None


def _path(owner: str, rest: str) -> tuple[str, bool]:
    """The path behind a type, and whether it is more than a guess."""
    tables = _tables()
    steps = parse_path(rest)
    names = _names(steps)
    dropped = tables.dropped.get(owner, frozenset())
    for beginning, path in tables.paths.get(owner, ()):
        if names[: len(beginning)] == beginning:
            return _shown([*path, *_kept(steps[len(beginning) :], dropped)]), True
    kept = _kept(steps, dropped)
    first = names[0] if names else ""
    proven = owner not in tables.open or first in dropped or first in tables.open[owner]
    return _by_pattern(_shown(kept)) if kept else "properties", proven


def _kept(steps: Sequence[Step], dropped: frozenset[str]) -> list[Step]:
    return [step for step in steps if not (isinstance(step, str) and step.lower() in dropped)]


def _names(steps: Sequence[Step]) -> _Names:
    return tuple("[*]" if step is EACH else str(step).lower() for step in steps)


def _shown(steps: Sequence[Step]) -> str:
    return show_path(tuple(steps))


def _by_pattern(rest: str) -> str:
    root = rest.partition("[")[0].partition(".")[0].lower()
    return rest if root in _ROOTS else f"properties.{rest}"
