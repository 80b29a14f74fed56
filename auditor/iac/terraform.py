"""Resource declarations in Terraform folders: https://developer.hashicorp.com/terraform/language/resources/syntax.

Names are followed through locals, variables (their defaults, `.tfvars`, the arguments of local modules) and string
interpolation; what is computed otherwise, and blocks that make several resources, have none.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auditor.iac.declaration import Declaration, line_place
from auditor.iac.place import Place
from auditor.iac.terraform_state import Address
from auditor.iac.terraform_types import ARM_TYPES
from auditor.iac.values import Values, joined, several

_RESOURCE = re.compile(r'^[ \t]*resource[ \t]+"([\w-]+)"[ \t]+"([\w-]+)"[ \t]*\{', re.M)
_MODULE = re.compile(r'^[ \t]*module[ \t]+"([\w-]+)"[ \t]*\{', re.M)
_VARIABLE = re.compile(r'^[ \t]*variable[ \t]+"([\w-]+)"[ \t]*\{', re.M)
_LOCALS = re.compile(r"^[ \t]*locals[ \t]*\{", re.M)
_ATTRIBUTE = re.compile(r"^[ \t]*([\w-]+)[ \t]*=[ \t]*(.*\S)", re.M)
_TRACE = re.compile(r'"?yor_trace"?[ \t]*=[ \t]*"([^"$\n]+)"')
_SERVICE = re.compile(r'"?azd-service-name"?[ \t]*=[ \t]*"([^"$\n]+)"')
_PART = re.compile(r"\$\{([^{}]*)\}|((?:[^$%\\\"]|\$(?!\{)|%(?!\{)|\\.)+)")
_SKIPPED = re.compile(r'#[^\n]*|//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.S)
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Block:
    """A `resource` block."""

    address: str
    """`azurerm_storage_account.logs`."""
    kind: str
    """The lower-cased ARM type; "" where it is not one that we know."""
    place: Place
    attributes: Mapping[str, str]
    """Expressions of its own arguments."""
    service: str
    trace: str
    arguments: Mapping[str, Place]
    """Lines of its arguments by name, those of nested blocks too; not of those that stand twice."""

    def declared(self, name: str = "") -> Declaration:
        """What it declares, under a name that it is certain to have."""
        return Declaration(
            self.kind,
            name.lower(),
            self.place,
            self.service,
            self.trace,
            arguments=self.arguments,
            block=self.address.partition(".")[0],
        )


@dataclass(slots=True)
class Folder:
    """A Terraform module: all files of one folder."""

    path: str
    """Relative to the root, with forward slashes; "" for the root."""
    blocks: list[Block] = field(default_factory=list)
    calls: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """Module calls by name: the folder that is called, "?" for one from elsewhere, and the arguments."""
    defaults: dict[str, str] = field(default_factory=dict)
    """Expressions of variables' defaults and of locals, as `var.x` and `local.x`."""
    given: list[Mapping[str, Values]] = field(default_factory=list)
    """What `.tfvars` files and module calls set, as `var.x`."""
    has_state: bool = False

    def add(self, text: str, uri: str) -> None:
        """Take a `.tf` file in."""
        for found in _RESOURCE.finditer(text):
            body = top_level(text, found.end())
            attributes = dict(_ATTRIBUTE.findall(body))
            whole = _whole(text, found.end())
            service, trace = (tag.search(whole) for tag in (_SERVICE, _TRACE))
            self.blocks.append(
                Block(
                    f"{found[1]}.{found[2]}",
                    _kind(found[1], attributes),
                    line_place(uri, text, found.start(1)),
                    attributes,
                    service[1] if service else "",
                    trace[1] if trace else "",
                    _argument_places(whole, text, found.end(), uri),
                )
            )
        for found in _MODULE.finditer(text):
            attributes = dict(_ATTRIBUTE.findall(top_level(text, found.end())))
            source = attributes.get("source", "").strip('"')
            target = posixpath.normpath(posixpath.join(self.path, source)) if source.startswith(".") else "?"
            self.calls[found[1]] = ("" if target == "." else target, attributes)
        for found in _VARIABLE.finditer(text):
            default = dict(_ATTRIBUTE.findall(top_level(text, found.end()))).get("default")
            if default:
                self.defaults[f"var.{found[1]}"] = default
        for found in _LOCALS.finditer(text):
            found_here = _ATTRIBUTE.findall(top_level(text, found.end()))
            self.defaults |= {f"local.{name}": value for name, value in found_here}

    def add_variables(self, text: str) -> None:
        """Take a `.tfvars` file in."""
        self.given.append({f"var.{name}": values_of(value, {}) for name, value in _ATTRIBUTE.findall(text)})

    def known(self) -> dict[str, Values]:
        """Variables and locals with the texts that they can have."""
        names = {name for given in self.given for name in given}
        known = {name: several(given[name] for given in self.given if name in given) for name in names}
        for _ in range(_DEEPEST):  # locals may name one another, in any order
            before = len(known)
            for name, expression in self.defaults.items():
                if name not in known and (values := values_of(expression, known)):
                    known[name] = values
            if len(known) == before:
                break
        return known


def terraform_declarations(folders: Mapping[str, Folder]) -> Iterator[Declaration]:
    """Resources that the folders declare."""
    _follow_modules(folders)
    for folder in folders.values():
        known = folder.known()
        for block in folder.blocks:
            several_made = "count" in block.attributes or "for_each" in block.attributes
            if not block.kind or several_made:
                continue
            # A child's `name` says nothing of its parent, which is an expression.
            names = values_of(block.attributes.get("name", ""), known) if block.kind.count("/") == 1 else ()
            for name in names or ("",):
                yield block.declared(name)


def block_of(folders: Mapping[str, Folder], address: Address) -> Declaration | None:
    """The block with an address of a state; None where none or several could be meant.

    A state beside Terraform files is theirs; any other may be of every folder that no other one calls.
    """
    called = {target for folder in folders.values() for target, _ in folder.calls.values()}
    with_state = [folder for folder in folders.values() if folder.has_state and (folder.blocks or folder.calls)]
    roots = with_state or [folder for folder in folders.values() if folder.path not in called]
    found = {block.place: block for root in roots if (block := _block_below(folders, root, address))}
    return next(iter(found.values())).declared() if len(found) == 1 else None


def _block_below(folders: Mapping[str, Folder], root: Folder, address: Address) -> Block | None:
    folder: Folder | None = root
    for name in address.modules:
        target, _ = folder.calls.get(name, ("?", {})) if folder else ("?", {})
        folder = folders.get(target)
    blocks = [block for block in folder.blocks if block.address == address.block] if folder else []
    return blocks[0] if len(blocks) == 1 else None


def values_of(expression: str, known: Mapping[str, Values]) -> Values:
    """The texts that an expression can have: a literal, a name, an interpolation, or one of these in lower case."""
    text = _SKIPPED.sub(lambda found: found[0] if found[0].startswith('"') else "", expression).strip()
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        inner = text[1:-1]
        if "".join(found[0] for found in _PART.finditer(inner)) != inner:
            return ()
        return joined(
            values_of(found[1], known) if found[1] is not None else (found[2],) for found in _PART.finditer(inner)
        )
    if found := re.fullmatch(r"lower\((.+)\)", text):
        return tuple(value.lower() for value in values_of(found[1], known))
    return known.get(text, ())


def _follow_modules(folders: Mapping[str, Folder]) -> None:
    """Hand the arguments of module calls down, callers before what they call."""
    own = {path: list(folder.given) for path, folder in folders.items()}
    for _ in range(min(_DEEPEST, len(folders))):
        handed: dict[str, list[Mapping[str, Values]]] = {}
        for folder in folders.values():
            known = folder.known()
            for target, attributes in folder.calls.values():
                several_made = "count" in attributes or "for_each" in attributes
                seen = {} if several_made else known
                given = {f"var.{name}": values_of(value, seen) for name, value in attributes.items()}
                handed.setdefault(target, []).append(given)
        changed = False
        for path, folder in folders.items():
            following = [*own[path], *handed.get(path, [])]
            changed = changed or following != folder.given
            folder.given = following
        if not changed:
            return


def _argument_places(whole: str, text: str, begin: int, uri: str) -> dict[str, Place]:
    found: dict[str, list[int]] = {}
    for argument in _ATTRIBUTE.finditer(
        _SKIPPED.sub(lambda one: " " * len(one[0]) if one[0][0] != '"' else one[0], whole)
    ):
        found.setdefault(argument[1], []).append(begin + argument.start(1))
    return {name: line_place(uri, text, offsets[0]) for name, offsets in found.items() if len(offsets) == 1}


def _kind(resource_type: str, attributes: Mapping[str, str]) -> str:
    if resource_type.startswith("azapi_"):
        return attributes.get("type", "").strip('"').partition("@")[0].lower()
    return ARM_TYPES.get(resource_type, "").lower()


def _whole(text: str, at: int) -> str:
    """A block's text, from after its opening brace to its closing one."""
    depth = 1
    begin = at
    while at < len(text) and depth:
        skipped = _SKIPPED.match(text, at)
        piece = skipped[0] if skipped else text[at]
        depth += {"{": 1, "}": -1}.get(piece, 0)
        at += len(piece)
    return text[begin:at]


def top_level(text: str, at: int) -> str:
    """A block's own lines, from after its opening brace; what lies in deeper brackets is blanked out."""
    out: list[str] = []
    depth = 1
    while at < len(text) and depth:
        skipped = _SKIPPED.match(text, at)
        piece = skipped[0] if skipped else text[at]
        depth += {"{": 1, "[": 1}.get(piece, 0)
        comment = piece.startswith(("#", "//", "/*"))
        out.append(piece if depth == 1 and not comment else "\n" * piece.count("\n"))
        depth -= {"}": 1, "]": 1}.get(piece, 0)
        at += len(piece)
    return "".join(out)
