"""The code in remediations, which readers paste: commands for a shell, Bicep and Terraform."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import hcl2
from pycep import BicepParser

from auditor.rules.loader import load_rules
from auditor.rules.model import Rule
from tests.rules.each import each_of

RULES = load_rules().rules
BICEP = BicepParser()
FILLED_IN = {"{name}", "{id}", "{type}", "{location}", "{resource_group}", "{subscription_id}"}
PARENTS = {"{root}", "{parent}", "{grandparent}"}
NOT_IN_A_SUBSCRIPTION = ("az ad ", "az rest ", "az account ")
PROVIDERS = ("azurerm_", "azapi_", "azuread_", "msgraph_")
each_rule = each_of(RULES)


def _commands(rule: Rule) -> Iterator[list[str]]:
    """The words of each Azure CLI command, as a POSIX shell splits them."""
    for line in re.split(r"\n|&&", rule.remediation.az.strip()):
        yield shlex.split(line)


def _declared(document: dict[str, object]) -> Iterator[str]:
    """The types of a Terraform document's resources and data sources."""
    for kind in ("resource", "data"):
        for block in document.get(kind, []):
            yield from (name.strip('"') for name in block)


@each_rule
def test_a_shell_takes_the_commands_as_they_are(rule: Rule):
    for words in _commands(rule):
        options = [word for word in words if word.startswith("--")]
        assert words[0] == "az"
        assert options
        assert len(options) == len(set(options)), "an option is given twice"


@each_rule
def test_only_places_that_are_filled_in_stand_in_braces(rule: Rule):
    assert set(re.findall(r"\{\w+\}", rule.remediation.text)) <= FILLED_IN
    assert set(re.findall(r"\{\w+\}", rule.remediation.az)) <= FILLED_IN | PARENTS


@each_rule
def test_the_commands_name_the_subscription(rule: Rule):
    for line in re.split(r"\n|&&", rule.remediation.az.strip()):
        named = "--subscription " in line or re.search(r"--ids? ", line)
        assert named or line.strip().startswith(NOT_IN_A_SUBSCRIPTION)


@each_rule
def test_the_bicep_can_be_parsed(rule: Rule):
    resources = BICEP.parse(text=rule.remediation.bicep).get("resources", {})

    for resource in resources.values():
        assert re.fullmatch(r"Microsoft\.\w+(/\w+)+", resource["type"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d(-preview)?|v1\.0", resource["api_version"])


@each_rule
def test_the_terraform_can_be_parsed(rule: Rule):
    document = hcl2.loads(rule.remediation.terraform)

    assert all(name.startswith(PROVIDERS) for name in _declared(document))
