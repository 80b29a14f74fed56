"""From a condition as its author wrote it to nodes that can be evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.expressions.syntax import is_expression
from auditor.inventory import ids
from auditor.rules.conditions.compare import OPERATORS, Operator
from auditor.rules.conditions.fields import (
    BodyReader,
    ChildReader,
    ComputedReader,
    FactReader,
    OfTypeReader,
    Reader,
    UnprovenReader,
    compile_field,
    normal_location,
)
from auditor.rules.conditions.frame import DEFAULT_NAME, Frame, Scope
from auditor.rules.conditions.nodes import Count, FieldTest, Junction, Negation, Node, Source, ValueTest
from auditor.rules.conditions.paths import EACH, BadPath, parse_path
from auditor.rules.conditions.problems import Language, Place, nearest
from auditor.rules.conditions.sources import (
    ArraySource,
    Backwards,
    Children,
    CollectionSource,
    Forwards,
    Matching,
    OfType,
    Parent,
    ValueSource,
)
from auditor.rules.conditions.template import Value, compile_value, is_constant

_LOGIC = ("allOf", "anyOf", "not")
_SUBJECTS = ("field", "value", "count", "related")
_OPERATOR_NAMES = tuple(operator.name for operator in OPERATORS.values())
_AT_LEAST_ONE = OPERATORS["greaterorequals"]

# What common properties refer to, so that `by` knows what must be collected without saying `type`.
_REFERRED = {
    "networksecuritygroup": "Microsoft.Network/networkSecurityGroups",
    "routetable": "Microsoft.Network/routeTables",
    "subnet": "Microsoft.Network/virtualNetworks/subnets",
    "virtualnetwork": "Microsoft.Network/virtualNetworks",
    "remotevirtualnetwork": "Microsoft.Network/virtualNetworks",
    "publicipaddress": "Microsoft.Network/publicIPAddresses",
    "natgateway": "Microsoft.Network/natGateways",
    "firewallpolicy": "Microsoft.Network/firewallPolicies",
    "serverfarmid": "Microsoft.Web/serverFarms",
    "userassignedidentities": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "diskencryptionset": "Microsoft.Compute/diskEncryptionSets",
    "workspaceid": "Microsoft.OperationalInsights/workspaces",
}

_FALSE_NODE = Junction((), decisive=True)


def compile_node(node: Any, scope: Scope, place: Place) -> Node:
    """The node for a condition; mistakes are noted in the scope, and a stand-in is given for a part with one."""
    if not isinstance(node, Mapping):
        scope.problem(place, "a condition must be an object", "write field, value, count, related, allOf, anyOf or not")
        return _FALSE_NODE
    keys = {key.lower(): key for key in node if isinstance(key, str)}
    logic = [name for name in _LOGIC if name.lower() in keys]
    subjects = [name for name in _SUBJECTS if name in keys]
    if len(logic) + len(subjects) != 1:
        found = ", ".join([*logic, *subjects]) or ", ".join(map(str, node)) or "nothing"
        hint = nearest(str(next(iter(node), "")), (*_LOGIC, *_SUBJECTS)) or f"one of {', '.join((*_LOGIC, *_SUBJECTS))}"
        scope.problem(place, f"a condition needs exactly one of its forms, this one has {found}", hint)
        return _FALSE_NODE
    if logic:
        return _compile_logic(logic[0], node, keys, scope, place)
    return _compile_test(subjects[0], node, keys, scope, place)


def _compile_logic(name: str, node: Mapping[str, Any], keys: Mapping[str, str], scope: Scope, place: Place) -> Node:
    key = keys[name.lower()]
    value, inside = node[key], (*place, key)
    for extra in node:
        if extra != key:
            scope.problem((*place, extra), f"{extra!r} cannot stand beside {name}", "put it into the list")
    if name == "not":
        return Negation(compile_node(value, scope, inside))
    if not isinstance(value, list) or not value:
        scope.problem(inside, f"{name} takes a list of conditions", "write one condition a line, each after a dash")
        return _FALSE_NODE
    parts = tuple(compile_node(part, scope, (*inside, index)) for index, part in enumerate(value))
    return Junction(parts, decisive=name == "anyOf")


def _compile_test(subject: str, node: Mapping[str, Any], keys: Mapping[str, str], scope: Scope, place: Place) -> Node:
    key = keys[subject]
    chosen = _operator(subject, node, key, scope, place)
    value, inside = node[key], (*place, key)
    if subject == "related":
        source, where = _relation(value, scope, inside)
        return Count(source, where, _AT_LEAST_ONE, lambda _frame: 1) if source else _FALSE_NODE
    if subject == "count":
        source, where = _counted(value, scope, inside)
        if source is None or chosen is None:
            return _FALSE_NODE
        return Count(source, where, chosen[0], chosen[1])
    if chosen is None:
        return _FALSE_NODE
    if subject == "value":
        return ValueTest(compile_value(value, scope, inside), *chosen, str(value))
    reader = _reader(value, scope, inside)
    if reader is None:
        return _FALSE_NODE
    operator, operand = chosen
    if isinstance(value, str) and value.lower() == "location":
        operand = _normal(operand)
    return FieldTest(reader, operator, operand, str(value))


def _normal(operand: Value) -> Value:
    """Regions compare in their short form: `East US` is `eastus`."""

    def read(frame: Frame) -> Any:
        value = operand(frame)
        if isinstance(value, list):
            return [normal_location(item) if isinstance(item, str) else item for item in value]
        return normal_location(value) if isinstance(value, str) else value

    return read


def _reader(value: Any, scope: Scope, place: Place) -> Reader | None:
    if not isinstance(value, str):
        scope.problem(place, "field takes a path", "write field: properties.name")
        return None
    if is_expression(value):
        return ComputedReader(compile_value(value, scope, place), scope)
    return compile_field(value, scope, place)


def _operator(
    subject: str, node: Mapping[str, Any], key: str, scope: Scope, place: Place
) -> tuple[Operator, Value] | None:
    """The operator beside a subject, with its operand; None where there is none or a mistake."""
    others = [other for other in node if other != key]
    known = [other for other in others if str(other).lower() in OPERATORS]
    for other in others:
        if other not in known:
            hint = nearest(str(other), _OPERATOR_NAMES) or f"operators: {', '.join(_OPERATOR_NAMES)}"
            scope.problem((*place, other), f"there is no operator {other!r}", hint)
    if subject == "related":
        for other in known:
            scope.problem((*place, other), "related takes no operator: it means at least one", "count: {related: ...}")
        return None
    if len(known) != 1:
        if not known and len(others) == len(known):
            scope.problem(place, f"{subject} needs an operator", f"one of {', '.join(_OPERATOR_NAMES)}")
        if len(known) > 1:
            scope.problem((*place, known[1]), "a condition takes one operator", "use allOf for several")
        return None
    name = known[0]
    operator = OPERATORS[name.lower()]
    _check_operand(operator, node[name], scope, (*place, name))
    return operator, compile_value(node[name], scope, (*place, name))


def _check_operand(operator: Operator, operand: Any, scope: Scope, place: Place) -> None:
    if not is_constant(operand):
        return
    match operator.name:
        case "in" | "notIn" if not isinstance(operand, list):
            scope.problem(place, f"{operator.name} takes a list", "write [a, b]")
        case "exists" if not (isinstance(operand, bool) or str(operand).lower() in ("true", "false")):
            scope.problem(place, f"exists takes true or false, not {operand!r}")
        case "like" | "notLike" | "match" | "notMatch" | "matchInsensitively" | "notMatchInsensitively" if (
            not isinstance(operand, str)
        ):
            scope.problem(place, f"{operator.name} takes a string, not {operand!r}")
        case "less" | "lessOrEquals" | "greater" | "greaterOrEquals" if isinstance(operand, bool | list | Mapping):
            scope.problem(place, f"{operator.name} takes a number, a date or a string")
        case _ if isinstance(operand, Mapping) and operator.name not in ("equals", "notEquals"):
            scope.problem(place, f"{operator.name} takes no object")
        case _:
            return


def _members(value: Any, allowed: Sequence[str], scope: Scope, place: Place) -> dict[str, str] | None:
    """The keys of an object by their names in `allowed`; None, with a problem noted, where it is none."""
    if not isinstance(value, Mapping):
        scope.problem(place, "an object is needed", f"with {', '.join(allowed)}")
        return None
    names = {name.lower(): name for name in allowed}
    keys: dict[str, str] = {}
    for key in value:
        if str(key).lower() in names:
            keys[names[str(key).lower()]] = key
        else:
            scope.problem((*place, key), f"{key!r} is not known here", nearest(str(key), allowed) or ", ".join(allowed))
    return keys


def _counted(value: Any, scope: Scope, place: Place) -> tuple[Source | None, Node | None]:
    keys = _members(value, ("field", "value", "related", "where", "name"), scope, place)
    if keys is None:
        return None, None
    subjects = [name for name in ("field", "value", "related") if name in keys]
    if len(subjects) != 1:
        scope.problem(place, "count takes exactly one of field, value and related")
        return None, None
    name = str(value[keys["name"]]).lower() if "name" in keys else ""
    subject = subjects[0]
    inside = (*place, keys[subject])
    if subject == "related":
        return _counted_relation(value, keys, scope, place)
    if subject == "value":
        _check_name(name, scope, place)
        source: Source | None = ValueSource(
            "value", compile_value(value[keys["value"]], scope, inside), name or DEFAULT_NAME
        )
        return source, _where(value, keys, scope.in_values(name or DEFAULT_NAME), place)
    return _counted_field(value, keys, name, scope, place)


def _check_name(name: str, scope: Scope, place: Place) -> None:
    if not name and scope.currents:
        scope.problem(place, "a value count inside another count needs a name", "add name: <index name>")


def _counted_field(
    value: Mapping[str, Any], keys: Mapping[str, str], name: str, scope: Scope, place: Place
) -> tuple[Source | None, Node | None]:
    inside = (*place, keys["field"])
    text = value[keys["field"]]
    reader = _reader(text, scope, inside)
    if reader is None:
        return None, None
    current = name or str(text).lower()
    owner = ""
    if isinstance(reader, OfTypeReader):
        owner, reader = reader.type, reader.inner
    if isinstance(reader, BodyReader | FactReader) and EACH in reader.steps:
        ends = [index + 1 for index, step in enumerate(reader.rest) if step is EACH]
        segments = tuple(reader.rest[start:end] for start, end in zip([0, *ends], ends, strict=False))
        before = len(reader.steps) - len(reader.rest)
        array = ArraySource(str(text), reader, segments, reader.rest[ends[-1] if ends else 0 :], current)
        source = OfType(owner, array) if owner else array
        inner = scope.in_arrays((reader.steps[: before + end] for end in ends), current)
        return source, _where(value, keys, inner, place)
    if isinstance(reader, ChildReader | UnprovenReader):
        return CollectionSource(str(text), reader, current), _where(value, keys, scope.in_values(current), place)
    if isinstance(reader, ComputedReader):
        scope.problem(inside, "count.field takes a path, not an expression", "use count.value for expressions")
        return None, None
    scope.problem(inside, f"count.field must name array elements, {text!r} does not", f"write {text}[*]")
    return None, None


def _counted_relation(
    value: Mapping[str, Any], keys: Mapping[str, str], scope: Scope, place: Place
) -> tuple[Source | None, Node | None]:
    relation = value[keys["related"]]
    if "where" in keys and isinstance(relation, Mapping):
        if any(str(key).lower() == "where" for key in relation):
            scope.problem((*place, keys["where"]), "where stands both here and in related", "keep one of them")
            return None, None
        relation = {**relation, "where": value[keys["where"]]}
        source, where = _relation(relation, scope, (*place, keys["related"]), (*place, keys["where"]))
        return source, where
    return _relation(relation, scope, (*place, keys["related"]))


def _where(value: Mapping[str, Any], keys: Mapping[str, str], scope: Scope, place: Place) -> Node | None:
    return compile_node(value[keys["where"]], scope, (*place, keys["where"])) if "where" in keys else None


_RELATION = ("by", "type", "referencing", "child", "parent", "matching", "where", "name")


def _relation(
    value: Any, scope: Scope, place: Place, where_place: Place | None = None
) -> tuple[Source | None, Node | None]:
    keys = _members(value, _RELATION, scope, place)
    if keys is None:
        return None, None
    if scope.language is Language.POLICY:
        scope.problem(place, "related is not a part of Azure Policy", "write the rule in YAML")
        return None, None
    name = str(value[keys["name"]]).lower() if "name" in keys else ""
    kinds: list[str] = [kind for kind in ("by", "child", "parent", "matching") if kind in keys]
    if not kinds and "type" in keys:
        kinds = ["type"]
    if len(kinds) != 1:
        scope.problem(place, "related takes one of by, child, parent, type with referencing, type with matching")
        return None, None
    source, types = _RELATIONS[kinds[0]](value, keys, name, scope, place)
    where = None
    if "where" in keys:
        inner = scope.in_resource(types, name)
        where = compile_node(value[keys["where"]], inner, where_place or (*place, keys["where"]))
    return source, where


_Related = tuple[Source | None, tuple[str, ...]]


def _typed(value: Mapping[str, Any], keys: Mapping[str, str], scope: Scope, place: Place) -> str:
    found = value[keys["type"]] if "type" in keys else ""
    if "type" in keys and (not isinstance(found, str) or "/" not in found):
        scope.problem((*place, keys["type"]), f"{found!r} is not a resource type", "write Microsoft.Network/...")
        return ""
    if found:
        scope.need(types=frozenset((ids.type_key(found),)))
    return ids.type_key(str(found))


def _by(value: Mapping[str, Any], keys: Mapping[str, str], name: str, scope: Scope, place: Place) -> _Related:
    path = value[keys["by"]]
    reader = _reader(path, scope, (*place, keys["by"]))
    wanted = _typed(value, keys, scope, place)
    if not wanted and isinstance(path, str):
        segments = [segment.partition("[")[0].lower() for segment in path.split(".")]
        guess = next((_REFERRED[s] for s in (*segments[-1:], *segments[-2:-1]) if s in _REFERRED), "")
        if guess:
            scope.need(types=frozenset((ids.type_key(guess),)))
        types: tuple[str, ...] = (ids.type_key(guess),) if guess else ()
    else:
        types = (wanted,) if wanted else ()
    return (Forwards(str(path), reader, wanted, name) if reader else None), types


def _child(value: Mapping[str, Any], keys: Mapping[str, str], name: str, scope: Scope, place: Place) -> _Related:
    child = value[keys["child"]]
    if not isinstance(child, str) or not child:
        scope.problem((*place, keys["child"]), "child takes a type segment", "write child: blobServices")
        return None, ()
    lowered = child.lower()
    extends = "." in lowered.partition("/")[0]
    types = (lowered,) if extends else tuple(f"{parent}/{lowered}" for parent in scope.types)
    scope.need(types=frozenset(types))
    return Children(child, lowered, name), types


def _parent(value: Mapping[str, Any], keys: Mapping[str, str], name: str, scope: Scope, place: Place) -> _Related:
    if value[keys["parent"]] is not True:
        scope.problem((*place, keys["parent"]), "parent takes true")
    types = tuple(t.rpartition("/")[0] for t in scope.types if t.count("/") > 1)
    scope.need(types=frozenset(types))
    return Parent("parent", name), types


def _referencing(value: Mapping[str, Any], keys: Mapping[str, str], name: str, scope: Scope, place: Place) -> _Related:
    listed = value[keys["type"]]
    kinds = [{"type": kind} for kind in listed] if isinstance(listed, list) else [value]
    wanted = tuple(kind for entry in kinds if (kind := _typed(entry, keys, scope, place)))
    path = value[keys["referencing"]] if "referencing" in keys else None
    if path is not None and not isinstance(path, str):
        scope.problem((*place, keys["referencing"]), "referencing takes a path in the other resource")
        return None, ()
    what = str(kinds[0].get("type")) if len(kinds) == 1 else f"resources of {len(wanted)} types"
    label = f"{what} that refer to it" if path is None else f"{what} whose {path} is its id"
    return Backwards(label, wanted, path, name), wanted


def _matching(value: Mapping[str, Any], keys: Mapping[str, str], name: str, scope: Scope, place: Place) -> _Related:
    wanted = _typed(value, keys, scope, place)
    pairs = value[keys["matching"]]
    inside = (*place, keys["matching"])
    if not wanted or not isinstance(pairs, Mapping) or not pairs:
        scope.problem(inside, "matching needs a type and pairs", "write {path in the other: path in this one}")
        return None, (wanted,)
    compiled: list[tuple[Any, Any]] = []
    for theirs, mine in pairs.items():
        try:
            steps = parse_path(str(theirs))
        except BadPath as error:
            scope.problem((*inside, theirs), str(error))
            continue
        spot = (*inside, theirs)
        if isinstance(mine, str) and not is_expression(mine):
            reader = compile_field(mine, scope, spot)
            if reader:
                compiled.append((steps, reader))
        else:
            compiled.append((steps, compile_value(mine, scope, spot)))
    # What is meant besides the subscription, where there is something: exemptions are bound to these words.
    named = [str(one) for one in pairs if one != "subscription_id"] or ["subscription"]
    label = f"{value[keys['type']]} with the same {' and '.join(named)}"
    return (Matching(label, wanted, tuple(compiled), name) if compiled else None), (wanted,)


_RELATIONS = {"by": _by, "child": _child, "parent": _parent, "type": _referencing, "matching": _matching}
