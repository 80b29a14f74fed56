"""The compiled form agrees with an interpreter written from the documentation, over conditions and bodies at large."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.inventory.model import Unread
from auditor.rules.model import Unknown
from tests.rules.conditions import interpreter
from tests.rules.conditions.judging import compiled, context, gap_of, site

SCALARS = st.one_of(
    st.sampled_from(["a", "A", "b", "ab", "a1", "true", "False", "12", "3", ""]),
    st.integers(0, 13),
    st.booleans(),
    st.none(),
)
NAMES = st.sampled_from(["x", "y", "X"])
LEAVES = st.one_of(SCALARS, st.just(interpreter.UNREAD))
ELEMENTS = st.one_of(LEAVES, st.dictionaries(NAMES.map(str.lower), st.one_of(LEAVES, st.lists(LEAVES, max_size=2))))
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "x": LEAVES,
        "y": st.dictionaries(st.sampled_from(["x", "y"]), LEAVES, max_size=2),
        "list": st.one_of(st.lists(ELEMENTS, max_size=3), LEAVES),
    },
)
PLAIN = st.sampled_from(["x", "X", "y", "y.x", "Y.Y", "no", "list"]).map("properties.".__add__)
MANY = st.sampled_from(["list[*]", "list[*].x", "List[*].y", "list[*].x[*]", "no[*]", "y[*].x"]).map(
    "properties.".__add__
)
PATTERNS = st.text(st.sampled_from("aAb1#?.*"), max_size=3)
OPERANDS = st.sampled_from(["a", "A", "ab", "true", "3", 3, 12, True, False])

TESTS = st.one_of(
    *(st.fixed_dictionaries({name: OPERANDS}) for name in ("equals", "notEquals", "contains", "notContains")),
    *(st.fixed_dictionaries({name: st.lists(OPERANDS, max_size=3)}) for name in ("in", "notIn")),
    *(
        st.fixed_dictionaries({name: PATTERNS})
        for name in ("like", "notLike", "match", "notMatch", "matchInsensitively", "notMatchInsensitively")
    ),
    *(st.fixed_dictionaries({name: st.sampled_from(["x", "Y"])}) for name in ("containsKey", "notContainsKey")),
    *(
        st.fixed_dictionaries({name: st.sampled_from([3, 12, "3", "a", "b"])})
        for name in ("less", "lessOrEquals", "greater", "greaterOrEquals")
    ),
    st.fixed_dictionaries({"exists": st.sampled_from([True, False, "true", "false"])}),
)
NUMERIC = st.sampled_from(["equals", "notEquals", "less", "lessOrEquals", "greater", "greaterOrEquals"])


def merged(*parts: Any) -> Any:
    return st.tuples(*parts).map(lambda values: {key: value for part in values for key, value in part.items()})


LEAF = merged(st.fixed_dictionaries({"field": st.one_of(PLAIN, MANY)}), TESTS)


def grown(inner: Any) -> Any:
    lists = st.lists(inner, min_size=1, max_size=3)
    counts = st.fixed_dictionaries({"field": MANY.filter(lambda path: path.endswith("[*]"))}, optional={"where": inner})
    return st.one_of(
        st.fixed_dictionaries({"allOf": lists}),
        st.fixed_dictionaries({"anyOf": lists}),
        st.fixed_dictionaries({"not": inner}),
        merged(
            st.fixed_dictionaries({"count": counts}),
            st.tuples(NUMERIC, st.integers(0, 3)).map(lambda pair: {pair[0]: pair[1]}),
        ),
    )


CONDITIONS = st.recursive(LEAF, grown, max_leaves=6)


def as_read(value: Any) -> Any:
    """The body as the inventory holds it, with `Unread` where the interpreter has its mark."""
    if value == interpreter.UNREAD:
        return Unread(gap_of("Microsoft.Test/sites"))
    if isinstance(value, dict):
        return {key: as_read(item) for key, item in value.items()}
    return [as_read(item) for item in value] if isinstance(value, list) else value


def holds_unread(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(holds_unread, value.values()))
    return any(map(holds_unread, value)) if isinstance(value, list) else value == interpreter.UNREAD


@settings(max_examples=500, deadline=None)
@given(CONDITIONS, BODIES)
def test_compiled_condition_says_what_the_documentation_says(condition: dict[str, Any], properties: Any) -> None:
    expected = interpreter.judge(condition, {"properties": properties})
    truth = compiled(condition).evaluate(context(site(as_read(properties))))
    found = None if isinstance(truth, Unknown) else truth
    assert found is expected


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, BODIES)
def test_evidence_is_given_for_every_answer(condition: dict[str, Any], properties: Any) -> None:
    condition_compiled, here = compiled(condition), context(site(as_read(properties)))
    lines = condition_compiled.explain(here)
    assert lines
    assert len({(line.path, line.expected) for line in lines}) == len(lines)


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, BODIES)
def test_reading_more_never_turns_a_decided_answer(condition: dict[str, Any], properties: Any) -> None:
    """What is decided behind a gap stays so whatever the unread value turns out to be."""
    before = compiled(condition).evaluate(context(site(as_read(properties))))
    if isinstance(before, Unknown):
        return
    for filling in ("a", 3, None, [], {"x": 1}, ["a", {"x": "b"}]):
        after = compiled(condition).evaluate(context(site(_filled(properties, filling))))
        assert isinstance(after, Unknown) or after is before


def _filled(value: Any, filling: Any) -> Any:
    if value == interpreter.UNREAD:
        return filling
    if isinstance(value, dict):
        return {key: _filled(item, filling) for key, item in value.items()}
    return [_filled(item, filling) for item in value] if isinstance(value, list) else value
