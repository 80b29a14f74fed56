import json

import pytest

from auditor.errors import ConfigError, ExitCode
from auditor.evaluate.baseline import load_baseline
from auditor.evaluate.evaluator import summarise
from auditor.evaluate.gate import GatePolicy, judge
from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.inventory.model import Gap
from auditor.rules.model import Severity
from tests.conftest import SUBSCRIPTION

GAP = Gap("/subscriptions/x", "Microsoft.Storage/storageAccounts", "GET", 403, "AuthorizationFailed")


@pytest.fixture
def report(rule, scan):
    def make(*results: tuple[Outcome, Severity], gaps=()):
        rules = {severity: rule(f"rule-{severity}", severity=severity) for severity in Severity}
        subject = Subject("/subscriptions/x/a", "t", "a")
        values = tuple(
            Result(rules[severity], outcome, subject, "m", f"print-{index}")
            for index, (outcome, severity) in enumerate(results)
        )
        tallies = {r.id: {} for r in rules.values()}
        return Report(
            "0",
            scan(complete=not gaps),
            tuple(rules.values()),
            values,
            gaps,
            summarise(tallies, rules.values(), values),
        )

    return make


FAIL, UNKNOWN, EXEMPT = Outcome.FAIL, Outcome.UNKNOWN, Outcome.EXEMPT
HIGH, LOW, CRITICAL = Severity.HIGH, Severity.LOW, Severity.CRITICAL


@pytest.mark.parametrize(
    ("results", "gaps", "policy", "code"),
    [
        ([], (), {}, ExitCode.OK),
        ([(FAIL, LOW)], (), {}, ExitCode.OK),
        ([(FAIL, HIGH)], (), {}, ExitCode.GATE),
        ([(FAIL, CRITICAL)], (), {}, ExitCode.GATE),
        ([(FAIL, HIGH)], (), {"fail_on": CRITICAL}, ExitCode.OK),
        ([(FAIL, LOW)], (), {"fail_on": LOW}, ExitCode.GATE),
        ([(FAIL, CRITICAL)], (), {"fail_on": None}, ExitCode.OK),
        ([(EXEMPT, CRITICAL)], (), {}, ExitCode.OK),
        ([(UNKNOWN, CRITICAL)], (), {}, ExitCode.OK),
        ([(UNKNOWN, CRITICAL)], (), {"fail_on_unknown": True}, ExitCode.GATE),
        ([(UNKNOWN, LOW)], (), {"fail_on_unknown": True}, ExitCode.OK),
        ([(UNKNOWN, LOW)], (), {"fail_on_unknown": True, "fail_on": None}, ExitCode.GATE),
        ([], (GAP,), {}, ExitCode.OK),
        ([], (GAP,), {"require_complete": True}, ExitCode.INCOMPLETE),
        ([(FAIL, HIGH)], (GAP,), {"require_complete": True}, ExitCode.INCOMPLETE),
    ],
)
def test_exit_code(report, results, gaps, policy, code):
    verdict = judge(report(*results, gaps=gaps), GatePolicy(**policy))

    assert verdict.exit_code is code
    assert bool(verdict.reasons) == (code is not ExitCode.OK)


def test_known_findings_do_not_fail_the_gate_and_a_new_one_does(report):
    findings = report((FAIL, HIGH), (FAIL, HIGH))

    assert judge(findings, GatePolicy(), known=frozenset({"print-0", "print-1"})).exit_code is ExitCode.OK
    assert judge(findings, GatePolicy(), known=frozenset({"print-0"})).reasons == (
        "1 new or worse finding at or above high (rule-high)",
    )


def test_an_expired_exemption_fails_the_gate(report):
    verdict = judge(report(), GatePolicy(), lapsed=["exemptions.yaml:3"])

    assert verdict.exit_code is ExitCode.GATE
    assert verdict.reasons == ("1 expired exemption (exemptions.yaml:3)",)


def write(path, *entries, tenant=""):
    resource = {"id": f"/subscriptions/{SUBSCRIPTION}/a", "type": "t"}
    results = [
        {"rule": "rule-high", "fingerprint": f, "outcome": o, "severity": s, "resource": resource, "evidence": []}
        for f, o, s in entries
    ]
    document = {"schema_version": "1.0", "scan": {"tenant": tenant}, "tool": {}, "results": results}
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("before", "accepted"),
    [
        (("print-0", "fail", "high"), True),
        (("print-0", "exempt", "high"), False),
        (("print-0", "pass", "high"), False),
        (("print-0", "fail", "critical"), True),
        (("print-0", "fail", "low"), False),
        (("print-0", "unknown", "high"), False),
        (("another", "fail", "high"), False),
    ],
)
def test_a_baseline_accepts_what_is_neither_new_nor_worse(report, tmp_path, before, accepted):
    baseline = load_baseline(write(tmp_path / "b.json", before))

    assert bool(baseline.accepts(report((FAIL, HIGH)))) is accepted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"runs": []}', "is SARIF of another tool"),
        ('{"schema_version": "1.0", "results": []}', "no scan"),
        ("", "is not JSON"),
        ("[]", "no results"),
        ('{"schema_version": "2.0", "results": []}', "schema 2.0"),
        ('{"results": []}', "schema unknown"),
        (
            '{"schema_version": "1.0", "scan": {}, "tool": {}, "results": [{"fingerprint": "x"}]}',
            r"results\[0\] is not a result",
        ),
        (
            '{"schema_version": "1.0", "scan": {}, "tool": {}, "results": [{"fingerprint": "x", "outcome": "fail",'
            ' "severity": "high", "rule": 3, "resource": {"id": "", "type": ""}}]}',
            "of other kinds",
        ),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path, text, says):
    path = tmp_path / "b.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match=says) as caught:
        load_baseline(path)
    assert "auditor scan --format json" in caught.value.remedy


def test_a_baseline_of_another_tenant_is_told(report, tmp_path):
    baseline = load_baseline(write(tmp_path / "b.json", tenant="00000000-0000-0000-0000-000000000000"))

    (told,) = baseline.notices(report())
    assert "of tenant 00000000" in told
    assert "99999999-9999-9999-9999-999999999999" in told


def test_findings_of_the_baseline_that_are_gone_are_told_unless_they_may_only_be_hidden(report, tmp_path):
    baseline = load_baseline(write(tmp_path / "b.json", ("print-0", "fail", "high"), ("gone", "fail", "high")))

    assert "1 finding of the baseline" in baseline.notices(report((FAIL, HIGH)))[0]
    assert baseline.notices(report((FAIL, HIGH), gaps=(GAP,))) == []


def test_a_finding_that_a_baseline_knows_for_other_reasons_is_accepted_and_told(report, tmp_path):
    path = write(tmp_path / "b.json", ("print-0", "fail", "high"))
    document = json.loads(path.read_text())
    document["results"][0]["evidence_hash"] = "0" * 16
    path.write_text(json.dumps(document))
    baseline, findings = load_baseline(path), report((FAIL, HIGH))

    assert baseline.accepts(findings) == {"print-0"}
    assert "other reasons now" in baseline.notices(findings)[0]
    assert "rule-high on a" in baseline.notices(findings)[0]


def test_reasons_name_counts_and_rules_the_worst_first(report):
    found = report((FAIL, CRITICAL), (FAIL, HIGH), (FAIL, HIGH), (UNKNOWN, HIGH))

    assert judge(found, GatePolicy(fail_on_unknown=True), lapsed=["a", "b"]).reasons == (
        "3 findings at or above high (rule-critical, rule-high: 2)",
        "2 expired exemptions (a, b)",
        "1 result unknown, --fail-on-unknown (rule-high)",
    )


def test_what_fails_the_gate_is_told_by_fingerprint(report):
    verdict = judge(report((FAIL, HIGH), (FAIL, LOW), (UNKNOWN, HIGH)), GatePolicy(), known=frozenset())

    assert verdict.failing == {"print-0"}
    assert not verdict.holds
    assert verdict.asked == {"fail_on": "high", "fail_on_unknown": False, "require_complete": False}
