"""Frameworks and their controls: the shipped ones, and files of the user's own.

Both are the same YAML: `id`, `name`, `version`, `publisher`, `source` and `controls`, each control with `id`, `title`,
`section` and `assessable`; `rules` only in files of the user's own, since shipped rules name their controls themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError, Problem
from auditor.resources import data_path
from auditor.rules.conditions.problems import nearest
from auditor.rules.model import Framework, FrameworkControl, Rule
from auditor.rules.vocabulary import FRAMEWORKS
from auditor.rules.yaml_source import Document, Place, read_document

ASSESSABLE = ("technical", "manual", "partly")
FRAMEWORK_KEYS = ("id", "name", "controls", "version", "publisher", "source")
CONTROL_KEYS = ("id", "title", "section", "assessable", "rules")
_ID = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


@cache
def shipped(framework: str) -> Framework:
    """A framework of `vocabulary.FRAMEWORKS` with every control that its publisher lists."""
    path = data_path("frameworks") / f"{framework}.yaml"
    found, problems = parse_framework(read_document(path.read_text(encoding="utf-8"), path.name))
    if found is None:
        raise ConfigError("cannot be used", subject=str(path), problems=problems)
    return found


@cache
def _control_ids(framework: str) -> frozenset[str]:
    return frozenset(control.id for control in shipped(framework).controls)


def control_problem(framework: str, control: str) -> tuple[str, str] | None:
    """What is wrong with a control that a rule names, and what would be right; None where nothing is.

    Frameworks of one's own (`x-...`) have no list of controls to compare with.
    """
    if framework not in FRAMEWORKS or control in _control_ids(framework):
        return None
    known = shipped(framework).controls
    near = _near(control, [each.id for each in known])
    remedy = f"near: {', '.join(near)}" if near else f"it has {known[0].id} to {known[-1].id}"
    return f"{framework} has no control {control!r}", f"{remedy}; auditor compliance --framework {framework} --all"


def _near(control: str, known: Sequence[str]) -> list[str]:
    """Its own points or the control it is a point of, then what is spelt alike."""
    from difflib import get_close_matches

    family = [each for each in known if each.startswith(control) or control.startswith(f"{each}.")]
    return list(dict.fromkeys([*family[:4], *get_close_matches(control, known, 3, 0.7)]))[:4]


def load_framework(path: Path, rules: Sequence[Rule]) -> Framework:
    """A framework of the user's own, whose controls name some of these rules.

    Raises ConfigError with every mistake of the file, patterns that match no rule included: otherwise a typing mistake
    would make a control look as if nothing covered it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", subject=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8: byte {error.start}", subject=str(path)) from error
    document = read_document(text, str(path))
    found, problems = parse_framework(document)
    if found is not None:
        problems += _own_problems(found, document, rules)
    if problems or found is None:
        raise ConfigError(
            "is no framework that can be used", subject=str(path), problems=problems, remedy="See docs/frameworks.md."
        )
    return replace(found, source=found.source or str(path))


def _own_problems(framework: Framework, document: Document, rules: Sequence[Rule]) -> Iterator[Problem]:
    from auditor.rules.selection import matches

    if framework.id in FRAMEWORKS:
        yield document.problem(("id",), f"the id {framework.id!r} is taken", "choose another one")
    names = sorted({name for rule in rules for name in (rule.id, rule.topic)})
    for index, control in enumerate(framework.controls):
        for number, pattern in enumerate(control.rules):
            if not any(matches(rule, (pattern,)) for rule in rules):
                hint = nearest(pattern, names) or "auditor rules list shows all"
                yield document.problem(("controls", index, "rules", number), f"{pattern!r} matches no rule", hint)


def parse_framework(document: Document) -> tuple[Framework | None, list[Problem]]:
    """The framework of a document, or None, and every mistake in it."""
    if document.problems:
        return None, list(document.problems)
    if not isinstance(document.value, Mapping):
        return None, [document.problem((), "a framework must be a mapping", "see docs/frameworks.md")]
    parser = _Parser(document)
    found = parser.framework()
    return (None if parser.problems else found), parser.problems


class _Parser:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def framework(self) -> Framework:
        value = self.document.value
        self._check_keys(value, (), FRAMEWORK_KEYS, FRAMEWORK_KEYS[:3])
        framework_id = self._text(value, "id", ())
        if framework_id and not _ID.fullmatch(framework_id):
            self._wrong(("id",), f"the id {framework_id!r} is not kebab-case", "use lower-case words and hyphens")
        return Framework(
            id=framework_id,
            name=self._text(value, "name", ()),
            controls=tuple(self._controls(value.get("controls", []))),
            version=self._text(value, "version", ()),
            publisher=self._text(value, "publisher", ()),
            source=self._text(value, "source", ()),
        )

    def _controls(self, value: Any) -> list[FrameworkControl]:
        if not isinstance(value, list) or ("controls" in self.document.value and not value):
            self._wrong(("controls",), "controls takes a list of controls", "- {id: ..., title: ..., rules: [...]}")
            return []
        found: dict[str, FrameworkControl] = {}
        for index, item in enumerate(value):
            place: Place = ("controls", index)
            if not isinstance(item, Mapping):
                self._wrong(place, "a control must be a mapping", "{id: ..., title: ..., rules: [...]}")
                continue
            control = self._control(item, place)
            if control.id in found:
                self._wrong((*place, "id"), f"the control {control.id!r} stands here twice", "keep one")
            found[control.id] = control
        return list(found.values())

    def _control(self, item: Mapping[str, Any], place: Place) -> FrameworkControl:
        self._check_keys(item, place, CONTROL_KEYS, CONTROL_KEYS[:2])
        assessable = self._text(item, "assessable", place)
        if assessable and assessable not in ASSESSABLE:
            hint = nearest(assessable, ASSESSABLE) or f"one of {', '.join(ASSESSABLE)}"
            self._wrong((*place, "assessable"), f"{assessable!r} is not known in assessable", hint)
        return FrameworkControl(
            id=self._text(item, "id", place),
            title=self._text(item, "title", place),
            section=self._text(item, "section", place),
            assessable=assessable,
            rules=self._patterns(item, place),
        )

    def _patterns(self, item: Mapping[str, Any], place: Place) -> tuple[str, ...]:
        value = item.get("rules", [])
        if not isinstance(value, list) or not all(isinstance(pattern, str) and pattern for pattern in value):
            self._wrong((*place, "rules"), "rules takes a list", "of rule ids, topics or globs")
            return ()
        return tuple(value)

    def _check_keys(self, value: Mapping[str, Any], place: Place, known: Sequence[str], needed: Sequence[str]) -> None:
        for key in value:
            if key not in known:
                hint = nearest(key, known) or f"keys: {', '.join(known)}"
                self._wrong((*place, key), f"there is no key {key!r} here", hint)
        for key in needed:
            if key not in value:
                self._wrong(place, f"the key {key!r} is missing")

    def _text(self, value: Mapping[str, Any], key: str, place: Place) -> str:
        """Text; a number is taken as it is written, so that `id: 4` need no quotes. `4.10` does: YAML makes it 4.1."""
        found = value.get(key, "")
        if isinstance(found, float):
            self._wrong((*place, key), f"{key} must be text", f"write '{found}' in quotes: 4.10 would become 4.1")
        elif isinstance(found, bool) or not isinstance(found, str | int) or (key in value and not str(found).strip()):
            self._wrong((*place, key), f"{key} must be text")
        else:
            return str(found).strip()
        return ""

    def _wrong(self, place: Place, message: str, remedy: str = "") -> None:
        self.problems.append(self.document.problem(place, message, remedy))
