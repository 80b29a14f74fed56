"""How to mend a finding: a rule's remediation with the resource's names filled in."""

from __future__ import annotations

from auditor.evaluate.commands import fill_places, places, without_paths
from auditor.evaluate.model import Subject
from auditor.rules.model import Remediation

_GENERIC = {
    "{name}": "the resource",
    "{resource_group}": "its resource group",
    "{subscription_id}": "its subscription",
    "{location}": "its region",
    "{id}": "its id",
    "{type}": "its type",
}


def fill_names(template: str, subject: Subject) -> str:
    """The text with `{name}`, `{id}`, `{type}`, `{location}`, `{resource_group}`, `{subscription_id}` filled in.

    Other braces (JMESPath queries, JSON, shell variables) stay as they are.
    """
    for place, value in _names(subject).items():
        template = template.replace(place, value)
    return template


def fill_command(template: str, subject: Subject) -> str:
    """A shell command with names filled in; one that a shell would not take as a plain word stays a placeholder."""
    return fill_places(without_paths(template), places(subject.id, subject.type, subject.location))


def generic(text: str) -> str:
    """The text for no resource in particular."""
    for place, words in _GENERIC.items():
        text = text.replace(place, words)
    return text


def code_blocks(remediation: Remediation) -> list[tuple[str, str, str]]:
    """The remediation's code as `(heading, language, code)`, without the kinds it lacks."""
    kinds = [
        ("Azure CLI", "azurecli", without_paths(remediation.az)),
        ("Bicep", "bicep", remediation.bicep),
        ("Terraform", "terraform", remediation.terraform),
    ]
    return [(heading, language, code.strip()) for heading, language, code in kinds if code.strip()]


def _names(subject: Subject) -> dict[str, str]:
    return {
        "{name}": subject.name,
        "{id}": subject.id,
        "{type}": subject.type,
        "{location}": subject.location,
        "{resource_group}": subject.resource_group,
        "{subscription_id}": subject.subscription_id,
    }
