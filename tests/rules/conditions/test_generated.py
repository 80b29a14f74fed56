"""Generated code says what the nodes say, over conditions and bodies at large."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.rules.conditions import CompiledCondition
from auditor.rules.conditions.frame import Frame
from auditor.rules.conditions.generated import generate, written
from auditor.rules.model import Context, Truth
from tests.rules.conditions.judging import compiled, context, gap_of, other, site
from tests.rules.conditions.test_condition_interpreter import BODIES, CONDITIONS, as_read, holds_unread

RELATION: dict[str, Any] = {"related": {"child": "configs", "where": {"field": "properties.x", "equals": "a"}}}


def of_facts(condition: Any) -> Any:
    """The same condition over a fact."""
    return json.loads(json.dumps(condition).replace('"properties.', '"facts.f.'))


def asked(pairs: list[tuple[CompiledCondition | None, CompiledCondition]], here: Context) -> Any:
    return generate(pairs)(here, Frame(here, here.resource))


def by_nodes(when: CompiledCondition | None, fail_if: CompiledCondition, here: Context) -> tuple[Truth, Truth]:
    applies: Truth = when.evaluate(here) if when else True
    return (applies, False) if applies is False else (applies, fail_if.evaluate(here))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.none() | CONDITIONS, CONDITIONS), min_size=1, max_size=3), BODIES, BODIES)
def test_generated_code_says_what_the_nodes_say(written: list[Any], properties: Any, fact: Any) -> None:
    """Beside body and facts there is a relation, which stays a call."""
    beside = {"allOf": [of_facts(written[0][1]), RELATION, written[0][1], of_facts(written[-1][1])]}
    either = {"anyOf": [RELATION, of_facts(written[0][1]), {"not": written[-1][1]}]}
    whole = [*written, (None, of_facts(written[0][1])), (beside, either), (either, beside)]
    pairs = [(compiled(when) if when else None, compiled(fail_if)) for when, fail_if in whole]
    children = [other("Microsoft.Test/sites/configs", "web/one", {"x": "A"})]
    here = context(site(as_read(properties)), children, facts={"f": as_read(fact)})
    answers = asked(pairs, here)
    if answers is None:
        assert holds_unread(properties)
    else:
        assert answers == [by_nodes(when, fail_if, here) for when, fail_if in pairs]


@pytest.mark.parametrize(
    "body",
    [
        {"Properties": {"x": "a"}},
        {"properties": None},
        {"properties": ["a"]},
        {"properties": {"X": "b", "x": "a"}},
        {"properties": {"X": "a", "\u212a": 1}},
        {},
    ],
)
@pytest.mark.parametrize("path", ["properties.x", "properties.x.y", "properties", "sku.name", "name", "location"])
@pytest.mark.parametrize("test", [{"equals": "A"}, {"exists": True}, {"notIn": ["a", "b"]}, {"notContains": "a"}])
def test_odd_bodies_are_read_alike(body: dict[str, Any], path: str, test: dict[str, Any]) -> None:
    here = context({**{k: v for k, v in site().items() if k != "properties"}, **body})
    condition = compiled({"field": path, **test})
    assert asked([(None, condition)], here) == [by_nodes(None, condition, here)]


def test_what_was_not_read_of_a_resource_is_left_to_the_nodes() -> None:
    here = context(site(), unread={"properties": gap_of("Microsoft.Test/sites")})
    assert asked([(None, compiled({"field": "properties.x", "equals": "a"}))], here) is None


@pytest.mark.parametrize("word", ["')]; import os  #", "__import__('os')", '"""', "\\", "\n    raise SystemExit\n"])
def test_no_word_of_a_rule_becomes_code(word: str) -> None:
    def text(said: str) -> str:
        path = "properties['" + said.replace("'", "''") + "']"
        tests: list[dict[str, Any]] = [{"equals": said}, {"in": [said]}, {"contains": said}, {"exists": True}]
        return written([(None, compiled({"anyOf": [{"field": path, **test} for test in tests]}))])[0]

    assert text(word) == text("plain")
