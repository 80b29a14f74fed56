"""SARIF against its schema, Microsoft's validator, and what code scanning does with it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from auditor.errors import ExitCode
from auditor.evaluate.model import Outcome, Report, Verdict
from auditor.iac import declared_at
from auditor.iac.place import Place
from auditor.inventory.model import Resource
from auditor.report.inventory_tree import inventory_tree
from auditor.report.places import places
from auditor.report.registry import RenderOptions, render
from auditor.report.sarif_split import split_sarif
from auditor.rules.model import Evidence, Remediation, Rule, Severity
from tests.report import samples
from tests.report.samples import PRODUCTION, SANDBOX, SSH, STORAGE, arm_id, finding, report_of

Rendered = Callable[..., str]
AUDITOR = Path(sys.executable).parent / "auditor"


def run_of(text: str | bytes) -> dict[str, Any]:
    return json.loads(text)["runs"][0]


@pytest.fixture
def run(rendered: Rendered) -> dict[str, Any]:
    return run_of(rendered("sarif"))


@pytest.mark.parametrize("report", [samples.empty(), samples.small()], ids=["empty", "small"])
def test_it_follows_the_schema(report: Report, rendered: Rendered, npm_tools: Path):
    schema = json.loads((npm_tools / "@microsoft/sarif-multitool-linux/sarif-2.1.0.json").read_text())

    jsonschema.validate(json.loads(rendered("sarif", report)), schema)


def validator_lines(npm_tools: Path, file: Path) -> list[str]:
    tool = npm_tools / "@microsoft/sarif-multitool-linux/Sarif.Multitool"
    tool.chmod(0o755)
    command = [str(tool), "validate", str(file), "--rule-kind", "Sarif;Ghas;Ado", "--level", "Error;Warning"]
    # It would ask the network for every address in the report, and wait for what does not answer.
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment = {**os.environ, **nowhere, "NO_PROXY": "", "no_proxy": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert "Done. 1 files scanned." in done.stdout, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if ": error " in line or ": warning " in line]
    return [line for line in lines if not any(name in line for name in _NOT_OURS)]


_NOT_OURS = (
    "SARIF2005",  # asks for a home page, which the project lacks
    # Build, phase and organisation are what Azure DevOps' own task adds when it publishes:
    # https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/advanced-security-publish-v1
    "GHAzDO1019",
    "GHAzDO1020",
)


@pytest.mark.parametrize("report", [samples.empty(), samples.small()], ids=["empty", "small"])
def test_microsofts_validator_and_its_rules_for_github_and_azure_devops_find_nothing(
    report: Report, rendered: Rendered, npm_tools: Path, tmp_path: Path
):
    file = tmp_path / "report.sarif"
    file.write_text(rendered("sarif", report))

    assert validator_lines(npm_tools, file) == []


def test_the_demo_tenant_with_all_rules_passes_the_validator(npm_tools: Path, tmp_path: Path):
    """Every rule, and of each its first result: the validator takes a quarter of a minute for all."""
    file = tmp_path / "demo.sarif"
    command = ["scan", "--demo", "--policy-exemptions", "--sarif-inventory", "posture", "--format", "sarif"]
    done = subprocess.run([str(AUDITOR), *command], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    document = json.loads(done.stdout)
    run = document["runs"][0]
    first = {result["ruleId"]: result for result in reversed(run["results"])}
    assert len(first) > 100
    run["results"] = list(first.values())
    file.write_text(json.dumps(document))

    assert validator_lines(npm_tools, file) == []


def test_the_validator_would_have_found_something(rendered: Rendered, npm_tools: Path, tmp_path: Path):
    document = json.loads(rendered("sarif"))
    del document["runs"][0]["results"][0]["locations"]
    file = tmp_path / "broken.sarif"
    file.write_text(json.dumps(document))

    assert validator_lines(npm_tools, file)


def test_every_result_has_one_place_with_all_four_numbers(run: dict[str, Any]):
    for result in run["results"]:
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert physical["artifactLocation"]["uri"]
        assert sorted(physical["region"]) == ["endColumn", "endLine", "startColumn", "startLine"]
        assert location["logicalLocations"][0]["fullyQualifiedName"] == result["properties"]["resourceId"]


def test_the_address_is_the_lower_cased_id_percent_encoded_below_the_prefix(rendered: Rendered):
    report = report_of([finding(STORAGE, "St Ü#1")])

    result = run_of(rendered("sarif", report, uri_prefix="audit/azure"))["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert uri == (
        f"audit/azure/subscriptions/{PRODUCTION}/resourcegroups/rg-app/providers/microsoft.storage/storageaccounts/"
        "st%20%C3%BC%231.json"
    )


@pytest.mark.parametrize("name", ["..", ".", "a\\..\\b", "a:b", "x" * 400, "a\x00b", "trailing."])
def test_no_name_leads_out_of_the_folder_or_onto_a_file_that_cannot_be(name: str, rendered: Rendered):
    report = report_of([finding(STORAGE, name)])
    result = run_of(rendered("sarif", report))["results"][0]
    path = unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])

    assert path.startswith("azure/subscriptions/")
    assert not {"..", "."} & set(path.split("/"))
    assert all(len(part.encode()) < 255 and "\\" not in part and "\x00" not in part for part in path.split("/"))


def test_places_are_unique_to_their_resource(run: dict[str, Any]):
    by_uri: dict[str, set[str]] = {}
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        by_uri.setdefault(uri, set()).add(result["properties"]["resourceId"].lower())

    assert all(len(resources) == 1 for resources in by_uri.values())


def test_rules_are_described_within_githubs_limits(run: dict[str, Any], rendered: Rendered):
    many = {f"framework-{number}": ("A-1",) for number in range(30)}
    long = replace(STORAGE, title="t" * 3000, description="d" * 3000, frameworks=many)
    rules = [
        *run["tool"]["driver"]["rules"],
        *run_of(rendered("sarif", report_of([], rules=[long])))["tool"]["driver"]["rules"],
    ]

    for rule in rules:
        assert len(rule["name"]) <= 255
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert len(rule["properties"]["tags"]) <= 10


@pytest.mark.parametrize(
    ("severity", "level", "lowest", "highest"),
    [
        (Severity.CRITICAL, "error", 9.1, 10.0),
        (Severity.HIGH, "error", 7.0, 8.9),
        (Severity.MEDIUM, "warning", 4.0, 6.9),
        (Severity.LOW, "note", 0.1, 3.9),
        (Severity.INFO, "note", 0.0, 0.0),
    ],
)
def test_github_shows_our_severities(severity: Severity, level: str, lowest: float, highest: float, rendered: Rendered):
    rule = replace(STORAGE, severity=severity)
    run = run_of(rendered("sarif", report_of([finding(rule, "st1")], rules=[rule])))
    score = run["tool"]["driver"]["rules"][0]["properties"]["security-severity"]

    assert run["results"][0]["level"] == level
    assert isinstance(score, str)
    assert lowest <= float(score) <= highest


def test_help_tells_how_to_fix(run: dict[str, Any]):
    markdown = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == STORAGE.id)["help"]["markdown"]

    assert "az storage account update" in markdown
    assert "```bicep" in markdown
    assert "mcsb-v1: NS-2" in markdown


def test_every_rule_that_ran_is_listed_and_every_result_points_at_its_own(run: dict[str, Any]):
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert rules == sorted(rule.id for rule in samples.RULES)
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_unknown_results_and_gaps_are_notifications_not_results(run: dict[str, Any]):
    notes = run["invocations"][0]["toolExecutionNotifications"]

    assert len(run["results"]) == 13
    assert {note["descriptor"]["id"] for note in notes} == {"not-read", "not-answered"}
    assert "AuthorizationFailed" in notes[0]["message"]["text"]


def test_an_accepted_finding_is_suppressed_with_its_reason(run: dict[str, Any]):
    (suppressed,) = [result for result in run["results"] if "suppressions" in result]

    assert suppressed["suppressions"][0]["status"] == "accepted"
    assert "Public website assets" in suppressed["suppressions"][0]["justification"]


def test_identity_stays_when_rules_are_reworded_and_resources_come_in_another_order(rendered: Rendered):
    def identities(rule: Rule, names: list[str]) -> set[tuple[str, str]]:
        run = run_of(rendered("sarif", report_of([finding(rule, name) for name in names], rules=[rule])))
        return {
            (
                result["partialFingerprints"]["primaryLocationLineHash"],
                result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            )
            for result in run["results"]
        }

    reworded = replace(STORAGE, title="Another title", message="{name} is open", remediation=Remediation("Else"))

    assert identities(STORAGE, ["a", "b", "c"]) == identities(reworded, ["c", "A", "b"])


@pytest.mark.parametrize(
    ("change", "chosen"),
    [
        ({"partial_selection": True}, ""),
        ({"scope": f"subscription/{PRODUCTION}"}, ""),
        ({"scope": f"subscriptions/{PRODUCTION}"}, "my-category"),
        ({"partial_selection": True}, "my-category"),
    ],
)
def test_a_partial_run_never_carries_the_category_of_a_full_one(
    change: dict[str, Any], chosen: str, rendered: Rendered
):
    full = report_of([finding(SSH, "nsg1")])
    partial = replace(full, scan=replace(full.scan, **change))

    categories = [
        run_of(rendered("sarif", report, category=chosen))["automationDetails"]["id"] for report in (full, partial)
    ]

    assert categories[0] != categories[1]
    assert all(category.endswith("/") for category in categories)


def test_a_run_with_gaps_has_the_category_of_its_scope_so_that_what_is_mended_closes(rendered: Rendered):
    full = report_of([finding(SSH, "nsg1")])
    with_gaps = replace(full, scan=replace(full.scan, complete=False))

    whole, part = (run_of(rendered("sarif", report))["automationDetails"] for report in (full, with_gaps))

    assert whole == part


def test_a_report_beyond_the_limits_keeps_the_worst_and_says_so():
    results = [finding(STORAGE, f"st{number}") for number in range(25_010)] + [finding(SSH, "nsg1")]
    rendered = render(report_of(results), "sarif", RenderOptions())
    run = run_of(rendered.data)

    assert len(run["results"]) == 25_000
    assert run["results"][0]["ruleId"] == SSH.id
    assert "11 results of 25,011 left out" in rendered.notices[0]
    assert "5,000 most severe" in rendered.notices[1]


def test_what_is_accepted_makes_room_for_what_is_not():
    accepted = [
        finding(SSH, f"nsg{number}", outcome=Outcome.EXEMPT, exemption=samples.EXEMPTION) for number in range(5_000)
    ]
    rendered = render(report_of([*accepted, finding(STORAGE, "st1")]), "sarif", RenderOptions())

    assert run_of(rendered.data)["results"][0]["ruleId"] == STORAGE.id


def test_with_a_baseline_each_result_says_whether_it_is_new():
    report = report_of([finding(STORAGE, "st1"), finding(STORAGE, "st2")])
    known = frozenset({report.results[0].fingerprint})
    verdict = Verdict(ExitCode.GATE, ("1 finding",), known=known)

    states = [
        result["baselineState"]
        for result in run_of(render(replace(report, verdict=verdict), "sarif", RenderOptions()).data)["results"]
    ]

    assert states == ["unchanged", "new"]
    assert "baselineState" not in run_of(render(report, "sarif", RenderOptions()).data)["results"][0]


def test_split_by_management_group_joins_its_subscriptions():
    report = report_of([finding(STORAGE, "st1"), finding(STORAGE, "st2", subscription=SANDBOX)])
    one = {PRODUCTION: "Landing Zones/../x", SANDBOX: "Landing Zones/../x"}

    (file,) = split_sarif(report, RenderOptions(), one)
    apart = list(split_sarif(report, RenderOptions(), {PRODUCTION: "prod"}))

    assert file.name == "management-group-landing_zones_.._x"
    assert len(run_of(file.data)["results"]) == 2
    assert sorted(part.name for part in apart) == sorted([SANDBOX, "management-group-prod"])
    assert len({part.category for part in apart}) == 2


def test_split_by_subscription_gives_each_its_file_and_category():
    report = report_of([finding(STORAGE, "st1"), finding(STORAGE, "st2", subscription=SANDBOX)])
    files = list(split_sarif(report, RenderOptions()))

    assert [file.name for file in files] == [PRODUCTION, SANDBOX]
    assert len({file.category for file in files}) == 2
    assert [len(run_of(file.data)["results"]) for file in files] == [1, 1]
    assert all(run_of(file.data)["automationDetails"]["id"] == file.category + "/" for file in files)


def test_a_subscription_without_findings_still_gets_its_file_so_that_alerts_close():
    files = list(split_sarif(report_of([finding(STORAGE, "st1")]), RenderOptions()))

    assert [len(run_of(file.data)["results"]) for file in files] == [1, 0]


def test_a_known_place_in_the_code_is_shown(rendered: Rendered):
    result = finding(STORAGE, "st1")
    place = Place("infra/main.bicep", 12, 1, 12, 40)
    key = result.subject.id.lower()

    run = run_of(rendered("sarif", report_of([result]), locations={key: place}))

    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "infra/main.bicep"
    assert physical["region"] == {"startLine": 12, "startColumn": 1, "endLine": 12, "endColumn": 40}


def test_the_inventory_tree_shows_the_offending_property(rendered: Rendered):
    result = finding(STORAGE, "st1")
    resource = Resource.from_body(
        {"id": result.subject.id, "name": "st1", "properties": {"publicNetworkAccess": "Enabled"}}
    )
    report = report_of([result])
    tree = inventory_tree(report, {resource.key: resource}, "audit")

    run = run_of(rendered("sarif", report, uri_prefix="audit", locations=tree.locations))
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    (path,) = tree.files
    region = physical["region"]
    line = tree.files[path].splitlines()[region["startLine"] - 1]

    assert physical["artifactLocation"]["uri"] == f"audit/{path}"
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == '"publicNetworkAccess": "Enabled"'
    assert json.loads(tree.files[path]) == resource.body


def test_code_that_declares_a_resource_wins_over_the_inventory_tree(tmp_path: Path):
    declared, other = finding(STORAGE, "st1"), finding(STORAGE, "st2")
    text = "resource a 'Microsoft.Storage/storageAccounts@2023-05-01' = {\n  name: 'st1'\n}\n"
    (tmp_path / "main.bicep").write_text(text)
    resources = {
        result.subject.id.lower(): Resource.from_body({"id": result.subject.id}) for result in (declared, other)
    }

    code = declared_at(tmp_path, resources.values())
    found = places(report_of([declared, other]), resources, declared=code, tree_prefix="audit")
    run = run_of(render(report_of([declared, other]), "sarif", RenderOptions(locations=found.locations)).data)
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]]

    assert uris[0] == "main.bicep"
    assert uris[1] == f"audit/{next(iter(found.files))}"
    assert len(found.files) == 1


def test_a_finding_in_a_module_names_the_calls_that_lead_there():
    result = finding(STORAGE, "st1")
    calls = (Place("main.bicep", 3, 1, 3, 20), Place("app.bicep", 7, 1, 7, 20))

    options = RenderOptions(
        locations={result.fingerprint: Place("modules/st.bicep", 2)}, calls={result.fingerprint: calls}
    )
    document = run_of(render(report_of([result]), "sarif", options).data)["results"][0]
    related = [place["physicalLocation"] for place in document["relatedLocations"]]

    assert [place["artifactLocation"]["uri"] for place in related] == ["main.bicep", "app.bicep"]
    assert [place["region"]["startLine"] for place in related] == [3, 7]
    assert len(document["locations"]) == 1


def test_a_finding_names_where_the_rule_that_opened_the_door_is_declared(tmp_path: Path):
    group = arm_id("Microsoft.Network/networkSecurityGroups", "nsg-web")
    opener = f"{group}/securityRules/allow-ssh"
    evidence = (
        Evidence(f"{opener}:properties.sourceAddressPrefix", "Internet", "narrower"),
        Evidence(f"{opener}:properties.destinationPortRange", "22", "none"),
        Evidence(f"{arm_id('Microsoft.Network/routeTables', 'rt')}:properties.routes", [], "some"),
    )
    result = finding(STORAGE, "st1", evidence=evidence)
    (tmp_path / "net.bicep").write_text(
        "resource nsg 'Microsoft.Network/networkSecurityGroups@2023-11-01' = {\n  name: 'nsg-web'\n}\n"
        "resource ssh 'Microsoft.Network/networkSecurityGroups/securityRules@2023-11-01' = {\n  parent: nsg\n"
        "  name: 'allow-ssh'\n  properties: {\n    sourceAddressPrefix: 'Internet'\n  }\n}\n"
    )
    bodies = {key.lower(): Resource.from_body({"id": key}) for key in (result.subject.id, group, opener)}

    found = places(report_of([result]), bodies, declared=declared_at(tmp_path, bodies.values()))
    options = RenderOptions(locations=found.locations, openers=found.openers)
    (related,) = run_of(render(report_of([result]), "sarif", options).data)["results"][0]["relatedLocations"]

    assert related["message"]["text"] == "nsg-web/allow-ssh, which decided it, is declared here."
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "net.bicep"
    assert related["physicalLocation"]["region"]["startLine"] == 8
    assert found.at_code == 0


def test_an_upload_too_large_for_code_scanning_loses_its_least_severe_results():
    report = report_of([finding(STORAGE, f"st{number}") for number in range(2_000)] + [finding(SSH, "nsg1")])

    rendered = render(report, "sarif", RenderOptions(upload_bytes=12_000))

    assert len(gzip.compress(as_bytes(rendered.data), 6)) <= 12_000
    assert run_of(rendered.data)["results"][0]["ruleId"] == SSH.id
    assert "left out" in rendered.notices[0]


def test_a_long_value_is_shortened_so_that_uploads_stay_small(rendered: Rendered):
    leaves = (Evidence("properties.ipRules", ["10.0.0.0/24"] * 5_000, "empty"), Evidence("properties.n", 2**40, "0"))

    properties = run_of(rendered("sarif", report_of([finding(STORAGE, "st1", evidence=leaves)])))["results"][0][
        "properties"
    ]

    assert len(properties["evidence"][0]["actual"]) <= 1_000
    assert properties["evidence"][1]["actual"] == 2**40


def as_bytes(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else data.encode()
