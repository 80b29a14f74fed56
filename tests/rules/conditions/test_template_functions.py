"""Every template function: what it gives, and what is an error (and so unknown).

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions and
https://learn.microsoft.com/azure/governance/policy/concepts/definition-structure-policy-rule#policy-functions
"""

from __future__ import annotations

from typing import Any

import pytest

from auditor.expressions.functions import NAMES, UNAVAILABLE
from auditor.rules.conditions import ConditionErrors, Language
from auditor.rules.conditions.template import compile_value
from tests.conftest import SUBSCRIPTION
from tests.rules.conditions.judging import Missing, compiled, context, judge, reason, site

FAILS = object()
"""Azure ends the function with an error: unknown."""

PARAMETERS = {
    "list": ["one", "two", "three"],
    "numbers": [0, 3, 2, 5, 4],
    "object": {"one": "a", "two": "b"},
    "deep": {"a": {"b": [1, {"c": 2}]}},
    "none": None,
}
POLICY = {"assignmentId": "/providers/Microsoft.Authorization/policyAssignments/a"}

CASES: dict[str, list[tuple[str, Any]]] = {
    "concat": [
        ("concat('a', 'b', 3)", "ab3"),
        ("concat(parameters('list'), createArray('four'))", ["one", "two", "three", "four"]),
        ("concat(parameters('list'), 'a')", FAILS),
    ],
    "replace": [("replace('123-123', '-', '')", "123123"), ("replace('aA', 'a', 'x')", "xA")],
    "split": [
        ("split('one,two', ',')", ["one", "two"]),
        ("split('one;two,three', createArray(',', ';'))", ["one", "two", "three"]),
    ],
    "padLeft": [("padLeft('123', 10, '0')", "0000000123"), ("padLeft(5, 3)", "  5")],
    "substring": [
        ("substring('one two three', 4, 3)", "two"),
        ("substring('abc', 1)", "bc"),
        ("substring('ab', 0, 3)", FAILS),
    ],
    "indexOf": [("indexOf('abcdef', 'CD')", 2), ("indexOf('abc', 'z')", -1), ("indexOf(parameters('list'), 'two')", 1)],
    "lastIndexOf": [("lastIndexOf('abcdefAB', 'ab')", 6), ("lastIndexOf('test', 't')", 3)],
    "startsWith": [("startsWith('abcdef', 'AB')", True), ("startsWith('abcdef', 'e')", False)],
    "endsWith": [("endsWith('abcdef', 'EF')", True), ("endsWith('abcdef', 'e')", False)],
    "trim": [("trim('  one two  ')", "one two")],
    "toLower": [("toLower('One')", "one"), ("toLower(createArray())", FAILS)],
    "toUpper": [("toUpper('One')", "ONE")],
    "string": [
        ("string(5)", "5"),
        ("string(true())", "true"),
        ("string(createArray('a', 1))", '["a",1]'),
        ("string(createObject('a', 'b'))", '{"a":"b"}'),
    ],
    "format": [("format('{0}, {1}. {{x}}', 'Hello', 3)", "Hello, 3. {x}")],
    "join": [("join(parameters('list'), '-')", "one-two-three")],
    "guid": [("guid('a')", "3703365d-5a9f-59b4-bca7-b9681389e4c1"), ("equals(guid('a', 'b'), guid('a-b'))", True)],
    "base64": [("base64('one, two')", "b25lLCB0d28=")],
    "base64ToString": [("base64ToString('b25lLCB0d28=')", "one, two"), ("base64ToString('*')", FAILS)],
    "base64ToJson": [("base64ToJson(base64('{\"one\": 1}')).one", 1)],
    "uri": [("uri('http://contoso.org/first/', 'second.sh')", "http://contoso.org/first/second.sh")],
    "uriComponent": [("uriComponent('http://a.b/c?d=e f')", "http%3A%2F%2Fa.b%2Fc%3Fd%3De%20f")],
    "uriComponentToString": [("uriComponentToString('http%3A%2F%2Fa.b')", "http://a.b")],
    "dataUri": [("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8=")],
    "dataUriToString": [
        ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
        ("dataUriToString('x')", FAILS),
    ],
    "uniqueString": [("uniqueString('a')", FAILS)],
    "array": [("array('a')", ["a"]), ("array(parameters('list'))", ["one", "two", "three"])],
    "createArray": [("createArray()", []), ("createArray(1, 'b', null())", [1, "b", None])],
    "createObject": [("createObject('a', 1, 'b', true())", {"a": 1, "b": True}), ("createObject('a')", FAILS)],
    "contains": [
        ("contains('OneTwo', 'e')", True),
        ("contains('OneTwo', 'TWO')", False),
        ("contains(parameters('object'), 'ONE')", True),
        ("contains(parameters('list'), 'three')", True),
        ("contains(parameters('list'), 'Three')", False),
    ],
    "empty": [
        ("empty('')", True),
        ("empty(createArray())", True),
        ("empty(createObject())", True),
        ("empty(null())", True),
        ("empty('a')", False),
    ],
    "length": [("length('abc')", 3), ("length(parameters('list'))", 3), ("length(parameters('object'))", 2)],
    "first": [("first('One')", "O"), ("first(parameters('list'))", "one"), ("first(createArray())", None)],
    "last": [("last('One')", "e"), ("last(parameters('list'))", "three"), ("last(5)", FAILS)],
    "indexFromEnd": [("indexFromEnd(parameters('list'), 1)", "three"), ("indexFromEnd(parameters('list'), 4)", FAILS)],
    "tryIndexFromEnd": [
        ("tryIndexFromEnd(parameters('list'), 2)", "two"),
        ("tryIndexFromEnd(parameters('list'), 4)", None),
    ],
    "skip": [("skip('one two', 4)", "two"), ("skip(parameters('list'), 2)", ["three"])],
    "take": [("take('one two', 3)", "one"), ("take(parameters('list'), 9)", ["one", "two", "three"])],
    "intersection": [
        ("intersection(parameters('list'), createArray('three', 'two'))", ["two", "three"]),
        ("intersection(parameters('object'), createObject('one', 'a', 'two', 'z'))", {"one": "a"}),
        ("intersection('a', 'b')", FAILS),
    ],
    "union": [
        ("union(createArray('a', 'b'), createArray('b', 'c'))", ["a", "b", "c"]),
        ("union(createObject('a', 1), createObject('a', 2, 'b', 3))", {"a": 2, "b": 3}),
    ],
    "items": [("items(parameters('object'))[1].value", "b"), ("items('a')", FAILS)],
    "objectKeys": [("objectKeys(parameters('object'))", ["one", "two"])],
    "shallowMerge": [("shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))", {"a": 2})],
    "json": [("json('{\"a\": [1]}').a[0]", 1), ("json('null')", None), ("json('{')", FAILS)],
    "range": [("range(5, 3)", [5, 6, 7]), ("range(0, 10001)", FAILS)],
    "null": [("null()", None)],
    "int": [("int('4')", 4), ("int(4)", 4), ("int('x')", FAILS)],
    "float": [("float('3.5')", 3.5)],
    "add": [("add(5, 3)", 8), ("add('a', 1)", FAILS)],
    "sub": [("sub(7, 3)", 4)],
    "mul": [("mul(5, 3)", 15)],
    "div": [("div(8, 3)", 2), ("div(-8, 3)", -2), ("div(1, 0)", FAILS)],
    "mod": [("mod(7, 3)", 1), ("mod(-7, 3)", -1), ("mod(1, 0)", FAILS)],
    "max": [("max(parameters('numbers'))", 5), ("max(0, 3, 2)", 3), ("max(createArray())", FAILS)],
    "min": [("min(parameters('numbers'))", 0), ("min(4, 3)", 3)],
    "bool": [("bool('true')", True), ("bool(1)", True), ("bool('FALSE')", False), ("bool('x')", FAILS)],
    "true": [("true()", True)],
    "false": [("false()", False)],
    "equals": [
        ("equals('a', 'a')", True),
        ("equals('a', 'A')", False),
        ("equals(1, 1)", True),
        ("equals('1', 1)", False),
        ("equals(parameters('list'), parameters('list'))", True),
    ],
    "less": [("less(1, 2)", True), ("less('a', 'b')", True), ("less(1, 'a')", FAILS)],
    "lessOrEquals": [("lessOrEquals(2, 2)", True)],
    "greater": [("greater(1, 2)", False)],
    "greaterOrEquals": [("greaterOrEquals(2, 2)", True)],
    "not": [("not(true())", False), ("not('x')", FAILS)],
    "if": [
        ("if(true(), 'yes', int('x'))", "yes"),
        ("if(false(), int('x'), 'no')", "no"),
        ("if(int('x'), 1, 2)", FAILS),
    ],
    "and": [
        ("and(true(), true(), false())", False),
        ("and(false(), bool('x'))", False),
        ("and(true(), bool('x'))", FAILS),
    ],
    "or": [("or(false(), true())", True), ("or(true(), bool('x'))", True), ("or(false(), bool('x'))", FAILS)],
    "coalesce": [("coalesce(null(), 'a', 'b')", "a"), ("coalesce(parameters('none'), null())", None)],
    "tryGet": [
        ("tryGet(parameters('deep'), 'a', 'b', 1, 'c')", 2),
        ("tryGet(parameters('deep'), 'no', 'b')", None),
        ("tryGet(parameters('list'), 9)", None),
    ],
    "parameters": [("parameters('LIST')[0]", "one"), ("parameters('no')", FAILS), ("parameters('deep').a.b[1].c", 2)],
    "field": [("field('name')", "web"), ("field('properties.no')", ""), ("field(concat('na', 'me'))", "web")],
    "current": [("current('element')", FAILS)],
    "utcNow": [
        ("utcNow()", "2026-11-01T08:00:00.0000000Z"),
        ("utcNow('yyyy-MM-dd')", "2026-11-01"),
        ("utcNow('d')", "11/1/2026"),
        ("utcNow(\u0027HH:mm\u0027)", "08:00"),
        ("utcNow('gg')", FAILS),
    ],
    "addDays": [
        ("addDays('2026-11-01T08:00:00Z', -1)", "2026-10-31T08:00:00.0000000Z"),
        ("addDays(utcNow(), 90)", "2027-01-30T08:00:00.0000000Z"),
        ("addDays('soon', 1)", FAILS),
    ],
    "dateTimeFromEpoch": [("dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z")],
    "dateTimeToEpoch": [("dateTimeToEpoch('2023-05-02T15:16:13Z')", 1683040573), ("dateTimeToEpoch('x')", FAILS)],
    "ipRangeContains": [
        ("ipRangeContains('10.0.0.0/8', '10.1.2.0/24')", True),
        ("ipRangeContains('10.0.0.0/24', '10.0.0.0/8')", False),
        ("ipRangeContains('192.168.0.1-192.168.0.9', '192.168.0.9')", True),
        ("ipRangeContains('2001:0DB8::/110', '2001:0DB8::3:FFFE')", True),
        ("ipRangeContains('10.0.0.0/8', '2001:0DB8::1')", FAILS),
        ("ipRangeContains('10.0.0.0/8', 'x')", FAILS),
    ],
    "parseCidr": [
        (
            "parseCidr('10.144.0.0/20')",
            {
                "network": "10.144.0.0",
                "netmask": "255.255.240.0",
                "broadcast": "10.144.15.255",
                "firstUsable": "10.144.0.1",
                "lastUsable": "10.144.15.254",
                "cidr": 20,
            },
        ),
        ("parseCidr('x')", FAILS),
    ],
    "cidrSubnet": [
        ("cidrSubnet('10.144.0.0/20', 24, 2)", "10.144.2.0/24"),
        ("cidrSubnet('10.0.0.0/24', 25, 2)", FAILS),
    ],
    "cidrHost": [("cidrHost('10.144.3.0/24', 0)", "10.144.3.1"), ("cidrHost('10.144.3.0/30', 9)", FAILS)],
    "subscription": [("subscription().subscriptionId", SUBSCRIPTION), ("subscription().displayName", "Shop")],
    "resourceGroup": [
        ("resourceGroup().name", "rg-app"),
        ("resourceGroup().tags['Env']", "Prod"),
        ("resourceGroup().no", FAILS),
        ("resourceGroup().managedBy", None),
    ],
    "requestContext": [("requestContext().identity", FAILS), ("requestContext().apiVersion", "9999-12-31")],
    "policy": [("policy().assignmentId", POLICY["assignmentId"]), ("policy().no", FAILS)],
    "root": [("root('name')", "web")],
}

CONTAINERS = [
    {
        "id": f"/subscriptions/{SUBSCRIPTION}",
        "type": "Microsoft.Resources/subscriptions",
        "subscriptionId": SUBSCRIPTION,
        "displayName": "Shop",
    },
    {
        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app",
        "type": "Microsoft.Resources/resourceGroups",
        "name": "rg-app",
        "tags": {"Env": "Prod"},
    },
]


def value_of(expression: str) -> Any:
    from auditor.expressions.values import Undecidable
    from auditor.rules.conditions.frame import Frame, Scope

    scope = Scope(Language.RULE, ("microsoft.test/sites",))
    compute = compile_value(f"[{expression}]", scope, ())
    here = context(site(), CONTAINERS, parameters=PARAMETERS, policy=POLICY)
    if scope.problems:
        return FAILS
    try:
        return compute(Frame(here, here.resource))
    except Undecidable:
        return FAILS


def test_every_function_has_cases() -> None:
    assert set(NAMES) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_function(name: str) -> None:
    for expression, expected in CASES[name]:
        assert value_of(expression) == expected, expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[concat('it''s')]", "it's"), ("[ concat( 'a' , 'b' ) ]", "ab"), ("[-5]", -5)],
)
def test_expression_syntax(text: str, expected: Any) -> None:
    assert judge({"value": text, "equals": expected}) is True


@pytest.mark.parametrize("name", sorted(UNAVAILABLE))
def test_functions_that_policies_lack_are_refused(name: str) -> None:
    with pytest.raises(ConditionErrors, match="cannot be used in a condition"):
        compiled({"value": f"[{name}('a')]", "equals": 1})


def test_our_own_functions_are_refused_in_policies() -> None:
    with pytest.raises(ConditionErrors, match="dateTimeFromEpoch"):
        compiled({"value": "[dateTimeFromEpoch(0)]", "equals": 1}, Language.POLICY)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"value": "[requestContext().identity.idtyp]", "equals": "user"}, "while a request is made"),
        ({"value": "[policy().assignmentId]", "equals": "a"}, "where the policy is assigned"),
        ({"value": "[parameters('no')]", "equals": "a"}, "'no' has no value"),
        ({"value": "[substring('ab', 0, 3)]", "equals": "a"}, "too short"),
        ({"field": "name", "equals": "[utcNow()]"}, "time of the scan"),
    ],
)
def test_what_cannot_be_computed_is_unknown_with_a_reason(condition: dict[str, Any], words: str) -> None:
    assert words in reason(judge(condition, now=""))


def test_of_a_group_that_was_not_read_only_the_id_is_known() -> None:
    missing = Missing("Microsoft.Resources/subscriptions/resourceGroups")
    assert judge({"value": "[resourceGroup().name]", "equals": "rg-app"}, coverage=missing) is True
    truth = judge({"value": "[resourceGroup().location]", "equals": "x"}, coverage=missing)
    assert "was not read" in reason(truth)


def test_doubled_bracket_is_a_plain_string() -> None:
    assert judge({"value": "[[literal]", "like": "*literal]"}) is True
    assert judge({"value": "[length('[literal]')]", "equals": 9}) is True
