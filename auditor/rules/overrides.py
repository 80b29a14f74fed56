"""What a user sets otherwise than a rule's author, in YAML:

overrides:
  - rule: sql-auditing-short-retention       # id, topic or glob; or a list of them
    resource: "*/resourceGroups/rg-dev/*"    # optional: glob over the id or the name; or tag: {env: dev}
    severity: low
    parameters: {days: 30}                   # `auditor rules show` lists what a rule takes
    reason: Nothing personal is kept there

Where several entries are about the same rule and resource the later one decides, setting by setting. An override says
how much something matters here; it exempts nothing, and every report says what was set.
"""  # noqa: D400 - the example says what no sentence could

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, Problem
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json
from auditor.rules.aims import AIM_KEYS, Aim, aim_mistakes, aim_of
from auditor.rules.conditions.problems import nearest
from auditor.rules.entry_files import entries_of
from auditor.rules.loader import reloaded
from auditor.rules.model import Overridden, Parameter, Rule, Severity
from auditor.rules.parameters import refusal
from auditor.rules.yaml_source import Document, Place

_KEYS = (*AIM_KEYS, "severity", "parameters", "reason")


@dataclass(frozen=True, slots=True)
class Override:
    """One entry."""

    aim: Aim
    severity: Severity | None
    parameters: Mapping[str, Json]
    reason: str
    source: str
    """File and line."""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The entries of all files, in their order."""

    entries: tuple[Override, ...] = ()
    least: Severity | None = None
    """The severity from which on results are wanted, as it is after what is set; None for all."""
    _made: dict[tuple[str, tuple[int, ...]], tuple[Rule, Rule]] = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.entries)

    def everywhere(self, rules: Sequence[Rule]) -> tuple[Rule, ...]:
        """The rules with what is set of them for every resource."""
        wide = [n for n, each in enumerate(self.entries) if each.aim.everywhere]
        return tuple(self._with(rule, [n for n in wide if self.entries[n].aim.concerns(rule)]) for rule in rules)

    def notices(self, rules: Sequence[Rule]) -> Iterator[str]:
        """What each entry sets, and of how many of these rules: part of every report."""
        for each in self.entries:
            if count := sum(each.aim.concerns(rule) for rule in rules):
                sets = [f"severity {each.severity}"] if each.severity else []
                sets += [f"{name} {value}" for name, value in each.parameters.items()]
                where = "" if each.aim.everywhere else " for some resources"
                ruled = f"{count:,} rules" if count > 1 else "1 rule"
                yield f"{each.source}: sets {', '.join(sets)} in {ruled}{where}: {each.reason}"

    def scoped(self, rules: Sequence[Rule]) -> Mapping[str, tuple[int, ...]]:
        """For each rule of which something is set for some resources only, by id: the entries that are about it."""
        found: dict[str, tuple[int, ...]] = {}
        for rule in rules:
            concerned = [n for n, each in enumerate(self.entries) if each.aim.concerns(rule)]
            if any(not self.entries[n].aim.everywhere for n in concerned):
                found[rule.id] = tuple(concerned)
        return found

    def raised(self, rule: Rule) -> Severity:
        """The highest severity that a rule can have for some resource."""
        found = [each.severity for each in self.entries if each.severity and each.aim.concerns(rule)]
        return min([rule.severity, *found], key=lambda severity: severity.rank)

    def leaves_out(self, rule: Rule) -> bool:
        """Whether a rule, as it is for a resource, is below what is wanted."""
        return self.least is not None and rule.severity.rank > self.least.rank

    def at(self, rule: Rule, concerned: Sequence[int], resource_id: str, name: str, inventory: Inventory) -> Rule:
        """The rule as it is for one resource; `concerned` is what `scoped` gives for it."""
        return self._with(rule, [n for n in concerned if self.entries[n].aim.covers(resource_id, name, inventory)])

    def _with(self, rule: Rule, entries: Sequence[int]) -> Rule:
        if not entries:
            return rule
        key = (rule.id, tuple(entries))
        before, made = self._made.get(key, (None, rule))
        if before is not rule:
            made = _overridden(rule, [self.entries[n] for n in entries])
            self._made[key] = (rule, made)
        return made


def _overridden(rule: Rule, entries: Sequence[Override]) -> Rule:
    before = rule.overridden or Overridden()
    author = before.severity or rule.severity
    severity = next((each.severity for each in reversed(entries) if each.severity), author)
    defaults = {each.name: each.default for each in rule.declared}
    entries = [each for each in entries if each.severity or each.parameters.keys() & defaults.keys()]
    values: dict[str, Json] = {}
    for each in entries:
        values |= {name: value for name, value in each.parameters.items() if name in defaults}
    changed = {name: (defaults[name], value) for name, value in values.items() if value != defaults[name]}
    said = Overridden(
        author if severity is not author else None,
        changed,
        tuple(dict.fromkeys(each.reason for each in entries)),
        tuple(dict.fromkeys(each.source for each in entries)),
    )
    given = {name: value for name, (_, value) in changed.items()}
    shown = {name: value for name, (_, value) in before.parameters.items()}
    base = rule if given == shown else reloaded(rule, given)
    return replace(base, severity=severity, overridden=said if said.severity or said.parameters else None)


def load_overrides(paths: Sequence[Path], rules: Sequence[Rule]) -> Overrides:
    """Overrides from YAML files, held against all rules that there are. Raises ConfigError with every mistake."""
    problems: list[Problem] = []
    found: list[Override] = []
    for document, place, entry in entries_of(paths, "overrides", problems):
        wrong = list(_mistakes(document, place, entry, rules))
        problems += wrong
        if not wrong:
            line, _ = document.mark(place)
            found.append(
                Override(
                    aim_of(entry),
                    Severity(entry["severity"]) if entry.get("severity") else None,
                    dict(entry.get("parameters") or {}),
                    " ".join(str(entry["reason"]).split()),
                    f"{document.file}:{line}",
                )
            )
    if problems:
        raise ConfigError("the overrides cannot be used", problems=sorted(problems))
    return Overrides(tuple(found))


def _mistakes(document: Document, place: Place, entry: Any, rules: Sequence[Rule]) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield document.problem(place, "an override must be a mapping", f"with {', '.join(_KEYS)}")
        return
    for key in entry:
        if key not in _KEYS:
            yield document.problem((*place, key), f"there is no key {key!r} here", nearest(key, _KEYS))
    for key in ("rule", "reason"):
        if entry.get(key) in (None, "", []):
            yield document.problem(place, f"the key {key!r} is missing", "it is required")
    if isinstance(entry.get("reason"), list | Mapping):
        yield document.problem((*place, "reason"), "reason must be text", "write reason: and words after it")
    wrong = [document.problem((*place, *inner), message, remedy) for inner, message, remedy in aim_mistakes(entry)]
    yield from wrong
    severity = entry.get("severity")
    if severity is not None and severity not in set(Severity):
        remedy = nearest(str(severity), Severity) or ", ".join(Severity)
        yield document.problem((*place, "severity"), f"{severity!r} is no severity", remedy)
    parameters = entry.get("parameters")
    if parameters is not None and not isinstance(parameters, Mapping):
        yield document.problem((*place, "parameters"), "parameters takes names and values", "write {days: 30}")
    elif not severity and not parameters:
        yield document.problem(place, "the entry sets nothing", "give severity, parameters, or both")
    elif not wrong and entry.get("rule"):
        yield from _of_rules(document, place, entry, rules)


def _of_rules(document: Document, place: Place, entry: Mapping[str, Any], rules: Sequence[Rule]) -> Iterator[Problem]:
    aim = aim_of(entry)
    concerned = [rule for rule in rules if aim.concerns(rule)]
    if not concerned:
        hint = aim.hint(sorted({name for rule in rules for name in (rule.id, rule.topic)}))
        remedy = hint or "`auditor rules list` shows all"
        yield document.problem((*place, "rule"), f"{', '.join(aim.rules)} names no rule", remedy)
        return
    for name, value in (entry.get("parameters") or {}).items():
        declared = [each for rule in concerned for each in rule.declared if each.name == name]
        at = (*place, "parameters", name)
        if not declared:
            yield document.problem(at, f"no rule that is meant has a parameter {name!r}", _taken(concerned))
        for said in dict.fromkeys(words for each in declared if (words := refusal(each, value))):
            yield document.problem(at, f"{name} {said}", "`auditor rules show` has its bounds")


def _taken(rules: Sequence[Rule]) -> str:
    names: list[Parameter] = [each for rule in rules for each in rule.declared]
    found = ", ".join(dict.fromkeys(each.name for each in names))
    return f"there are: {found}" if found else "none of them has any"
