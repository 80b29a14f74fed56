"""`auditor identity` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.inside import run
from tests.facts.identity_worlds import ALICE, BOB, CONTRIBUTOR, GROUP, OWNER, SUB, assigned, group

_IDENTITY = "f0f0f0f0-0000-4000-8000-000000000001"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A machine that is Owner, whose administrators are not; one name would like to move the cursor."""
    machine = {
        "id": f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-ops",
        "name": "vm-ops",
        "type": "Microsoft.Compute/virtualMachines",
        "identity": {"type": "SystemAssigned", "principalId": _IDENTITY},
        "properties": {},
    }
    operators = group("operators", [{"id": ALICE, "displayName": "A\x1b[31mda"}], displayName="operators")
    bodies = [
        machine,
        operators,
        assigned(OWNER, _IDENTITY, kind="ServicePrincipal"),
        assigned(CONTRIBUTOR, "operators", GROUP, kind="Group"),
        assigned(OWNER, BOB),
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(bodies))
    return path


def ask(export: Path, *arguments: str) -> CompletedProcess[str]:
    return run("identity", *arguments, "--from", export, cwd=export.parent, env={"COLUMNS": "140"})


def test_ways_to_owner_are_told_step_by_step(export: Path):
    done = ask(export, "paths", "--to", "owner", "--assume-complete")

    assert done.returncode == 0, done.stderr
    assert "-> runs a command on vm-ops (Contributor at the resource group rg, as a member of" in done.stdout
    assert "-> gives access (Owner at the subscription" in done.stdout
    assert f"Owner already, by a role or a membership: {BOB} (user), vm-ops (managed identity)" in " ".join(
        done.stdout.split()
    )
    assert "ends 1 of 1" in done.stdout
    assert "\x1b" not in done.stdout


def test_paths_are_json_and_a_picture_too(export: Path):
    done = ask(export, "paths", "--assume-complete", "--format", "json")
    found = json.loads(done.stdout)
    [way] = [path for path in found["paths"] if not path["direct"]]
    assert [step["edge"] for step in way["steps"]] == ["vm-run-command", "holds"]
    assert way["steps"][0]["on"].endswith("/vm-ops")
    assert found["gap"] is None

    drawn = ask(export, "paths", "--assume-complete", "--format", "mermaid").stdout
    assert "flowchart LR" in drawn
    assert "vm-ops" in drawn


def test_who_may_do_something(export: Path):
    asked = ("who-can", "Microsoft.Compute/virtualMachines/write", "--on", "vm-ops")
    found = json.loads(ask(export, *asked, "--assume-complete", "--format", "json").stdout)
    assert {holder["id"]: (holder["role"], holder["groups"]) for holder in found["holders"]} == {
        ALICE: ("Contributor", ["operators"]),
        BOB: ("Owner", []),
        _IDENTITY: ("Owner", []),
    }
    assert found["on"] == f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-ops"

    told = ask(export, *asked).stdout
    assert f"{BOB} (user)" in told
    nobody = ask(export, "who-can", "Microsoft.Sql/servers/write", "--on", "/").stdout
    assert nobody.startswith("Nobody may Microsoft.Sql/servers/write")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("who-can", "Microsoft.Compute/*", "--on", SUB), "is no operation"),
        (("who-can", "Microsoft.Compute/virtualMachines/write", "--on", "vm-op"), "Did you mean vm-ops?"),
        (("paths", "--to", "nothing-here"), "no resource is called nothing-here"),
    ],
)
def test_wrong_questions_are_refused_with_what_would_be_right(export: Path, arguments: tuple[str, ...], words: str):
    done = ask(export, *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
