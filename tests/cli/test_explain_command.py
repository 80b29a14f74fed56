"""`auditor explain`: one finding with all that is known of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.inside import run

KIND = "Microsoft.Storage/storageAccounts"
ID = f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/{KIND}/st1"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    subnet = ID.partition("/providers")[0] + "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/apps"
    rules = {"networkAcls": {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}}
    properties = {"supportsHttpsTrafficOnly": False, **rules}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": ID, "name": "st1", "type": KIND, "properties": properties}]))
    return path


def test_a_rule_and_a_resource_give_evidence_relations_and_the_fix(export: Path, tmp_path: Path):
    done = run("explain", "storage-https-only", "ST1", "--from", export, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("HIGH  fail  ")
    assert "properties.supportsHttpsTrafficOnly is false" in done.stdout
    assert "virtualnetworks/vnet/subnets/apps (properties.networkAcls.virtualNetworkRules[0].id)" in done.stdout
    assert "az storage account update" in done.stdout
    assert "How to accept it" in done.stdout


def test_a_fingerprints_beginning_is_enough_and_its_snippet_accepts_the_finding(export: Path, tmp_path: Path):
    given = ("--from", export, "--format", "json")
    whole = json.loads(run("explain", "storage-https-only", ID, *given, cwd=tmp_path).stdout)
    told = json.loads(run("explain", whole["fingerprint"][:10], *given, cwd=tmp_path).stdout)
    snippet = told["exemption"].replace("YYYY-MM-DD", "2999-01-01")
    (tmp_path / "e.yaml").write_text(snippet)
    scan = run("scan", "--from", export, "--select", told["rule"], "--exemptions", "e.yaml", "-f", "json", cwd=tmp_path)

    assert told == whole
    assert yaml.safe_load(snippet)["exemptions"][0]["evidence"] == told["evidence_hash"]
    assert [one["outcome"] for one in json.loads(scan.stdout)["results"]] == ["exempt"]


def test_what_passed_is_explained_too_and_offers_no_exemption(tmp_path: Path):
    path = tmp_path / "export.json"
    body = {"id": ID, "name": "st1", "type": KIND, "properties": {"supportsHttpsTrafficOnly": True}}
    path.write_text(json.dumps([body]))

    done = run("explain", "storage-https-only", "st1", "--from", path, cwd=tmp_path)

    assert "HIGH  pass  " in done.stdout
    assert "accept it" not in done.stdout
    assert "mend it" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["abc"], "too short for a fingerprint"),
        (["0000000000"], "there is no result 0000000000"),
        (["storage-https-only", "st2"], "there is no result storage-https-only of st2"),
        (["storage-htps-only", "st1"], "Did you mean storage-https-only?"),
    ],
)
def test_a_mistake_is_told_in_plain_words(arguments: list[str], words: str, export: Path, tmp_path: Path):
    done = run("explain", *arguments, "--from", export, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
