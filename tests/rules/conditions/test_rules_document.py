"""docs/rules.md: every example gives the answer it claims, and its tables leave nothing out."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.expressions.functions import NAMES
from auditor.rules.conditions import ConditionErrors
from auditor.rules.conditions.compare import OPERATORS
from auditor.rules.loader import load_rules
from auditor.rules.model import Unknown
from auditor.rules.parameters import filled, parse_parameters, values_of
from auditor.rules.patching import parse_patch
from auditor.rules.selftest import run_examples
from tests.rules.conditions.judging import compiled, context
from tests.rules.conditions.test_condition_operators import CASES as OPERATOR_CASES
from tests.rules.conditions.test_template_functions import CASES as FUNCTION_CASES

HERE = Path(__file__).parent
TEXT = (HERE.parents[2] / "docs" / "rules.md").read_text()
BLOCK = re.compile(r"^```yaml (?P<mark>[a-z]+)(?:=(?P<answer>[\w-]+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = list(BLOCK.finditer(TEXT))
CONDITIONS = [block for block in BLOCKS if block["mark"] == "condition"]
TABLE_TEST = re.compile(r"^\|.*\| `(?P<file>test_\w+\.py)::(?P<name>\w+)(?:\[(?P<case>\w+)\])?` \|$", re.MULTILINE)


def parsed(mark: str) -> Any:
    return yaml.safe_load(next(block["text"] for block in BLOCKS if block["mark"] == mark))


def test_there_are_no_unmarked_examples() -> None:
    assert {block["mark"] for block in BLOCKS} == {
        "resource",
        "others",
        "condition",
        "mistake",
        "patch",
        "parameters",
        "rule",
    }
    assert TEXT.count("```yaml") == len(BLOCKS)


@pytest.mark.parametrize("block", CONDITIONS, ids=[f"line {TEXT[: b.start()].count(chr(10)) + 1}" for b in CONDITIONS])
def test_example(block: re.Match[str]) -> None:
    here = context(parsed("resource"), parsed("others"), facts={"exposure": {"internet": False}})
    truth = compiled(yaml.safe_load(block["text"])).evaluate(here)
    assert ("unknown" if isinstance(truth, Unknown) else str(truth).lower()) == block["answer"]


def test_the_rule_file_loads_and_passes_its_own_examples(tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if block["mark"] == "rule")
    path = tmp_path / f"{block['answer']}.yaml"
    path.write_text(block["text"])
    (rule,) = load_rules([path], builtin=False, examples=True).rules
    assert run_examples(rule) == []


def test_the_changes_of_a_remedy_are_read() -> None:
    changes, problems = parse_patch(parsed("patch")["patch"], ["Microsoft.Web/sites", "Microsoft.Web/sites/slots"])
    assert (len(changes), problems) == (6, [])


def test_the_parameters_are_declared_and_filled_in() -> None:
    shown = parsed("parameters")
    declared, mistakes = parse_parameters(shown["parameters"])
    assert mistakes == []
    found = filled({"fail_if": shown["fail_if"], "message": shown["message"]}, values_of(declared, {"days": 30}))
    assert found["fail_if"]["less"] == 30
    assert found["message"] == "{name} keeps its log for less than 30 days"


def test_mistakes_read_as_shown() -> None:
    with pytest.raises(ConditionErrors) as caught:
        compiled(parsed("mistake"))
    for problem in caught.value.problems:
        assert f"{problem.message}: {problem.remedy}" in TEXT


def test_tables_are_complete() -> None:
    assert {operator.name for operator in OPERATORS.values()} <= set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert set(NAMES) == set(re.findall(r"^\| `(\w+)\(\)` \|", TEXT, re.MULTILINE))


def test_named_tests_exist() -> None:
    rows = list(TABLE_TEST.finditer(TEXT))
    assert len(rows) > len(OPERATORS) + len(NAMES)
    for row in rows:
        tree = ast.parse((HERE / row["file"]).read_text())
        assert row["name"] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, row[0]
        if row["case"]:
            cases = OPERATOR_CASES if row["name"] == "test_operator" else FUNCTION_CASES
            assert row["case"] in cases, row[0]
