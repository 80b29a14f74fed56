"""The JSON Schemas of rule files and of frameworks, for editors: `# yaml-language-server: $schema=FILE`."""

from __future__ import annotations

from typing import Any

from auditor.rules.conditions.compare import OPERATORS
from auditor.rules.frameworks import ASSESSABLE
from auditor.rules.model import Severity
from auditor.rules.vocabulary import EQUIVALENTS, EXAMPLE_KEYS, FRAMEWORKS, REMEDIATION_TEXTS, REQUIRED_KEYS

_TYPE = r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+$"
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_CONDITION = {"$ref": "#/$defs/condition"}
_RELATED = {"$ref": "#/$defs/related"}


def rule_schema() -> dict[str, Any]:
    """The schema, JSON Schema draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "auditor rule",
        "type": "object",
        "additionalProperties": False,
        "required": list(REQUIRED_KEYS),
        "properties": _properties(),
        "$defs": {"condition": _condition(), "related": _related(), "body": {"type": "object"}},
    }


def framework_schema() -> dict[str, Any]:
    """The schema of a file with a framework of one's own, JSON Schema draft 2020-12."""
    name: dict[str, Any] = {"type": ["string", "integer"], "minLength": 1}
    control = {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "title"],
        "properties": {
            "id": name,
            "title": _TEXT,
            "section": {**_TEXT, "description": "The chapter it is shown under."},
            "assessable": {"enum": list(ASSESSABLE)},
            "rules": {"type": "array", "items": _TEXT, "description": "Rule ids, topics or globs; none: not covered."},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "auditor framework",
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "name", "controls"],
        "properties": {
            "id": {"type": "string", "pattern": "^[a-z0-9]+([.-][a-z0-9]+)*$"},
            "name": _TEXT,
            "version": name,
            "publisher": _TEXT,
            "source": {**_TEXT, "description": "Where it can be read."},
            "controls": {"type": "array", "minItems": 1, "items": control},
        },
    }


def _properties() -> dict[str, Any]:
    resource_type = {"type": "string", "pattern": _TYPE}
    return {
        "id": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "description": "The file's name."},
        "title": {**_TEXT, "description": "What is wrong, as a statement."},
        "severity": {"enum": list(Severity)},
        "topic": {**_TEXT, "description": "The folder's name."},
        "resource": {"anyOf": [resource_type, {"type": "array", "items": resource_type, "minItems": 1}]},
        "parameters": _parameters(),
        "when": {**_CONDITION, "description": "False: the rule does not apply."},
        "fail_if": {**_CONDITION, "description": "True: it fails. False: it passes."},
        "message": {**_TEXT, "description": "With {field paths} to fill in."},
        "description": {**_TEXT, "description": "Why it matters."},
        "remediation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["text"],
            "properties": {**dict.fromkeys(REMEDIATION_TEXTS, _TEXT), "patch": _patch()},
        },
        "references": {"type": "array", "items": {"type": "string", "pattern": "^https://"}},
        "frameworks": _mapping(list(FRAMEWORKS)),
        "equivalents": _mapping(list(EQUIVALENTS)),
        "examples": _examples(),
        "deprecated": {**_TEXT, "description": "Why it is retired and what replaces it; it does not run."},
        "aliases": {"type": "array", "items": _TEXT},
    }


def _parameters() -> dict[str, Any]:
    value: dict[str, Any] = {"type": ["number", "string"]}
    parameter = {
        "type": "object",
        "additionalProperties": False,
        "required": ["default", "description"],
        "properties": {
            "default": value,
            "description": {**_TEXT, "description": "What it means, with its unit."},
            "minimum": {"type": "number"},
            "maximum": {"type": "number"},
            "allowed": {"type": "array", "items": value, "minItems": 1},
        },
    }
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "patternProperties": {"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": parameter},
        "description": "What users can set: [parameters('name')] in conditions, {parameters.name} in texts.",
    }


def _patch() -> dict[str, Any]:
    change = {
        "type": "object",
        "additionalProperties": False,
        "required": ["path"],
        "properties": {
            "path": {**_TEXT, "description": "A property path in the body; [*] is every element of a list."},
            "value": {"description": "What it is to be."},
            "remove": {"const": True, "description": "What is there goes."},
            "where": {**_CONDITION, "description": "Which elements of the list."},
            "at": {**_TEXT, "description": "childType/name for a child, .. for what holds the judged resource."},
            "type": {**_TEXT, "description": "The type it is for, in rules over several."},
        },
    }
    return {"type": "array", "items": change, "minItems": 1, "description": "What the remedy sets."}


def _mapping(names: list[str]) -> dict[str, Any]:
    entries = {"type": "array", "minItems": 1, "items": {"type": ["string", "integer"]}}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(names, entries),
        "patternProperties": {"^x-": entries},
    }


def _examples() -> dict[str, Any]:
    body = {"type": "object"}
    example = {"anyOf": [body, {"type": "array", "items": body, "minItems": 1}]}
    kinds = {key: {"type": "array", "items": example, "minItems": 1} for key in EXAMPLE_KEYS}
    return {"type": "object", "additionalProperties": False, "required": ["fail", "pass"], "properties": kinds}


def _condition() -> dict[str, Any]:
    many = {"type": "array", "minItems": 1, "items": _CONDITION}
    count = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "field": _TEXT,
            "value": {},
            "related": _RELATED,
            "where": _CONDITION,
            "name": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
        },
    }
    return {
        "oneOf": [
            {"type": "object", "additionalProperties": False, "required": [key], "properties": {key: value}}
            for key, value in (("allOf", many), ("anyOf", many), ("not", _CONDITION), ("related", _RELATED))
        ]
        + [_test(subject, value) for subject, value in (("field", _TEXT), ("value", {}), ("count", count))],
    }


def _test(subject: str, value: dict[str, Any]) -> dict[str, Any]:
    """A subject with exactly one operator."""
    operators = {operator.name: _operand(operator.name) for operator in OPERATORS.values()}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [subject],
        "minProperties": 2,
        "maxProperties": 2,
        "properties": {subject: value, **operators},
    }


def _operand(name: str) -> dict[str, Any]:
    if name in ("in", "notIn"):
        return {"type": ["array", "string"]}
    if name == "exists":
        return {"enum": [True, False, "true", "false"]}
    return {}


def _related() -> dict[str, Any]:
    kind = {"type": "string", "pattern": _TYPE}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "by": _TEXT,
            "type": {"anyOf": [kind, {"type": "array", "items": kind, "minItems": 1}]},
            "referencing": _TEXT,
            "child": _TEXT,
            "parent": {"const": True},
            "matching": {"type": "object", "minProperties": 1},
            "where": _CONDITION,
            "name": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
        },
    }
