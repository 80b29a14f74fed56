"""Which frameworks `--framework` means: ids, short names, and files of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.errors import UsageError
from auditor.rules.conditions.problems import nearest
from auditor.rules.frameworks import load_framework, shipped
from auditor.rules.model import Framework, Rule
from auditor.rules.vocabulary import FRAMEWORKS

# What people call a framework that does not begin as its id does.
_OTHER_NAMES = {
    "pcidss401": "pci-dss-4.0",
    "pci401": "pci-dss-4.0",
    "trustservicescriteria": "soc-2",
    "azuresecuritybenchmark": "mcsb-v1",
}
_VERSION = re.compile(r"-v?\d[\d.]*$")


@dataclass(frozen=True, slots=True)
class FrameworkChoice:
    """The frameworks that were asked for."""

    names: tuple[str, ...]
    """Their ids; none where nothing was asked for."""
    rules: tuple[Rule, ...]
    """All rules, mapped to frameworks of the user's own too."""
    own: tuple[Framework, ...]
    """The user's own: the files among the values, and what policy initiatives make."""
    notes: tuple[str, ...]
    """How short names were understood."""


def choose_frameworks(
    values: Sequence[str], rules: Sequence[Rule], listed: Sequence[Framework] = ()
) -> FrameworkChoice:
    """What the values of `--framework` mean; `listed` are frameworks that came with the rules.

    A value that ends in .yaml or .yml is a file, see docs/frameworks.md. Any other is an id, or the beginning of one
    that leaves no doubt; of several versions the newest is taken. Raises UsageError for a name that is not known or
    means several frameworks, ConfigError for a file with mistakes.
    """
    mapped, notes = tuple(rules), list[str]()
    own = {framework.id: framework for framework in listed}
    names: list[str] = []
    for value in (value for value in values if is_file(value)):
        framework = load_framework(Path(value), mapped)
        own[framework.id] = framework
        mapped = mapped_to(framework, mapped)
        names.append(framework.id)
    known = list(dict.fromkeys([*FRAMEWORKS, *own, *sorted({name for rule in mapped for name in rule.frameworks})]))
    for value in (value for value in values if not is_file(value)):
        name = _resolve(value, known)
        if name.lower() != value.lower():
            notes.append(f"--framework {value} is taken as {name}{_newest_of(name, known)}")
        names.append(name)
    return FrameworkChoice(tuple(dict.fromkeys(names)), mapped, tuple(own.values()), tuple(notes))


def frameworks_of(names: Sequence[str], own: Sequence[Framework], rules: Sequence[Rule]) -> tuple[Framework, ...]:
    """The frameworks of these ids; where none is given, every shipped one and those that the rules name besides.

    One that only rules name comes without controls: nobody has listed them.
    """
    by_id = {framework.id: framework for framework in own}
    besides = ({name for rule in rules for name in rule.frameworks} | set(by_id)) - set(FRAMEWORKS)
    return tuple(
        by_id.get(name) or (shipped(name) if name in FRAMEWORKS else Framework(name, "", ()))
        for name in names or (*FRAMEWORKS, *sorted(besides))
    )


def is_file(value: str) -> bool:
    """Whether a value of `--framework` names a file."""
    return value.lower().endswith((".yaml", ".yml"))


def mapped_to(framework: Framework, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules, those that a framework of the user's own names mapped to its controls."""
    from auditor.rules.selection import matches

    return tuple(_with(rule, framework, [c.id for c in framework.controls if matches(rule, c.rules)]) for rule in rules)


def _with(rule: Rule, framework: Framework, controls: Sequence[str]) -> Rule:
    """What the rule's own file says and what the framework says, each once."""
    if not controls:
        return rule
    both = tuple(dict.fromkeys([*rule.frameworks.get(framework.id, ()), *controls]))
    return replace(rule, frameworks={**rule.frameworks, framework.id: both})


def _resolve(value: str, known: Sequence[str]) -> str:
    by_name = {name.lower(): name for name in known}
    short = _letters(value)
    exact = by_name.get(value.lower()) or _OTHER_NAMES.get(short)
    if exact:
        return exact
    found = [name for name in known if short and _letters(name).startswith(short)]
    families = {_VERSION.sub("", name) for name in found}
    if len(families) == 1:
        return _newest(found)
    if found:
        raise UsageError(f"--framework {value!r} may mean several", remedy=f"Name one of {', '.join(found)}.")
    # Most names end in a version, which a misspelt short name lacks.
    hint = nearest(value, known) or nearest(value, dict.fromkeys(_VERSION.sub("", name) for name in known))
    raise UsageError(
        f"--framework {value!r} is not known",
        remedy=f"{hint[:1].upper()}{hint[1:]} Frameworks: {', '.join(known)}, or a file that ends in .yaml.".strip(),
    )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _newest(names: Iterable[str]) -> str:
    return max(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def _newest_of(name: str, known: Sequence[str]) -> str:
    family = _VERSION.sub("", name)
    others = [each for each in known if each != name and _VERSION.sub("", each) == family]
    return f", the newest; there is {', '.join(others)} too" if others else ""
