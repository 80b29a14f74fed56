from datetime import UTC, datetime

import pytest

from auditor.evaluate.evaluator import evaluate
from auditor.evaluate.model import Outcome, Subject, fingerprint
from auditor.evaluate.wording import fill
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource
from auditor.rules.model import Context, Evidence, NoFacts, Severity, Unknown

ACCOUNTS = "Microsoft.Storage/storageAccounts"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DENIED = Gap("/subscriptions/22222222-2222-2222-2222-222222222222", ACCOUNTS, "GET", 403, "AuthorizationFailed")


@pytest.fixture
def judge(body, scan):
    def run(rules, names=("good", "bad"), gaps=(), **options):
        resources = [Resource.from_body(body(ACCOUNTS, name, {"tier": name.upper()})) for name in names]
        return evaluate(rules, Inventory(resources, gaps=gaps), scan(), facts=NoFacts(), now=NOW, **options)

    return run


def test_a_rule_fails_what_its_condition_holds_for_and_passes_the_rest(judge, rule, verdicts):
    report = judge([rule(fail_if=verdicts({"bad": True}))])

    assert [(result.outcome, result.subject.name) for result in report.results] == [(Outcome.FAIL, "bad")]
    assert report.summary.fail[Severity.HIGH] == 1
    assert report.summary.passed == 1


@pytest.mark.parametrize(
    ("when", "fail_if", "outcome"),
    [
        (True, True, Outcome.FAIL),
        (True, False, Outcome.PASS),
        (True, Unknown(), Outcome.UNKNOWN),
        (False, True, Outcome.NOT_APPLICABLE),
        (False, Unknown(), Outcome.NOT_APPLICABLE),
        (Unknown(), True, Outcome.UNKNOWN),
        (Unknown(), False, Outcome.PASS),
        (Unknown(), Unknown(), Outcome.UNKNOWN),
    ],
)
def test_when_and_fail_if_combine_without_ever_guessing(judge, rule, verdicts, when, fail_if, outcome):
    report = judge([rule(when=verdicts(default=when), fail_if=verdicts(default=fail_if))], ["x"], keep_passed=True)

    assert [result.outcome for result in report.results] == [outcome]


def test_an_unknown_answer_names_the_gap_behind_it(judge, rule, verdicts):
    report = judge([rule(fail_if=verdicts(default=Unknown((DENIED,))))], ["x"])

    assert report.results[0].gaps == (DENIED,)
    assert "AuthorizationFailed" in report.results[0].message


def test_a_scope_that_could_not_be_read_is_unknown_for_every_rule_over_its_type(judge, rule):
    rules = [rule("first"), rule("second"), rule("other", resource=("Microsoft.KeyVault/vaults",))]

    report = judge(rules, ["good"], gaps=[DENIED])

    assert [(r.rule.id, r.outcome, r.subject.id) for r in report.results] == [
        ("first", Outcome.UNKNOWN, DENIED.scope),
        ("second", Outcome.UNKNOWN, DENIED.scope),
    ]


def test_a_gap_that_no_chosen_rule_could_run_into_is_left_out(judge, rule):
    other = Gap(DENIED.scope, "Microsoft.KeyVault/vaults", "GET", 403, "AuthorizationFailed")

    assert judge([rule()], gaps=[DENIED, other]).gaps == (DENIED,)
    assert judge([rule(resource=())], gaps=[DENIED, other]).gaps == (DENIED, other)


def test_subnets_are_unknown_where_virtual_networks_could_not_be_read(judge, rule):
    networks = Gap(DENIED.scope, "Microsoft.Network/virtualNetworks", "GET", 403, "AuthorizationFailed")

    report = judge([rule(resource=("Microsoft.Network/virtualNetworks/subnets",))], gaps=[networks])

    assert [result.outcome for result in report.results] == [Outcome.UNKNOWN]


def test_passed_results_are_counted_always_and_kept_on_demand(judge, rule):
    assert judge([rule()]).results == ()
    assert judge([rule()]).summary.passed == 2
    assert len(judge([rule()], keep_passed=True).results) == 2


def test_results_are_ordered_by_severity_rule_and_resource_whatever_the_input_order(judge, rule, verdicts):
    always = verdicts(default=True)
    rules = [
        rule("b-low", severity=Severity.LOW, fail_if=always),
        rule("z-critical", severity=Severity.CRITICAL, fail_if=always),
        rule("a-low", severity=Severity.LOW, fail_if=always),
    ]

    forwards, backwards = judge(rules, ["a", "b"]), judge(rules[::-1], ["b", "a"])

    assert [(r.rule.id, r.subject.name) for r in forwards.results] == [
        ("z-critical", "a"),
        ("z-critical", "b"),
        ("a-low", "a"),
        ("a-low", "b"),
        ("b-low", "a"),
        ("b-low", "b"),
    ]
    assert [r.fingerprint for r in forwards.results] == [r.fingerprint for r in backwards.results]


def test_a_rule_without_types_judges_every_resource(judge, rule, verdicts):
    assert len(judge([rule(resource=(), fail_if=verdicts(default=True))]).results) == 2


def test_a_rule_over_one_type_written_twice_judges_a_resource_once(judge, rule, verdicts):
    twice = rule(resource=(ACCOUNTS, ACCOUNTS.lower()), fail_if=verdicts(default=True))

    assert len(judge([twice], ["x"]).results) == 1


def test_a_message_is_filled_from_the_resource(judge, rule, verdicts):
    wording = rule(
        message="{name} in {resource_group} is {properties.tier}, {tags.none}", fail_if=verdicts({"bad": True})
    )

    assert judge([wording]).results[0].message == "bad in rg-app is BAD, (not set)"


def test_a_message_can_name_a_child_with_its_parents(body):
    child = Resource.from_body(body(f"{ACCOUNTS}/blobServices", "st1/default"))

    assert fill("{fullName} is {name}", Context(child, Inventory([child]))) == "st1/default is default"


def test_a_child_is_shown_with_its_parents_name(body):
    child = Resource.from_body(body(f"{ACCOUNTS}/blobServices", "st1/default"))

    assert (Subject.of_resource(child).name, child.name) == ("st1/default", "default")


def test_a_message_can_name_the_parents_too(body):
    child = Resource.from_body(body(f"{ACCOUNTS}/blobServices", "st1/default"))

    assert fill("{fullName}, {name}", Context(child, Inventory([]))) == "st1/default, default"


def test_a_list_in_a_message_names_the_elements_that_decided():
    bodies = {"id": "/subscriptions/x/a", "properties": {"ports": [{"n": 22}, {"n": 80}, {"n": 3389}]}}
    context = Context(Resource.from_body(bodies), Inventory([]))
    decided = [Evidence(f"properties.ports[{index}].n", 0, "x") for index in (0, 2, 2)]

    assert fill("open: {properties.ports[*].n}", context, decided) == "open: 22, 3389"
    assert fill("open: {properties.ports[*].n}", context) == "open: 22, 80, 3389"
    assert fill("open: {properties.ports[1].n}", context, decided) == "open: 80"


def test_what_several_elements_have_alike_is_said_once():
    body = {"id": "/subscriptions/x/a", "properties": {"ports": [{"by": "r1"}, {"by": "r2"}, {"by": "r1"}]}}

    assert fill("{properties.ports[*].by}", Context(Resource.from_body(body), Inventory([]))) == "r1, r2"


def test_a_fingerprint_depends_on_rule_and_resource_only():
    first = fingerprint("rule-a", "/subscriptions/X/resourceGroups/G")

    assert first == fingerprint("rule-a", "/SUBSCRIPTIONS/x/resourcegroups/g/")
    assert first != fingerprint("rule-b", "/subscriptions/X/resourceGroups/G")
    assert first != fingerprint("rule-a", "/subscriptions/X/resourceGroups/G", "listener-1")


def test_values_with_commas_are_kept_apart_and_long_lists_are_cut_with_a_count():
    paths = [{"text": f"internet -> nic :{number}, allowed by r{number}"} for number in range(23)]
    body = {"id": "/subscriptions/s/x", "properties": {"two": paths[:2], "many": [p["text"][-2:] for p in paths]}}
    context = Context(Resource.from_body(body), Inventory([]))

    assert fill("{properties.two[*].text}", context) == (
        "internet -> nic :0, allowed by r0; internet -> nic :1, allowed by r1"
    )
    assert fill("{properties.many[*]}", context).endswith("18, 19, and 3 more")
