"""Every link of a key chain has a rule, and the rules over links judge every type that has the link."""

from __future__ import annotations

import re

from auditor.facts.keys.links import KINDS
from auditor.facts.keys.sets import TYPES
from auditor.facts.registry import family
from auditor.rules.loader import load_rules

AHEAD = {"key_ending": "key_expiring"}
"""The list of a link for longer than the link itself looks ahead: how long is the rule's parameter."""
RULES = {
    AHEAD.get(link, link): rule
    for rule in load_rules().rules
    for link in re.findall(r"facts\.key_chain\.(\w+)\[\*\]\.(?:text|days_left)'", str(rule.definition.get("fail_if")))
}
OF_SETS = {"set_gone", "set_broken"}
NARROWER = {
    "rotation_failed",  # a property of disk encryption sets
    "version_pinned",  # storage accounts, SQL servers and disk encryption sets have rules of their own
}


def test_every_link_has_a_rule():
    assert RULES.keys() == KINDS.keys()


def test_a_link_is_judged_wherever_it_can_break():
    keyed = family("key_chain").types - (TYPES - {"microsoft.containerservice/managedclusters"})

    for link, rule in RULES.items():
        judged = {name.lower() for name in rule.resource}
        if link in OF_SETS:
            assert judged == TYPES, link
        elif link not in NARROWER:
            assert judged == keyed, link


def test_what_makes_data_unreadable_now_is_critical():
    severities = {link: rule.severity.value for link, rule in RULES.items() if KINDS[link].breaks}

    # Before its date a key still opens what it has locked.
    assert {link for link, severity in severities.items() if severity != "critical"} == {"key_not_yet_valid"}
