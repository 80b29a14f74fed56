"""Azure Policy objects in JSON files: definitions, initiatives and assignments, in every form they are exported in.

`az policy definition list` flattens `properties`, REST and the published repository keep it; lists come bare, under
`value` or under `data`. https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-basics
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import Problem, RuleError


@dataclass(frozen=True, slots=True)
class PolicyObject:
    """One object, whichever form it came in."""

    file: str
    name: str
    """Name: the GUID of a built-in definition."""
    id: str
    properties: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """`definition`, `initiative`, `assignment`, `exemption`, or "" for anything else."""
        if isinstance(self.properties.get("policyRule"), Mapping):
            return "definition"
        if isinstance(self.properties.get("policyDefinitions"), list):
            return "initiative"
        if "policyDefinitionId" in self.properties:
            return "assignment"
        return "exemption" if "policyAssignmentId" in self.properties else ""

    @property
    def title(self) -> str:
        """The display name, or the name."""
        return str(self.properties.get("displayName") or self.name)

    @property
    def category(self) -> str:
        """The category of its metadata, or ""."""
        metadata = self.properties.get("metadata")
        return str(metadata.get("category", "")) if isinstance(metadata, Mapping) else ""


def read_objects(paths: Iterable[Path]) -> list[PolicyObject]:
    """Every definition, initiative and assignment of the files. Raises RuleError for files that hold none."""
    problems: list[Problem] = []
    objects: list[PolicyObject] = []
    for path in paths:
        found = [item for item in policy_objects(path, read_json(path, problems)) if item.kind != "exemption"]
        if not found and not any(problem.file == str(path) for problem in problems):
            what = "holds no policy definition, initiative or assignment"
            problems.append(Problem(str(path), 0, 0, what, "export with: az policy definition list -o json"))
        objects += found
    if problems:
        raise RuleError("the policies cannot be used", problems=problems)
    return objects


def read_json(path: Path, problems: list[Problem]) -> Any:
    """The JSON document of a file; None, and a problem more, where it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        problems.append(Problem(str(path), 0, 0, f"cannot be read: {error.strerror}"))
    except json.JSONDecodeError as error:
        problems.append(Problem(str(path), error.lineno, error.colno, f"is not JSON: {error.msg}"))
    except (ValueError, RecursionError) as error:  # no text, a number of thousands of digits, thousands of brackets
        problems.append(Problem(str(path), 0, 0, f"is not JSON: {error}"))
    return None


def policy_objects(path: Path, document: Any) -> Iterator[PolicyObject]:
    """Every policy object of a document, exemptions included, bare or in an envelope, `properties` flattened or not."""
    if isinstance(document, Mapping):
        for envelope in ("value", "data"):
            if isinstance(document.get(envelope), list):
                document = document[envelope]
                break
        else:
            document = [document]
    for item in document if isinstance(document, list) else []:
        if not isinstance(item, Mapping):
            continue
        inner = item.get("properties")
        properties = inner if isinstance(inner, Mapping) else item
        name = str(item.get("name") or path.stem)
        found = PolicyObject(str(path), name, str(item.get("id") or name), properties)
        if found.kind:
            yield found
