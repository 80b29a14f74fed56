import pytest

from auditor.errors import ConfigError, ExitCode
from auditor.evaluate.baseline import load_baseline
from auditor.evaluate.evaluator import summarise
from auditor.evaluate.gate import GatePolicy, judge
from auditor.evaluate.model import Outcome, Report, Result, Subject
from auditor.inventory.model import Gap
from auditor.rules.model import Severity

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
            "0", scan(complete=not gaps), tuple(rules.values()), values, gaps, summarise(tallies, rules.values())
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
    assert judge(findings, GatePolicy(), known=frozenset({"print-0"})).reasons == ("1 finding at or above high",)


def test_an_expired_exemption_fails_the_gate(report):
    assert judge(report(), GatePolicy(), lapsed=1).exit_code is ExitCode.GATE


def write(path, *entries):
    import json

    results = [{"fingerprint": f, "outcome": o, "severity": s} for f, o, s in entries]
    path.write_text(json.dumps({"schema_version": "1.0", "results": results}))
    return path


@pytest.mark.parametrize(
    ("before", "accepted"),
    [
        (("print-0", "fail", "high"), True),
        (("print-0", "exempt", "high"), True),
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
        ("", "is not JSON"),
        ("[]", "no results"),
        ('{"schema_version": "2.0", "results": []}', "schema 2.0"),
        ('{"results": []}', "schema unknown"),
        ('{"schema_version": "1.0", "results": [{"fingerprint": "x"}]}', r"results\[0\]"),
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path, text, says):
    path = tmp_path / "b.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match=says) as caught:
        load_baseline(path)
    assert "auditor scan --format json" in caught.value.remedy
