"""Accepted failures: told, dated, bound to what was accepted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from auditor.errors import ConfigError
from auditor.evaluate.evaluator import evaluate
from auditor.evaluate.exemption_files import load_exemptions
from auditor.evaluate.exemptions import apply_exemptions
from auditor.evaluate.model import Outcome, evidence_hash
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.model import Evidence, NoFacts

ACCOUNT = "Microsoft.Storage/storageAccounts"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def apply(body, rule, verdicts, scan, tmp_path):
    """Judges st1 (tagged env=dev) and st2, both failing two rules, with the exemptions of a file."""

    def run(text: str):
        file = tmp_path / "exemptions.yaml"
        file.write_text(text)
        resources = [
            Resource.from_body(body(ACCOUNT, "st1", tags={"Env": "dev"})),
            Resource.from_body(body(ACCOUNT, "st2")),
        ]
        inventory = Inventory(resources)
        rules = [rule(name, fail_if=verdicts(default=True)) for name in ("open-door", "old-tls")]
        report = evaluate(rules, inventory, scan(), facts=NoFacts(), now=NOW)
        return apply_exemptions(report, load_exemptions([file]), inventory, NOW)

    return run


def entry(**keys: str) -> str:
    values = {"rule": "open-door", "reason": "public downloads", "owner": "web", "expires": "2027-01-01", **keys}
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in values.items() if value) + "\n"


def exempt(applied) -> set[tuple[str, str]]:
    return {(r.rule.id, r.subject.name) for r in applied.report.results if r.outcome is Outcome.EXEMPT}


BOTH = {("open-door", "st1"), ("open-door", "st2")}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, BOTH),
        ({"resource": "st1"}, {("open-door", "st1")}),
        ({"resource": '"*/STORAGEACCOUNTS/st1"'}, {("open-door", "st1")}),
        ({"resource": '"*/resourceGroups/rg-app/*"'}, BOTH),
        ({"resource": "st"}, set()),
        ({"tag": "{env: DEV}"}, {("open-door", "st1")}),
        ({"tag": "{env: prod}"}, set()),
        ({"rule": '"open-*"'}, BOTH),
        ({"rule": "private-link", "resource": "st2"}, {("open-door", "st2"), ("old-tls", "st2")}),
        ({"rule": "[open-door, old-tls]", "resource": "st2"}, {("open-door", "st2"), ("old-tls", "st2")}),
        ({"expires": "2026-11-24"}, set()),
    ],
)
def test_what_is_accepted(apply, keys, expected):
    assert exempt(apply(entry(**keys))) == expected


def test_exempt_results_stay_and_are_counted_apart(apply):
    report = apply(entry(resource="st1")).report

    assert len(report.results) == 4
    assert (report.summary.failed, report.summary.exempt) == (3, 1)
    assert report.tallies["open-door"][Outcome.EXEMPT] == 1
    accepted = next(r for r in report.results if r.outcome is Outcome.EXEMPT)
    assert accepted.exemption is not None
    assert (accepted.exemption.reason, accepted.exemption.owner) == ("public downloads", "web")
    assert accepted.exemption.source.endswith("exemptions.yaml:1")


def test_an_expired_exemption_is_told_and_fails_the_gate(apply):
    applied = apply(entry(expires="2026-01-31"))

    assert len(applied.lapsed) == 1
    assert applied.lapsed[0].endswith("exemptions.yaml:1")
    assert any("expired on 2026-01-31" in notice for notice in applied.report.notices)


def test_one_bound_to_evidence_lapses_when_what_was_accepted_changes(apply):
    found = apply("[]").report.results[0]
    bound = {"rule": found.rule.id, "resource": found.subject.name}

    assert exempt(apply(entry(**bound, evidence=f'"{evidence_hash(found.evidence)}"')))
    changed = apply(entry(**bound, evidence='"0000000000000000"'))
    assert exempt(changed) == set()
    assert any("has changed" in notice for notice in changed.report.notices)


def test_the_hash_of_evidence_is_the_same_in_another_order_and_another_snapshot():
    def leaves(first: int, second: int, digit: str) -> list[Evidence]:
        secret = {"$secret": {"kind": "plain", "hash": digit * 32}}
        return [
            Evidence(f"properties.rules[{first}].port", 22, "x"),
            Evidence(f"properties.rules[{second}].port", 80, "x"),
            Evidence("properties.key", secret, "x"),
        ]

    assert evidence_hash(leaves(0, 1, "a")) == evidence_hash(leaves(5, 2, "b")[::-1])
    assert evidence_hash(leaves(0, 1, "a")) != evidence_hash(leaves(0, 1, "a")[:2])


def test_every_mistake_of_every_file_is_told_at_once(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("- rule: x\n  owner: y\n- 3\n")

    with pytest.raises(ConfigError) as caught:
        load_exemptions([tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "none.yaml"])

    assert len(caught.value.problems) == 7
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_file_with_an_empty_list_accepts_nothing(apply):
    assert exempt(apply("exemptions:\n")) == set()


def test_one_that_ends_soon_is_told(apply):
    assert any("expires on 2026-12-01" in notice for notice in apply(entry(expires="2026-12-01")).report.notices)
    assert apply(entry()).report.notices == ()


def test_one_that_accepts_most_findings_is_told(body, rule, verdicts, scan, tmp_path):
    resources = [Resource.from_body(body(ACCOUNT, f"st{number}")) for number in range(20)]
    inventory = Inventory(resources)
    rules = [rule("open-door", fail_if=verdicts(default=True)), rule("old-tls", fail_if=verdicts({"st1": True}))]
    report = evaluate(rules, inventory, scan(), facts=NoFacts(), now=NOW)
    (tmp_path / "e.yaml").write_text(entry())

    applied = apply_exemptions(report, load_exemptions([tmp_path / "e.yaml"]), inventory, NOW)

    assert [notice.partition(": ")[2] for notice in applied.report.notices] == [
        "the exemption accepts 20 of 21 findings; name fewer rules or resources"
    ]


def test_one_that_matches_nothing_or_everything_is_told(apply):
    assert any(
        "names no rule or topic (did you mean open-door?)" in notice
        for notice in apply(entry(rule="opendoor")).report.notices
    )
    assert any("matches no finding" in notice for notice in apply(entry(resource="st9")).report.notices)
    assert any("accepts every finding" in notice for notice in apply(entry(rule='"*"')).report.notices)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (entry(owner=""), 1, "'owner' is missing"),
        (entry(expires=""), 1, "'expires' is missing"),
        (entry(expires="soon"), 4, "'soon' is no date"),
        (entry(resorce="st1"), 5, "no key 'resorce'"),
        (entry(tag="dev"), 5, "tag takes names and values"),
        (entry(owner="[a, b]"), 3, "owner must be text"),
        (entry(rule="{a: b}"), 1, "rule takes a rule id"),
        (entry(rule="[3]"), 1, "rule takes a rule id"),
        (entry(evidence="abc"), 5, "'abc' is no hash"),
        ("- text\n", 1, "must be a mapping"),
        ("a: 1\n", 1, "no list of exemptions"),
        ("exemptions: [\n", 2, "not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_place(apply, text, line, says):
    with pytest.raises(ConfigError) as caught:
        apply(text)
    assert [(problem.line, says in problem.message) for problem in caught.value.problems] == [(line, True)]
