"""The fixed words of rule files."""

from __future__ import annotations

import re

TOPICS = (
    "network",
    "private-link",
    "managed-identity",
    "encryption-in-transit",
    "encryption-at-rest",
    "encryption-in-use",
    "key-vault",
    "oauth",
    "jwt",
    "authentication",
    "mutual-tls",
    "rbac",
)
"""Folders of built-in rules, one a part of the curriculum."""

FRAMEWORKS = {
    "mcsb-v1": "Microsoft cloud security benchmark v1",
    "mcsb-v2": "Microsoft cloud security benchmark v2",
    "cis-azure-3.0": "CIS Microsoft Azure Foundations Benchmark 3.0",
    "cis-azure-4.0": "CIS Microsoft Azure Foundations Benchmark 4.0",
    "cis-azure-5.0": "CIS Microsoft Azure Foundations Benchmark 5.0",
    "cis-azure-6.0": "CIS Microsoft Azure Foundations Benchmark 6.0",
    "nist-800-53-r5": "NIST SP 800-53 Revision 5",
    "iso-27001-2022": "ISO/IEC 27001:2022",
    "pci-dss-4.0": "PCI DSS 4.0.1",
    "soc-2": "SOC 2 Trust Services Criteria",
    "dora": "Digital Operational Resilience Act",
    "nis2": "NIS 2 Directive",
}
"""Framework ids that rules may map to, with their names; ids of one's own start with `x-`."""

EQUIVALENTS = ("azure-policy", "prowler", "psrule", "defender", "checkov", "trivy", "scoutsuite", "azqr")
"""Tools whose checks a rule may name as its equivalents."""

REQUIRED_KEYS = ("id", "title", "severity", "topic", "resource", "fail_if", "description", "remediation", "examples")
OPTIONAL_KEYS = ("parameters", "when", "message", "references", "frameworks", "equivalents", "deprecated", "aliases")
REMEDIATION_TEXTS = ("text", "az", "mend", "bicep", "terraform")
REMEDIATION_KEYS = (*REMEDIATION_TEXTS, "patch")
EXAMPLE_KEYS = ("fail", "pass", "not_applicable", "unknown")

PLACEHOLDER = re.compile(r"\{([A-Za-z][\w.$\[\]*@' -]*)\}")
"""A place in a message: `{name}`, `{properties.list[*].port}`, `{facts.family.field}`."""
MESSAGE_NAMES = ("name", "fullName", "root", "id", "type", "location", "resource_group", "subscription_id")
"""Places of a message that are no paths into the body."""
TEXT_NAMES = ("name", "id", "type", "location", "resource_group", "subscription_id")
"""What is filled into `remediation.text`."""
COMMAND_NAMES = (*TEXT_NAMES, "root", "grandparent", "parent")
"""What is filled into `remediation.az`."""
COMMAND_PATH = re.compile(r"\{(?P<path>[\w.\[\]*']+)\|(?P<otherwise>[\w-]+)\}")
"""What a finding has at a path, or a word, in `remediation.az`."""
