"""`auditor query` over results, exemptions and facts, of a snapshot, an export and the demo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.inside import run

KIND = "Microsoft.Storage/storageAccounts"
ID = f"/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/{{}}/providers/{KIND}/{{}}"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    bodies = [
        {
            "id": ID.format(group, name),
            "name": name,
            "type": KIND,
            "tags": {"owner": owner},
            "properties": {"supportsHttpsTrafficOnly": https},
        }
        for group, name, owner, https in [("rg-a", "st1", "ann", False), ("rg-b", "st2", "bob", True)]
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(bodies))
    return path


def rows(*arguments: object, cwd: Path) -> list[dict[str, object]]:
    done = run("query", *arguments, "--format", "json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_findings_are_told_with_what_they_are_about(export: Path, tmp_path: Path):
    sql = "select name, owner, severity, outcome from findings where rule = 'storage-https-only'"

    assert rows(sql, "--from", export, cwd=tmp_path) == [
        {"name": "st1", "owner": "ann", "severity": "high", "outcome": "fail"}
    ]


def test_findings_and_resources_are_joined_and_types_compare_without_case(export: Path, tmp_path: Path):
    sql = (
        "select r.name, count(*) as n from resources r join findings f on f.resource_id = r.id "
        "where r.type = 'MICROSOFT.storage/STORAGEaccounts' and f.type = r.type and f.rule = 'storage-https-only' "
        "group by r.name"
    )

    assert rows(sql, "--from", export, cwd=tmp_path) == [{"name": "st1", "n": 1}]


def test_an_accepted_finding_is_in_exemptions_and_no_finding(export: Path, tmp_path: Path):
    (tmp_path / "e.yaml").write_text(
        "exemptions:\n  - {rule: storage-https-only, resource: '*', reason: moving, owner: ann, expires: 2999-01-01}\n"
    )
    given = ("--from", export, "--exemptions", "e.yaml")

    accepted = rows("select rule, name, reason from exemptions", *given, cwd=tmp_path)
    left = rows("select count(*) as n from findings where rule = 'storage-https-only'", *given, cwd=tmp_path)

    assert accepted == [{"rule": "storage-https-only", "name": "st1", "reason": "moving"}]
    assert left == [{"n": 0}]


@pytest.mark.parametrize("choice", [("-g", "rg-b"), ("--tag", "owner=bob")])
def test_a_part_can_be_asked(choice: tuple[str, str], export: Path, tmp_path: Path):
    assert rows("select name from resources", "--from", export, *choice, cwd=tmp_path) == [{"name": "st2"}]


def test_an_export_says_what_it_lacks(export: Path, tmp_path: Path):
    sql = "select count(*) > 0 as some from results where outcome = 'unknown'"

    assert rows(sql, "--from", export, cwd=tmp_path) == [{"some": 1}]


def test_the_demo_has_facts_as_json(tmp_path: Path):
    sql = (
        "select count(*) > 0 as some from facts where family = 'internet_exposure' "
        "and json_type(value) = 'object' and type = 'microsoft.network/NETWORKinterfaces'"
    )

    assert rows(sql, "--demo", cwd=tmp_path) == [{"some": 1}]


def test_nothing_is_left_behind_and_nothing_can_be_written(export: Path, tmp_path: Path):
    done = run("query", "delete from findings", "--from", export, cwd=tmp_path)

    assert done.returncode == 2
    assert "a query only reads" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.json"]


def test_the_demo_as_a_snapshot_is_judged_and_asked_as_the_demo_is(tmp_path: Path):
    assert run("collect", "--demo", "--output", "demo.db", cwd=tmp_path).returncode == 0
    told = []
    for source in (("--from", "demo.db"), ("--demo",)):
        done = run("scan", *source, "--format", "json", "--fail-on", "none", cwd=tmp_path)
        told.append([(one["rule"], one["outcome"], one["message"]) for one in json.loads(done.stdout)["results"]])

    assert told[0] == told[1]
    sql = "select count(*) as n from facts where family = 'owners'"
    assert rows(sql, "--from", "demo.db", cwd=tmp_path) == rows(sql, "--demo", cwd=tmp_path)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--resume",), "--demo and --resume exclude each other"),
        (("--subscription", "x"), "--demo and --subscription exclude each other"),
        ((), "exists already"),
    ],
)
def test_collecting_the_demo_says_what_it_cannot_do(more: tuple[str, ...], words: str, tmp_path: Path):
    (tmp_path / "tenant.db").write_text("mine")

    done = run("collect", "--demo", *more, cwd=tmp_path)

    assert done.returncode == 2
    assert words in done.stderr
    assert (tmp_path / "tenant.db").read_text() == "mine"


def test_overrides_with_a_mistake_are_told_whatever_is_asked(tmp_path: Path):
    (tmp_path / "o.yaml").write_text("overrides: [{rule: no-such-rule-at-all, severity: low, reason: x}]")

    done = run("query", "select count(*) from resources", "--demo", "--overrides", "o.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert "names no rule" in done.stderr
    assert done.stdout == ""


def test_who_changed_what_can_be_asked_for_and_is_no_resource():
    told = run(
        "query", "select path, changed_by from changes where client = 'Azure Portal'", "--demo", "--format", "json"
    )
    rows = json.loads(told.stdout)
    findings = run("query", "select changed->>'by' as who from findings where name = 'stlarkspurweb'", "--demo")

    assert "mara.lind@larkspur.example" in str(rows)
    assert "properties.allowBlobPublicAccess" in str(rows)
    assert "mara.lind@larkspur.example" in findings.stdout
    kinds = run("query", "select count(*) from resources where type like '%/changes'", "--demo")
    assert kinds.stdout.split()[2] == "0"
