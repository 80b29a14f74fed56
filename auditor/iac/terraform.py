"""Resource declarations in Terraform folders: https://developer.hashicorp.com/terraform/language/resources/syntax.

Names are followed through locals, variables (their defaults, `.tfvars`, the arguments of local modules and their
outputs), functions, `count` and `for_each`, as far as they are certain before anything is applied.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.expressions.evaluate import Scope, apply, evaluate
from auditor.expressions.partial import MOST, Choice, Unknown, alternatives
from auditor.expressions.tree import Expression, Literal, Member, Name
from auditor.iac.declaration import Declaration
from auditor.iac.hcl_tree import Block, parse_hcl
from auditor.iac.lines import Lines
from auditor.iac.names import named
from auditor.iac.place import Place
from auditor.iac.registry_modules import type_of_module
from auditor.iac.terraform_scope import ModuleScope, bound
from auditor.iac.terraform_state import Address
from auditor.iac.terraform_types import ARM_TYPES

_MOST_MADE = 1000
_DEEPEST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One way in which a module is used."""

    values: Mapping[str, Any]
    """What is set, by variable."""
    calls: tuple[Place, ...] = ()
    """The module calls that lead to it, the outermost first."""


@dataclass(slots=True)
class Folder:
    """A Terraform module: all files of one folder."""

    path: str
    """Relative to the root, with forward slashes; "" for the root."""
    resources: list[Block] = field(default_factory=list)
    modules: list[Block] = field(default_factory=list)
    variables: dict[str, Block] = field(default_factory=dict)
    local_values: dict[str, Expression] = field(default_factory=dict)
    outputs: dict[str, Expression] = field(default_factory=dict)
    given: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What `.tfvars` files set, by file name."""
    has_state: bool = False
    lines: dict[int, tuple[Lines, bytes]] = field(default_factory=dict)
    """Lines and text of the file of each block, by the block's identity."""
    others: Mapping[str, Folder] = field(default_factory=dict, repr=False)
    """All folders by path."""

    def add(self, text: str, uri: str) -> None:
        """Take a `.tf` file in."""
        lines = (Lines(uri, text), text.encode())
        for block in parse_hcl(text).blocks:
            self.lines[id(block)] = lines
            match block.kind, block.labels:
                case "resource", (_, _):
                    self.resources.append(block)
                case "module", (_,):
                    self.modules.append(block)
                case "variable", (name,):
                    self.variables[name] = block
                case "locals", ():
                    self.local_values |= block.attributes
                case "output", (name,) if "value" in block.attributes:
                    self.outputs[name] = block.attributes["value"]

    def add_variables(self, name: str, text: str) -> None:
        """Take a `.tfvars` file in."""
        scope = ModuleScope(Folder(""), {})
        self.given[name] = {key: evaluate(tree, scope) for key, tree in parse_hcl(text).attributes.items()}

    @property
    def is_used(self) -> bool:
        """Whether it has any code."""
        return bool(self.resources or self.modules)

    def target_of(self, call: Block) -> str:
        """The folder that a module call leads to, "?" for a module from elsewhere."""
        source = _literal(call.attributes.get("source"))
        target = posixpath.normpath(posixpath.join(self.path, source)) if source.startswith(".") else "?"
        return "" if target == "." else target

    def outputs_of(self, call: Block, scope: Any) -> Mapping[str, Any]:
        """Outputs of a module that it calls."""
        target = self.others.get(self.target_of(call))
        if target is None:
            return {"name": evaluate(call.attributes.get("name", Literal(None)), scope)}
        inner = ModuleScope(target, _arguments(call, scope))
        return {name: evaluate(tree, inner) for name, tree in target.outputs.items()}

    def environments(self) -> list[Mapping[str, Any]]:
        """What `.tfvars` files set: those that always count, with each of the others that one run may name."""
        always = [name for name in self.given if name == "terraform.tfvars" or name.endswith(".auto.tfvars")]
        base = {key: value for name in always for key, value in self.given[name].items()}
        others = [{**base, **values} for name, values in self.given.items() if name not in always]
        return [*([base] if always else []), *others]

    def place(self, block: Block, offset: int = -1) -> Place:
        """The line of a block, or of an offset in bytes in its file."""
        lines, data = self.lines[id(block)]
        return lines.place(len(data[: block.at if offset < 0 else offset].decode(errors="replace")))


@dataclass(slots=True)
class TerraformTree:
    """All Terraform folders below a root."""

    folders: dict[str, Folder] = field(default_factory=dict)
    _instances: dict[str, list[Instance]] = field(default_factory=dict)

    def folder(self, path: str) -> Folder:
        """The folder with a path, relative to the root."""
        return self.folders.setdefault(path, Folder(path, others=self.folders))

    def declarations(self) -> Iterator[Declaration]:
        """Resources that the folders declare."""
        self._hand_up_variables()
        for folder in self.folders.values():
            for instance in self.instances(folder.path):
                scope = ModuleScope(folder, instance.values)
                for block in folder.resources:
                    yield from _declared(folder, block, scope, instance)
                for block in folder.modules:
                    yield from _from_registry(folder, block, scope, instance)

    def _hand_up_variables(self) -> None:
        """Files in a folder without code, `environments/prod.tfvars`, are for the nearest folder above with some."""
        for folder in list(self.folders.values()):
            above = folder.path
            while folder.given and above and not self.folder(above).is_used:
                above = posixpath.dirname(above)
            if above != folder.path:
                self.folder(above).given |= {f"{folder.path}/{name}": one for name, one in folder.given.items()}
                folder.given = {}

    def instances(self, path: str) -> list[Instance]:
        """The ways in which a module is used: for each variable file and each call."""
        if path not in self._instances:
            self._instances[path] = []  # a module that calls itself comes back here
            self._instances[path] = list(self._found_instances(path))[:MOST]
        return self._instances[path]

    def _found_instances(self, path: str) -> Iterator[Instance]:
        own = self.folders[path].environments()
        calls = [(f, block) for f in self.folders.values() for block in f.modules if f.target_of(block) == path]
        yield from (Instance(values) for values in own)
        for caller, block in calls:
            for instance in self.instances(caller.path):
                scope = ModuleScope(caller, instance.values)
                for inner, _ in elements_of(block, scope):
                    yield Instance(_arguments(block, inner), (*instance.calls, caller.place(block)))
        if not own and not calls:
            yield Instance({})

    def block_of(self, address: Address) -> Declaration | None:
        """The block with an address of a state; None where none or several could be meant.

        A state beside Terraform files is theirs; any other may be of every folder that no other one calls.
        """
        folders = self.folders.values()
        called = {folder.target_of(block) for folder in folders for block in folder.modules}
        with_state = [folder for folder in folders if folder.has_state and folder.is_used]
        roots = with_state or [folder for folder in folders if folder.path not in called]
        found = {one.place: one for root in roots if (one := self._block_below(root, address))}
        return next(iter(found.values())) if len(found) == 1 else None

    def _block_below(self, root: Folder, address: Address) -> Declaration | None:
        folder: Folder | None = root
        calls: list[Place] = []
        for name in address.modules:
            call = next((one for one in folder.modules if one.labels == (name,)), None) if folder else None
            if folder and call:
                calls.append(folder.place(call))
            folder = self.folders.get(folder.target_of(call)) if folder and call else None
        blocks = [one for one in folder.resources if ".".join(one.labels) == address.block] if folder else []
        if folder is None or len(blocks) != 1:
            return None
        return replace(_bare(folder, blocks[0], _kind(blocks[0], ModuleScope(folder, {}))), calls=tuple(calls))


def elements_of(block: Block, scope: ModuleScope) -> Iterator[tuple[Scope, bool]]:
    """Scopes for each time that a block is used, each with whether it is one, not several that are not told apart."""
    if "count" in block.attributes:
        yield from _counted(evaluate(block.attributes["count"], scope), scope)
    elif "for_each" in block.attributes:
        over = evaluate(block.attributes["for_each"], scope)
        if isinstance(over, Mapping) and over:
            pairs = list(over.items())
        elif isinstance(over, list):
            pairs = [(one, one) for one in over]
        else:
            unknown = over if isinstance(over, Unknown) else Unknown("for_each is only known when it is applied")
            yield bound(scope, each=unknown), False
            return
        for key, value in pairs[:_MOST_MADE]:
            yield bound(scope, each={"key": key, "value": value}), True
    else:
        yield scope, True


def _counted(count: Any, scope: ModuleScope) -> Iterator[tuple[Scope, bool]]:
    numbers = alternatives(count)
    if all(type(number) is int for number in numbers):
        for index in range(min(max(numbers), _MOST_MADE)):
            yield bound(scope, count={"index": index}), True
    else:
        why = count if isinstance(count, Unknown) else count.why if isinstance(count, Choice) else Unknown("no number")
        yield bound(scope, count={"index": why}), False


def _arguments(call: Block, scope: Scope) -> dict[str, Any]:
    return {name: evaluate(tree, scope) for name, tree in call.attributes.items()}


def _literal(tree: Expression | None) -> str:
    return tree.value if isinstance(tree, Literal) and isinstance(tree.value, str) else ""


def _kind(block: Block, scope: Scope) -> str:
    """The lower-cased ARM type; "" where it is not one that we know."""
    if block.labels[0].startswith("azapi_"):
        kind = evaluate(block.attributes.get("type", Literal("")), scope)
        return kind.partition("@")[0].lower() if isinstance(kind, str) else ""
    return ARM_TYPES.get(block.labels[0], "").lower()


def _bare(folder: Folder, block: Block, kind: str) -> Declaration:
    names = [name for name, _ in block.offsets]
    once = {name: folder.place(block, offset) for name, offset in block.offsets if names.count(name) == 1}
    return Declaration(kind, "", folder.place(block), arguments=once, block=block.labels[0])


def _declared(folder: Folder, block: Block, scope: ModuleScope, instance: Instance) -> Iterator[Declaration]:
    kind = _kind(block, scope)
    if "/" not in kind:
        return
    declaration = replace(_bare(folder, block, kind), calls=instance.calls)
    tags = block.attributes.get("tags", Literal(None))
    found = [
        one
        for inner, is_one in elements_of(block, scope)
        for one in named(declaration, _full_name(block, kind, scope, inner) if is_one else None, evaluate(tags, inner))
    ]
    names = [one.name for one in found]
    yield from (one for one in found if not one.name or names.count(one.name) == 1)


def _full_name(block: Block, kind: str, scope: ModuleScope, inner: Scope, depth: int = 0) -> Any:
    """The name with those of its parents, which a child of the `azapi` provider names by their addresses."""
    own = evaluate(block.attributes.get("name", Literal(None)), inner)
    if kind.count("/") < 2:
        return own
    match block.attributes.get("parent_id"):
        case Member(Member(Name(parent_type), Literal(str() as name)), Literal("id")) if depth < _DEEPEST:
            parent = next((one for one in scope.module.resources if one.labels == (parent_type, name)), None)
            above = _kind(parent, scope) if parent else ""
            if parent and above == kind.rpartition("/")[0] and not {"count", "for_each"} & set(parent.attributes):
                return apply("concat", [_full_name(parent, above, scope, scope, depth + 1), "/", own])
    return Unknown("its parent is an expression")


def _from_registry(folder: Folder, block: Block, scope: ModuleScope, instance: Instance) -> Iterator[Declaration]:
    kind = type_of_module(_literal(block.attributes.get("source")), {})
    if kind:
        declaration = replace(_bare(folder, block, kind), calls=instance.calls)
        for inner, is_one in elements_of(block, scope):
            values = _arguments(block, inner)
            yield from named(declaration, values.get("name") if is_one else None, values.get("tags"))
