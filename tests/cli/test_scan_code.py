"""`auditor scan PATH` and `--with PATH`: code judged before it is deployed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run
from tests.iac.worlds import account, template

DEMO = "/subscriptions/2b6e7d21-1c8f-4d66-9e42-000000000b02/resourceGroups/rg-shop-network"
OPENING = {
    "type": "Microsoft.Network/networkSecurityGroups/securityRules",
    "name": "nsg-jump-nic/everyone",
    "properties": {
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "priority": 110,
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "5432",
    },
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    return tmp_path


def places(sarif: str) -> list[tuple[str, str, int]]:
    """Rule, file and line of every result."""
    found = []
    for result in json.loads(sarif)["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        found.append((result["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"]))
    return found


def test_a_template_is_judged_alone_at_its_lines(repository: Path):
    text = json.dumps(template(account(supportsHttpsTrafficOnly=False)), indent=2)
    (repository / "infra" / "main.json").write_text(text)
    line = next(number for number, words in enumerate(text.splitlines(), 1) if "supportsHttps" in words)

    done = run("scan", "infra", "--select", "storage-https-only", "--format", "sarif", cwd=repository)

    assert done.returncode == 1
    assert places(done.stdout) == [("storage-https-only", "infra/main.json", line)]


def test_what_a_change_opens_in_the_tenant_is_shown_at_the_line_that_opens_it(repository: Path):
    text = json.dumps(template(account("stquiet", supportsHttpsTrafficOnly=True), OPENING), indent=2)
    (repository / "infra" / "main.json").write_text(text)
    line = next(number for number, words in enumerate(text.splitlines(), 1) if "securityRules" in words)
    options = ("--select", "nsg-risky-port-open", "--deploy-scope", DEMO, "--fail-on", "low")

    done = run("scan", "--demo", "--with", "infra", *options, "--format", "sarif", cwd=repository)
    whole = run("scan", "--demo", "--with", "infra", *options, "--all-findings", "--format", "sarif", cwd=repository)

    assert done.returncode == 1
    assert places(done.stdout) == [("nsg-risky-port-open", "infra/main.json", line)]
    assert len(places(whole.stdout)) > 1


def test_what_was_left_out_by_the_choice_of_a_part_does_not_go_away_with_the_change(repository: Path):
    (repository / "infra" / "main.json").write_text(json.dumps(template(account("stquiet"))))
    options = ("--select", "storage-https-only", "--deploy-scope", DEMO, "-g", "rg-hub-network", "--fail-on", "none")

    done = run("scan", "--demo", "--with", "infra", *options, cwd=repository)

    assert done.returncode == 0, done.stderr
    assert "away with the change" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scan", "--only-new", "--demo"), "--only-new is for code"),
        (("scan", "--deploy-scope", DEMO, "--demo"), "--deploy-scope is for code"),
        (("scan", "none.json"), "no such file"),
        (("scan", "infra"), "declares no Azure resources"),
    ],
)
def test_what_makes_no_sense_is_one_clear_error(arguments: tuple[Any, ...], words: str, repository: Path):
    done = run(*arguments, cwd=repository)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("whole_folder", [False, True])
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("main.json", template(account())),
        ("plan.json", {"format_version": "1.2", "resource_changes": []}),
        ("what-if.json", {"status": "Succeeded", "changes": [{"changeType": "Create", "resourceId": "/x"}]}),
    ],
)
def test_code_that_was_cut_off_is_never_taken_for_code_that_changes_nothing(
    repository: Path, name: str, code: Any, whole_folder: bool
):
    text = json.dumps(code, indent=1)
    (repository / "infra" / name).write_text(text[:-4], encoding="utf-8")
    (repository / "infra" / "sound.json").write_text(json.dumps(template(account())), encoding="utf-8")

    done = run("scan", "infra" if whole_folder else f"infra/{name}", cwd=repository)

    assert done.returncode == 2
    assert f"infra/{name}:{text[:-4].count(chr(10)) + 1}:" in done.stderr
    assert "ends too early" in done.stderr
