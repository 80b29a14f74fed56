"""A part of a snapshot or export is judged by itself, in sight of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.inside import run
from tests.conftest import SUBSCRIPTION, arm_id

OTHER = "22222222-2222-2222-2222-222222222222"
RULE = "storage-https-only"


def account(name: str, *, group: str = "rg-app", subscription: str = SUBSCRIPTION, **tags: str) -> dict[str, Any]:
    return {
        "id": arm_id("Microsoft.Storage/storageAccounts", name, group=group, subscription=subscription),
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "tags": tags,
        "properties": {"supportsHttpsTrafficOnly": False},
    }


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    child = {
        "id": arm_id("Microsoft.Storage/storageAccounts/blobServices", "stprod/default"),
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "properties": {"deleteRetentionPolicy": {"enabled": False}},
    }
    bodies = [
        account("stprod", Env="prod", owner="payments"),
        account("stdev", group="RG-Dev", env="dev"),
        account("stother", subscription=OTHER, env="PROD"),
        child,
    ]
    path.write_text(json.dumps(bodies))
    return path


def failing(export: Path, *options: str, rule: str = RULE) -> set[str]:
    done = run("scan", "--from", export, "--select", rule, "--format", "json", *options, cwd=export.parent)
    assert done.stderr.count("error") == 0, done.stderr
    return {result["resource"]["name"] for result in json.loads(done.stdout)["results"] if result["outcome"] == "fail"}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), {"stprod", "stdev", "stother"}),
        (("--subscription", SUBSCRIPTION), {"stprod", "stdev"}),
        (("--subscription", SUBSCRIPTION.upper(), "--subscription", OTHER), {"stprod", "stdev", "stother"}),
        (("--resource-group", "rg-dev"), {"stdev"}),
        (("--tag", "ENV"), {"stprod", "stdev", "stother"}),
        (("--tag", "env=prod"), {"stprod"}),
        (("--tag", "env=prod", "--tag", "owner=payments"), {"stprod"}),
        (("--subscription", OTHER, "--tag", "env=PROD"), {"stother"}),
    ],
)
def test_only_what_is_chosen_is_judged(export: Path, options: tuple[str, ...], wanted: set[str]):
    assert failing(export, *options) == wanted


def test_a_child_has_the_tags_of_its_resource(export: Path):
    rule = "storage-container-soft-delete"

    assert failing(export, "--tag", "env=prod", rule=rule) == {"stprod/default"}
    assert failing(export, "--tag", "env=dev", rule=rule) == set()


def test_the_gate_and_the_report_speak_of_the_part(export: Path):
    done = run("scan", "--from", export, "--select", RULE, "--format", "json", "-s", OTHER, cwd=export.parent)
    scan = json.loads(done.stdout)["scan"]

    assert (scan["subscriptions"], scan["resources"]) == ([OTHER], 1)
    assert scan["selection"] == f"subscriptions/{OTHER}"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--subscription", "shop"), "there is no subscription shop in it"),
        (("--resource-group", "rg-ap"), "Did you mean rg-app?"),
        (("--management-group", "platform"), "does not say which subscriptions lie below which management group"),
        (("--tag", "=x"), "is not NAME or NAME=VALUE"),
        (("--tag", "env=production"), "nothing that is chosen has env=production"),
        (("--tag", "nobody"), "nothing that is chosen has nobody"),
    ],
)
def test_what_the_source_does_not_have_is_refused(export: Path, option: tuple[str, str], said: str):
    done = run("scan", "--from", export, *option, cwd=export.parent)

    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_management_groups_and_names_of_subscriptions_choose_too(tmp_path: Path):
    options = ("--select", "network", "--format", "json", "--fail-on", "none")
    whole, part, named = (
        json.loads(run("scan", "--demo", *options, *more, cwd=tmp_path).stdout)
        for more in ((), ("--management-group", "larkspur-platform"), ("--subscription", "larkspur-hub"))
    )

    assert part["results"] == named["results"]
    assert 0 < len(part["results"]) < len(whole["results"])
    # What lies outside still counts: a finding of the part is word for word the one of the whole.
    assert all(result in whole["results"] for result in part["results"])


def test_the_internet_reaches_only_machines_of_the_part(tmp_path: Path):
    done = run("network", "exposed", "--demo", "--format", "json", "-g", "rg-dev", cwd=tmp_path)
    exposed = json.loads(done.stdout)["exposed"]

    assert exposed
    assert all("/resourcegroups/rg-dev/" in row["resource"]["id"].lower() for row in exposed)


def test_the_head_counts_the_subscriptions_in_which_what_was_chosen_lies(export: Path, tmp_path: Path):
    page = tmp_path / "report.md"
    told = run("scan", "--from", export, "--tag", "owner=payments", "--fail-on", "none", "--report", f"markdown={page}")
    whole = run("scan", "--from", export, "--fail-on", "none")

    assert "in 1 of 2 subscriptions (" in told.stdout
    assert OTHER not in told.stdout.splitlines()[1]
    assert "1 of 2 subscriptions" in page.read_text()
    assert "in 2 subscriptions (" in whole.stdout
