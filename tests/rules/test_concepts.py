"""The map of concepts to rules: complete, in the curriculum's order, and naming only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.facts.registry import family_names
from auditor.rules.loader import load_rules

MAP = Path(__file__).parents[2] / "docs" / "concepts.md"
TOPICS_OF = {
    "Network security group": ("network",),
    "Private Endpoint": ("private-link",),
    "Private Link from on-premises": ("private-link",),
    "Data exfiltration": ("private-link",),
    "Keys between services": ("managed-identity",),
    "Entra ID between services": ("authentication", "managed-identity"),
    "Managed identity": ("managed-identity",),
    "The managed-identity endpoint": ("managed-identity",),
    "System-assigned, user-assigned": ("managed-identity",),
    "Order of preference": ("managed-identity",),
    "Encryption in transit": ("encryption-in-transit",),
    "Encryption at rest": ("encryption-at-rest",),
    "Encryption in use": ("encryption-in-use",),
    "End-to-end encryption": ("encryption-in-transit",),
    "Customer-managed keys": ("encryption-at-rest",),
    "Key Vault": ("key-vault",),
    "OAuth 2.0 and its roles": ("oauth",),
    "The four grants": ("oauth",),
    "Tokens and scopes": ("oauth",),
    "JWT structure and flow": ("jwt",),
    "JWT risks": ("jwt",),
    "Session id, sticky session, shared cache": ("jwt",),
    "HTTP Basic": ("authentication",),
    "Form-based": ("authentication",),
    "Certificate-based, PKI": ("authentication", "mutual-tls"),
    "TLS, one-way": ("encryption-in-transit",),
    "TLS, mutual": ("mutual-tls",),
    "User name and password over TLS": ("authentication",),
    "Role-based access control": ("rbac",),
}
"""The curriculum's concepts in its order, each with the folders of its rules."""

RULES = load_rules().rules
IDS = {rule.id for rule in RULES}
TOPICS = {rule.topic for rule in RULES}


def read_map() -> dict[str, dict[str, list[str]]]:
    """Names by heading, then by the word before their list; one a line, so that changes side by side merge."""
    sections = re.split(r"^## (.+)$", MAP.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        heading: {
            word: re.findall(r"`([^`]+)`", lines)
            for word, lines in re.findall(r"^(Rules|Facts):\n((?:`.+\n?)+)", body, re.MULTILINE)
        }
        for heading, body in zip(sections[::2], sections[1::2], strict=True)
    }


CONCEPTS = read_map()


def test_concepts_stand_in_the_order_of_the_curriculum():
    assert list(CONCEPTS) == list(TOPICS_OF)


@pytest.mark.parametrize("concept", TOPICS_OF)
def test_a_concept_names_only_what_exists_and_each_once(concept: str):
    rules, facts = CONCEPTS[concept].get("Rules", []), CONCEPTS[concept].get("Facts", [])

    assert [name for name in rules if name not in IDS] == []
    assert [name for name in facts if name not in family_names()] == []
    assert rules == sorted(set(rules))


@pytest.mark.parametrize("concept", TOPICS_OF)
def test_a_concept_is_answered_as_soon_as_its_topic_has_rules(concept: str):
    if TOPICS.isdisjoint(TOPICS_OF[concept]):
        assert set(TOPICS_OF[concept]) <= {"encryption-in-use", "oauth", "jwt", "mutual-tls", "rbac"}
    else:
        assert CONCEPTS[concept].get("Rules") or CONCEPTS[concept].get("Facts")


def test_every_rule_stands_under_a_concept():
    placed = {name for names in CONCEPTS.values() for name in names.get("Rules", [])}

    assert {rule.id for rule in RULES} - placed == set(), "add them to docs/concepts.md"
