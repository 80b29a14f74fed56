"""Operators that Bicep and Terraform share, as the functions that they stand for.

https://learn.microsoft.com/azure/azure-resource-manager/bicep/operators and
https://developer.hashicorp.com/terraform/language/expressions/operators
"""

from __future__ import annotations

from collections.abc import Mapping

OPERATORS: Mapping[str, str] = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "%": "mod",
    "<": "less",
    "<=": "lessOrEquals",
    ">": "greater",
    ">=": "greaterOrEquals",
    "&&": "and",
    "||": "or",
    "==": "equals",
}
