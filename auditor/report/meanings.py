"""What tags say of a resource: whose it is, of which environment, and what class its data has.

Tenants name their tags as they like; which tags mean what comes with the options.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.evaluate.model import Subject

DEFAULT_MEANINGS: Mapping[str, tuple[str, ...]] = {
    # The names that Microsoft proposes, and common ways to write them:
    # https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
    "owner": ("owner", "ownername", "opsteam", "businessowner", "contact"),
    "environment": ("environment", "env"),
    "data_class": ("dataclassification", "data-classification", "confidentiality", "dataclass"),
}
"""Meaning to tag names in lower case, the first that a resource has winning."""


def meaning(subject: Subject, name: str, meanings: Mapping[str, tuple[str, ...]]) -> str:
    """The value of the first tag with this meaning (`owner`, `environment`, `data_class`); "" where there is none."""
    return next((subject.tags[tag] for tag in meanings.get(name, ()) if tag in subject.tags), "")


def meant(subject: Subject, meanings: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Every meaning that the resource has a tag for."""
    return {name: found for name in meanings if (found := meaning(subject, name, meanings))}
