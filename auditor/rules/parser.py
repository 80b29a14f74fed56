"""From a rule file to a `Rule`: every mistake of the file is found in one go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.errors import Problem
from auditor.inventory.model import Json
from auditor.rules.conditions import CompiledCondition, ConditionErrors, compile_condition
from auditor.rules.conditions.problems import nearest
from auditor.rules.examples import parse_examples
from auditor.rules.frameworks import control_problem
from auditor.rules.model import Change, Examples, Parameter, Remediation, Rule, Severity
from auditor.rules.parameters import FILLED_KEYS, filled, named_in, parse_parameters, values_of
from auditor.rules.patching import parse_patch
from auditor.rules.vocabulary import (
    EQUIVALENTS,
    FRAMEWORKS,
    OPTIONAL_KEYS,
    REMEDIATION_KEYS,
    REMEDIATION_TEXTS,
    REQUIRED_KEYS,
)
from auditor.rules.yaml_source import Document, Place

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TYPE = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+")


def parse_rule(
    document: Document,
    *,
    stem: str,
    folder: str | None,
    source: str,
    with_examples: bool,
    values: Mapping[str, Json] | None = None,
) -> tuple[Rule | None, list[Problem]]:
    """The rule of a document, or None, and every mistake in it.

    `stem` is the file's name without its ending, which must be the rule's id; `folder` that of its folder, which must
    be its topic, or None where rules may lie anywhere. Without `with_examples`, examples are neither needed nor read.
    `values` are those of its parameters that are not to have their default.
    """
    if document.problems:
        return None, list(document.problems)
    if not isinstance(document.value, Mapping):
        return None, [document.problem((), "a rule must be a mapping", "see docs/rules.md")]
    parser = _Parser(document, values or {})
    rule = parser.rule(stem, folder, source, with_examples=with_examples)
    return (None if parser.problems else rule), parser.problems


class _Parser:
    def __init__(self, document: Document, values: Mapping[str, Json]) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.declared = self._parameters(document.value)
        chosen = values_of(self.declared, values)
        self.value: Mapping[str, Any] = (
            {key: filled(part, chosen) if key in FILLED_KEYS else part for key, part in document.value.items()}
            if chosen
            else document.value
        )

    def rule(self, stem: str, folder: str | None, source: str, *, with_examples: bool) -> Rule:
        self._check_keys(with_examples)
        types = self._types()
        return Rule(
            id=self._id(stem),
            title=self._text("title"),
            severity=self._severity(),
            topic=self._topic(folder),
            resource=types,
            when=self._condition("when", types) if "when" in self.value else None,
            fail_if=self._condition("fail_if", types),
            message=self._text("message"),
            description=self._text("description"),
            remediation=self._remediation(types),
            references=self._texts("references"),
            frameworks=self._frameworks(check_controls=with_examples),
            equivalents=self._mapping("equivalents", EQUIVALENTS),
            examples=self._examples(types) if with_examples else Examples(),
            source=source,
            deprecated=self._text("deprecated"),
            definition={key: self.value[key] for key in ("when", "fail_if") if key in self.value},
            declared=self.declared,
        )

    def _parameters(self, value: Mapping[str, Any]) -> tuple[Parameter, ...]:
        declared, mistakes = parse_parameters(value["parameters"]) if "parameters" in value else ((), [])
        for place, message, remedy in mistakes:
            self._wrong(("parameters", *place), message, remedy)
        if mistakes:
            return declared
        known = {each.name for each in declared}
        named = list(named_in({key: value[key] for key in FILLED_KEYS if key in value}))
        for place, name in named:
            if name not in known:
                remedy = nearest(name, known) or "declare it in parameters"
                self._wrong(place, f"there is no parameter {name!r}", remedy)
        for name in sorted(known - {name for _, name in named}):
            self._wrong(("parameters", name), f"the parameter {name!r} is not used", "leave it out")
        return declared

    def _wrong(self, place: Place, message: str, remedy: str = "") -> None:
        self.problems.append(self.document.problem(place, message, remedy))

    def _check_keys(self, with_examples: bool) -> None:
        known = (*REQUIRED_KEYS, *OPTIONAL_KEYS)
        for key in self.value:
            if key not in known:
                self._wrong(
                    (key,), f"there is no key {key!r} in a rule", nearest(key, known) or f"keys: {', '.join(known)}"
                )
        for key in REQUIRED_KEYS:
            if key not in self.value and (with_examples or key != "examples"):
                self._wrong((), f"the key {key!r} is missing")

    def _id(self, stem: str) -> str:
        rule_id = self._text("id")
        if "id" in self.value and not _ID.fullmatch(rule_id):
            self._wrong(("id",), f"the id {rule_id!r} is not kebab-case", "use lower-case words joined by hyphens")
        elif "id" in self.value and rule_id != stem:
            self._wrong(("id",), f"the id {rule_id!r} is not the file's name", f"name the file {rule_id}.yaml")
        return rule_id

    def _severity(self) -> Severity:
        text = self._text("severity")
        if "severity" in self.value and text not in set(Severity):
            self._wrong(("severity",), f"{text!r} is no severity", nearest(text, Severity) or ", ".join(Severity))
            return Severity.INFO
        return Severity(text) if text else Severity.INFO

    def _topic(self, folder: str | None) -> str:
        topic = self._text("topic")
        if "topic" in self.value and folder is not None and topic != folder:
            self._wrong(("topic",), f"the topic {topic!r} is not the folder's name", f"move the file to {topic}/")
        return topic

    def _types(self) -> tuple[str, ...]:
        value = self.value.get("resource")
        found = value if isinstance(value, list) else [value] if value is not None else []
        for index, item in enumerate(found):
            if not isinstance(item, str) or not _TYPE.fullmatch(item):
                place: Place = ("resource", index) if isinstance(value, list) else ("resource",)
                self._wrong(place, f"{item!r} is not a resource type", "write Microsoft.Storage/storageAccounts")
        return tuple(item for item in found if isinstance(item, str))

    def _condition(self, key: str, types: Sequence[str]) -> CompiledCondition:
        try:
            return compile_condition(self.value.get(key, {"allOf": []}), resource_types=types)
        except ConditionErrors as errors:
            if key in self.value:
                for problem in errors.problems:
                    self._wrong((key, *problem.path), problem.message, problem.remedy)
            return compile_condition({"value": True, "equals": False})

    def _remediation(self, types: Sequence[str]) -> Remediation:
        value = self.value.get("remediation", {})
        if not isinstance(value, Mapping):
            self._wrong(("remediation",), "remediation must be a mapping", f"with {', '.join(REMEDIATION_KEYS)}")
            return Remediation("")
        for key, text in value.items():
            if key not in REMEDIATION_KEYS:
                self._wrong(("remediation", key), f"there is no key {key!r} here", nearest(key, REMEDIATION_KEYS))
            elif key in REMEDIATION_TEXTS and not isinstance(text, str):
                self._wrong(("remediation", key), f"{key} must be text")
        if "remediation" in self.value and not value.get("text"):
            self._wrong(("remediation",), "the key 'text' is missing in remediation")
        texts = {key: text for key, text in value.items() if key in REMEDIATION_TEXTS and isinstance(text, str)}
        return Remediation(
            **{"text": "", **texts}, patch=self._patch(value["patch"], types) if "patch" in value else ()
        )

    def _patch(self, value: Any, types: Sequence[str]) -> tuple[Change, ...]:
        changes, problems = parse_patch(value, types)
        for place, message, remedy in problems:
            self._wrong(("remediation", "patch", *place), message, remedy)
        return changes

    def _mapping(self, key: str, known: Sequence[str]) -> dict[str, tuple[str, ...]]:
        value = self.value.get(key) or {}
        if not isinstance(value, Mapping):
            self._wrong((key,), f"{key} must be a mapping of lists")
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for name, entries in value.items():
            if name not in known and not name.startswith("x-"):
                hint = nearest(name, known) or f"one of {', '.join(known)}, or a name of your own that starts with x-"
                self._wrong((key, name), f"{name!r} is not known in {key}", hint)
            if not isinstance(entries, list) or not entries:
                self._wrong((key, name), f"{name} takes a list of ids")
                continue
            for index, entry in enumerate(entries):
                if isinstance(entry, float):
                    self._wrong((key, name, index), f"{entry} is a number", "write it in quotes: 4.10 would become 4.1")
            found[name] = tuple(str(entry) for entry in entries if not isinstance(entry, float))
        return found

    def _frameworks(self, *, check_controls: bool) -> dict[str, tuple[str, ...]]:
        """Controls by framework. That the controls exist is for authors to check: a scan need not read the lists."""
        found = self._mapping("frameworks", tuple(FRAMEWORKS))
        if check_controls:
            for name, controls in found.items():
                for index, control in enumerate(controls):
                    if problem := control_problem(name, control):
                        self._wrong(("frameworks", name, index), *problem)
        return found

    def _examples(self, types: Sequence[str]) -> Examples:
        examples, problems = parse_examples(self.value.get("examples"), types)
        for place, message, remedy in problems:
            if "examples" in self.value:
                self._wrong(("examples", *place), message, remedy)
        return examples

    def _text(self, key: str) -> str:
        value = self.value.get(key)
        if key in self.value and (not isinstance(value, str) or not value.strip()):
            self._wrong((key,), f"{key} must be text")
            return ""
        return value.strip() if isinstance(value, str) else ""

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self.value.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong((key,), f"{key} must be a list of texts")
            return ()
        return tuple(value)
