"""`auditor scan` as its users run it: the installed command against Azure on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import OTHER_SUBSCRIPTION as SECOND
from tests.azure.loopback.bodies import SUBSCRIPTION, blob_service, storage_account
from tests.azure.loopback.bodies_network import (
    network_interface,
    network_security_group,
    public_ip,
    security_rule,
    virtual_network,
)
from tests.azure.loopback.server import Endpoints, serve
from tests.cli.inside import run

STORAGE_RULES = (
    "--select",
    "storage-https-only",
    "--select",
    "storage-minimum-tls",
    "--select",
    "storage-shared-key-access",
)


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Callable[[LoopbackAzure], Callable[..., CompletedProcess[str]]]]:
    """Starts a loopback Azure; gives a function that runs `auditor scan` there with its managed identity."""
    with ExitStack() as stack:

        def start(azure: LoopbackAzure) -> Callable[..., CompletedProcess[str]]:
            endpoints: Endpoints = stack.enter_context(serve(azure))
            cloud = endpoints.cloud_file(tmp_path)

            def scan(*arguments: object) -> CompletedProcess[str]:
                return run("scan", "--cloud", cloud, *arguments, env=endpoints.managed_identity(), cwd=tmp_path)

            return scan

        yield start


def accounts(count: int, subscription: str, planted: dict[int, dict[str, Any]]) -> list[Any]:
    return [
        storage_account(f"st{subscription[:2]}{number:05d}", planted.get(number, {}), subscription=subscription)
        for number in range(count)
    ]


PLANTED = {
    3: {"supportsHttpsTrafficOnly": False},
    999: {"minimumTlsVersion": "TLS1_0"},
    1000: {"allowSharedKeyAccess": None},
    1249: {"minimumTlsVersion": "TLS1_1", "supportsHttpsTrafficOnly": False},
}
EXPECTED = {
    ("storage-https-only", "00003"),
    ("storage-minimum-tls", "00999"),
    ("storage-shared-key-access", "01000"),
    ("storage-minimum-tls", "01249"),
    ("storage-https-only", "01249"),
}


def found_in(report: dict[str, Any], outcome: str = "fail") -> set[tuple[str, str]]:
    return {(r["rule"], r["resource"]["name"]) for r in report["results"] if r["outcome"] == outcome}


def test_exactly_the_planted_mistakes_of_2500_accounts_in_two_subscriptions_are_found(azure):
    cloud = LoopbackAzure([*accounts(1250, SUBSCRIPTION, PLANTED), *accounts(1250, SECOND, PLANTED)], page_size=1000)

    done = azure(cloud)(*STORAGE_RULES, "--format", "json")

    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    expected = {(rule, f"st{s[:2]}{number}") for rule, number in EXPECTED for s in (SUBSCRIPTION, SECOND)}
    assert found_in(report) == expected
    assert report["gaps"] == []
    assert report["scan"]["complete"] is True
    assert report["summary"]["pass"] == 3 * 2500 - len(expected)
    asked = cloud.journal.of(path="storageAccounts")
    assert len(asked) == len({(seen.path, str(seen.query)) for seen in asked}) == 4
    assert cloud.journal.writes == []


def test_a_forbidden_subscription_is_a_gap_and_never_a_pass(azure):
    cloud = LoopbackAzure([*accounts(1250, SUBSCRIPTION, PLANTED), *accounts(1250, SECOND, PLANTED)])
    cloud.deny(f"/subscriptions/{SECOND}", "Microsoft.Storage/storageAccounts")
    scan = azure(cloud)

    done = scan(*STORAGE_RULES, "--format", "json", "--require-complete")

    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    assert found_in(report) == {(rule, f"st{SUBSCRIPTION[:2]}{number}") for rule, number in EXPECTED}
    assert report["scan"]["complete"] is False
    assert [(gap["scope"], gap["status"], gap["code"]) for gap in report["gaps"]] == [
        (f"/subscriptions/{SECOND}", 403, "AuthorizationFailed")
    ]
    assert {r["rule"] for r in report["results"] if r["outcome"] == "unknown"} == set(STORAGE_RULES[1::2])
    assert report["summary"]["pass"] == 3 * 1250 - len(EXPECTED)
    assert scan(*STORAGE_RULES, "--format", "json", "--fail-on", "none").returncode == 0


def test_what_the_internet_reaches_is_found_over_the_wire(azure):
    address = public_ip("pip-vm", "203.0.113.9")
    group = network_security_group("nsg-app", [security_rule("rdp", 300, ports="3389")])
    network = virtual_network(
        "vnet", {"app": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group["id"]}}}
    )
    subnet = network["properties"]["subnets"][0]["id"]
    interface = network_interface("nic-vm", subnet, public_ip_id=address["id"])

    done = azure(LoopbackAzure([address, group, network, interface]))("--select", "nic-internet-*", "--format", "json")

    report = json.loads(done.stdout)
    assert found_in(report) == {("nic-internet-rdp", "nic-vm")}
    assert "internet -> pip-vm (203.0.113.9) -> nic-vm tcp 3389" in report["results"][0]["message"]
    assert report["gaps"] == []


def test_only_what_the_chosen_rules_need_is_asked(azure):
    cloud = LoopbackAzure([storage_account("st1"), network_security_group("nsg1")])

    azure(cloud)("--select", "nsg-*", "--format", "json")

    assert cloud.journal.of(path="Microsoft.Storage") == []
    assert cloud.journal.of(path="networkSecurityGroups")


def test_children_are_read_and_judged(azure):
    account = storage_account("st1")
    kept = {"deleteRetentionPolicy": {"enabled": True, "days": 7}}
    bare = storage_account("st2")

    done = azure(
        LoopbackAzure(
            [
                account,
                blob_service(account, kept),
                bare,
                blob_service(bare, {"deleteRetentionPolicy": {"enabled": False}}),
            ]
        )
    )("--select", "storage-blob-soft-delete", "--format", "json", "--include-passed")

    report = json.loads(done.stdout)
    assert found_in(report, "pass") == {("storage-blob-soft-delete", "st1")}
    assert found_in(report) == {("storage-blob-soft-delete", "st2")}


def test_reports_go_to_stdout_and_everything_else_to_stderr(azure, tmp_path):
    done = azure(LoopbackAzure(accounts(2, SUBSCRIPTION, {})))(
        *STORAGE_RULES, "--format", "sarif", "--report", f"json={tmp_path / 'r.json'}"
    )

    assert json.loads(done.stdout)["version"] == "2.1.0"
    assert json.loads((tmp_path / "r.json").read_text())["schema_version"] == "1.0"
    assert done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_no_credential_is_one_plain_sentence_and_exit_4(tmp_path):
    with serve(LoopbackAzure(accounts(1, SUBSCRIPTION, {}))) as endpoints:
        cloud = endpoints.cloud_file(tmp_path)
        env = {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential", "PATH": str(tmp_path), "HOME": str(tmp_path)}
        done = run("scan", "--cloud", cloud, env=env)

    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


# --- the demo tenant, and offline sources


def demo(*arguments: object) -> CompletedProcess[str]:
    return run("scan", "--demo", *arguments)


def test_the_demo_fails_the_gate_and_passes_a_looser_one():
    assert demo().returncode == 1
    assert demo("--fail-on", "none").returncode == 0


def test_the_same_input_gives_the_same_bytes():
    assert demo("--format", "json").stdout == demo("--format", "json").stdout


def test_a_baseline_of_itself_lets_the_demo_through(tmp_path):
    before = tmp_path / "before.json"
    demo("--format", "json", "--output", before)

    assert demo("--baseline", before).returncode == 0
    assert demo("--baseline", before, "--select", "network").returncode == 0


def test_the_html_report_draws_the_chains_of_keys(tmp_path):
    page = tmp_path / "report.html"
    done = demo("--format", "html", "--output", page, "--fail-on", "none")

    assert done.returncode == 0
    drawn = page.read_text(encoding="utf-8")
    assert 'id="picture-key-chains"' in drawn
    assert "stlarkspurarchive, storage account, critical" in drawn


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "sariff"], "sarif"),
        (["--select", "storage-http-only"], "storage-https-only"),
        (["--framework", "mscb-v1"], "mcsb-v1"),
        (["--framework", "nowhere.yaml"], "nowhere.yaml"),
        (["--from", "nowhere.db"], "nowhere.db"),
        (["--rules", "nowhere"], "nowhere"),
        (["--report", "sarif"], "FORMAT=FILE"),
        (["--output", "no/such/folder/out.json"], "no/such/folder"),
        (["--baseline", "nowhere.json"], "nowhere.json"),
        (["--cloud", "moon"], "moon"),
        (["--fail-on", "sometimes"], "fail-on"),
        (["--no-builtin"], "no rule"),
    ],
)
def test_wrong_usage_is_exit_2_with_the_reason_and_no_traceback(arguments, says, tmp_path):
    source = [] if arguments[0] in ("--from", "--cloud") else ["--demo"]
    done = run("scan", *source, *arguments, cwd=tmp_path)

    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_export_of_the_demo_is_judged_and_what_it_cannot_show_is_unknown(tmp_path):
    account = storage_account("st1", {"supportsHttpsTrafficOnly": False})
    (tmp_path / "export.json").write_text(json.dumps({"data": [account]}))

    done = run("scan", "--from", tmp_path / "export.json", "--select", "storage-*", "--format", "json")

    report = json.loads(done.stdout)
    assert ("storage-https-only", "st1") in found_in(report)
    assert ("storage-blob-soft-delete", "st1") in found_in(report, "unknown")


def test_an_exemption_keeps_the_finding_in_the_report_and_out_of_the_gate(tmp_path):
    (tmp_path / "accepted.yaml").write_text(
        "exemptions:\n"
        "- {rule: storage-https-only, resource: stlarkspurlegacy, reason: moves, owner: shop, expires: 2099-01-01}\n"
    )
    options = ("--select", "storage-https-only", "--format", "json")

    assert demo(*options).returncode == 1
    done = demo(*options, "--exemptions", tmp_path / "accepted.yaml")

    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    assert (result["outcome"], result["exemption"]["owner"]) == ("exempt", "shop")


def test_an_expired_exemption_fails_the_gate(tmp_path):
    (tmp_path / "accepted.yaml").write_text("- {rule: storage-copy-scope, reason: a, owner: b, expires: 2020-01-01}\n")

    done = demo("--select", "storage-copy-scope", "--exemptions", tmp_path / "accepted.yaml")

    assert done.returncode == 1
    assert "expired on 2020-01-01" in done.stderr


def test_a_job_summary_is_added_to_what_the_step_wrote_before(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Deployed\n")
    for _ in range(2):
        run("scan", "--demo", "-q", "--report", f"markdown={summary}", env={"GITHUB_STEP_SUMMARY": str(summary)})

    assert summary.read_text().startswith("# Deployed\n\n## Azure security audit")
    assert summary.read_text().count("## Azure security audit") == 2


def test_any_other_file_is_replaced(tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text("# Old\n")

    run("scan", "--demo", "-q", "--report", f"markdown={other}", env={"GITHUB_STEP_SUMMARY": str(tmp_path / "s.md")})

    assert other.read_text().startswith("## Azure security audit")


def test_a_pull_request_comment_stays_within_its_limit_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    comment = tmp_path / "comment.md"

    done = run("scan", "--demo", "--report", f"markdown={comment}", "--markdown-limit", "20000")

    assert len(comment.read_bytes()) <= 20_000
    assert re.search(r"warning: Markdown: \d+ findings left out", done.stderr)
    assert re.search(r"\d+ more findings of \d+ rules left out", comment.read_text())


@pytest.mark.parametrize("command", ["scan", "compliance"])
def test_verbose_says_what_took_how_long_also_offline(command: str) -> None:
    done = run(command, "--demo", "--verbose")

    for step in ("load rules", "read resources", "facts internet_exposure", "judge"):
        assert re.search(rf"^ +\d+\.\d\d s  {step}$", done.stderr, re.M)
