"""`auditor fix plan`: the table, JSON and scripts of the demo, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run
from tests.fixes.worlds import KEY, app, resource

ACCOUNT = resource("Microsoft.Storage/storageAccounts", "st1", {"supportsHttpsTrafficOnly": False})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = run("fix", "plan", "--demo", "-f", "json", cwd=tmp_path_factory.mktemp("demo"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_demo_has_fixes_of_each_kind_in_an_order_that_works(demo: dict[str, Any]):
    standings = [fix["standing"] for fix in demo["fixes"]]

    assert set(standings) >= {"free", "not yet", "by hand"}
    assert standings == sorted(standings, key=["free", "not yet", "unknown", "by hand"].index)
    assert {name: standings.count(name) for name in demo["summary"]} == demo["summary"]
    assert [fix["number"] for fix in demo["fixes"]] == list(range(1, len(standings) + 1))


def test_the_demo_as_it_would_be_has_lost_what_free_fixes_mend_and_attack_paths(demo: dict[str, Any]):
    gone = {result["fingerprint"] for result in demo["foreseen"]["gone"]}
    free = [fix for fix in demo["fixes"] if fix["standing"] == "free"]

    assert len(free) > 100
    assert {finding["fingerprint"] for fix in free for finding in fix["findings"]} <= gone
    assert demo["foreseen"]["attack_paths"]["after"] < demo["foreseen"]["attack_paths"]["before"]
    assert not [result for result in demo["foreseen"]["new"] if result["rule"].startswith("cmk-")]


def test_the_store_that_two_apps_sign_in_to_keeps_its_keys_until_they_have_roles(demo: dict[str, Any]):
    [fix] = [
        fix
        for fix in demo["fixes"]
        if fix["resource"]["name"] == "stlarkspurweb" and "storage-shared-key-access" in str(fix["findings"])
    ]

    assert fix["standing"] == "not yet"
    assert {one["who"] for one in fix["dependants"]} == {"app-shop-api", "func-orders"}
    steps = [step for one in fix["dependants"] for step in one["first"]]
    assert any(step.startswith("az role assignment create --assignee-object-id ") for step in steps)


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_fits(width: int, tmp_path: Path):
    text = run("fix", "plan", "--demo", cwd=tmp_path, env={"COLUMNS": str(width)}).stdout

    # Commands and ids stay whole, so that they can be copied.
    long = [line for line in text.splitlines() if len(line) > width and "/subscriptions/" not in line]
    assert long == []
    assert "Not yet: somebody depends on it" in text
    assert "Nothing was changed." in text


def plan(tmp_path: Path, bodies: list[dict[str, Any]], *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "e.json").write_text(json.dumps(bodies))
    return run("fix", "plan", "--from", "e.json", "--assume-complete", *arguments, cwd=tmp_path)


def test_a_script_runs_nothing_before_it_is_told_to(tmp_path: Path):
    script = plan(tmp_path, [ACCOUNT], "--select", "storage-https-only", "-f", "bash").stdout
    (tmp_path / "az").write_text('#!/bin/sh\necho "$@" >> ran.txt\n')
    (tmp_path / "az").chmod(0o755)
    bash = shutil.which("bash") or "bash"
    path = f"{tmp_path}:/usr/bin:/bin"

    tried = subprocess.run(
        [bash, "-c", script], cwd=tmp_path, env={"PATH": path}, capture_output=True, text=True, check=True
    )
    assert not (tmp_path / "ran.txt").exists()
    subprocess.run([bash, "-c", script], cwd=tmp_path, env={"PATH": path, "APPLY": "yes"}, check=True)

    command = (
        "storage account update --name st1 --resource-group rg-app --https-only true "
        "--subscription 11111111-1111-1111-1111-111111111111"
    )
    assert tried.stdout.strip() == f"az {command}"
    assert (tmp_path / "ran.txt").read_text().strip() == command


@pytest.mark.parametrize("name", ["st1$(touch pwned)", "st1'; touch pwned; '", "st1\ntouch pwned\n", "`touch pwned`"])
def test_a_name_from_outside_is_never_a_command(name: str, tmp_path: Path):
    hostile = {**ACCOUNT, "id": ACCOUNT["id"].replace("st1", name), "name": name}
    bash = shutil.which("bash") or "bash"

    script = plan(tmp_path, [hostile], "--select", "storage-https-only", "-f", "bash").stdout
    subprocess.run([bash, "-c", script], cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "APPLY": "yes"}, check=False)

    assert "storage-https-only" in script
    assert not (tmp_path / "pwned").exists()


def test_powershell_passes_every_word_on_as_it_is(tmp_path: Path):
    policy = {
        "id": "authorizationPolicy",
        "type": "Microsoft.Graph/authorizationPolicy",
        "allowInvitesFrom": "everyone",
    }

    script = plan(tmp_path, [policy], "--select", "directory-guests-invite", "-f", "powershell").stdout

    assert r"""--body '{\"allowInvitesFrom\":\"adminsAndGuestInviters\"}'""" in script
    assert "param([switch]$Apply)" in script


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("bicep", ["name: 'st1'", "supportsHttpsTrafficOnly: true"]),
        ("terraform", ['resource "azurerm_storage_account" "st1" {', "https_traffic_only_enabled = true"]),
    ],
)
def test_code_has_the_names_in_it(language: str, words: list[str], tmp_path: Path):
    text = plan(tmp_path, [ACCOUNT], "--select", "storage-https-only", "-f", language).stdout

    assert all(word in text for word in words)


def test_no_secret_is_in_any_format(tmp_path: Path):
    setting = f"DefaultEndpointsProtocol=https;AccountName=st1;AccountKey={KEY};EndpointSuffix=core.windows.net"
    for name in ("table", "json", "bash", "powershell", "bicep", "terraform"):
        done = plan(tmp_path, [ACCOUNT, *app(Orders=setting)], "-f", name)
        assert done.returncode == 0
        assert KEY not in done.stdout + done.stderr


def test_only_what_is_meant_is_planned(tmp_path: Path):
    other = resource("Microsoft.Storage/storageAccounts", "st2", {"supportsHttpsTrafficOnly": False})
    bodies = [ACCOUNT, other]

    named = json.loads(
        plan(tmp_path, bodies, "--resource", "ST2", "--select", "storage-https-only", "-f", "json").stdout
    )
    mark = named["fixes"][0]["findings"][0]["fingerprint"]
    marked = json.loads(plan(tmp_path, bodies, mark[:12], "-f", "json").stdout)

    assert [fix["resource"]["name"] for fix in named["fixes"]] == ["st2"]
    assert marked["fixes"][0]["findings"][0]["fingerprint"] == mark
    assert len(marked["fixes"]) == 1


def test_a_change_of_ones_own_is_foreseen(tmp_path: Path):
    done = plan(tmp_path, [ACCOUNT], "--set", f"{ACCOUNT['id']}=properties.publicNetworkAccess=Disabled")

    assert done.returncode == 0
    assert 'properties.publicNetworkAccess: (not set) -> "Disabled"' in done.stdout
    assert "With this change" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "x"], "sets nothing"),
        (["--set", "/subscriptions/x=properties.a=1"], "no resource that was read has the id"),
        (["--set", f"{ACCOUNT['id']}=properties..a=1"], "cannot read"),
        (["--set", f"{ACCOUNT['id']}=[0].a=1"], "starts with an index"),
        (["--set", f"{ACCOUNT['id']}=properties.a=1", "--resource", "st1"], "a change of your own"),
        (["--resource", "nobody"], "no finding is meant"),
        (["0000000000"], "no finding is meant"),
    ],
)
def test_what_means_nothing_is_refused_in_plain_words(arguments: list[str], words: str, tmp_path: Path):
    done = plan(tmp_path, [ACCOUNT], *arguments)

    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_there_may_be_nothing_to_fix(tmp_path: Path):
    fine = resource("Microsoft.Storage/storageAccounts", "st1", {"supportsHttpsTrafficOnly": True})

    done = plan(tmp_path, [fine], "--select", "storage-https-only")

    assert (done.returncode, done.stdout) == (0, "There is nothing to fix.\n")
