"""`auditor keys` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.facts.key_worlds import STORAGE, attached, encrypted, make, surroundings

SET = "Microsoft.Compute/diskEncryptionSets"
EXPIRED = 1_700_000_000


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A set with a disk on a sound key, and an account on one that has expired, called like a terminal's command."""
    named, *_ = encrypted(SET)
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": named["id"]}
    account = make(
        STORAGE,
        "st-old",
        {
            "encryption": {
                "keySource": "Microsoft.Keyvault",
                "keyvaultproperties": {"keyvaulturi": "https://kv-data.vault.azure.net", "keyname": "old"},
            }
        },
        identity=attached(),
    )
    account["name"] = "st-\x1b[31mold"
    bodies = [
        named,
        make("Microsoft.Compute/disks", "disk-1", {"encryption": encryption}),
        account,
        make("Microsoft.KeyVault/vaults/keys", "kv-data/old", {"attributes": {"enabled": True, "exp": EXPIRED}}),
        make(STORAGE, "st-plain", {"encryption": {"keySource": "Microsoft.Storage"}}),
        *surroundings(),
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(bodies))
    return path


def test_keys_are_listed_the_worst_first(export: Path, tmp_path: Path):
    done = run("keys", "--from", export, "--assume-complete", cwd=tmp_path, env={"COLUMNS": "110"})

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["STATE", "KEY", "DAYS", "PROTECTS"]
    assert lines[1].startswith("broken   kv-data/old")
    assert "(storage account), opened as itself" in lines[1]
    assert "\x1b" not in done.stdout
    assert "broken: the key old in kv-data expired on 2023-11-14" in done.stdout
    assert "disk-1 (disk), through thing" in done.stdout
    assert "2 keys, 3 chains: 1 broken, 2 healthy." in done.stdout
    assert "st-plain" not in done.stdout


def test_only_what_is_broken(export: Path, tmp_path: Path):
    done = run("keys", "--from", export, "--assume-complete", "--broken", "-f", "json", cwd=tmp_path)

    told = json.loads(done.stdout)
    assert told["summary"] == {"keys": 1, "chains": 1, "broken": 1, "unknown": 0, "healthy": 0}
    (key,) = told["keys"]
    assert (key["key"], key["holder"], key["state"], key["expires"]) == ("old", "kv-data", "broken", "2023-11-14")
    assert [link["link"] for link in key["protects"][0]["links"]] == ["key_expired"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("disk-1", "disk-1 (disk), through thing"),
        ("DISK-1", "disk-1 (disk), through thing"),
        ("st-plain", "st-plain hangs on no customer-managed key."),
    ],
)
def test_the_keys_of_one_resource(export: Path, tmp_path: Path, name: str, said: str):
    done = run("keys", "--from", export, "--assume-complete", "--used-by", name, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert "kv-data/old" not in done.stdout


def test_a_name_that_nothing_has(export: Path, tmp_path: Path):
    done = run("keys", "--from", export, "--used-by", "disk-2", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == "error: no resource is called disk-2\nDid you mean disk-1?\n"


def test_what_was_not_read_is_told(export: Path, tmp_path: Path):
    bodies = [one for one in json.loads(export.read_text()) if "/vaults" not in one["type"]]
    export.write_text(json.dumps(bodies))
    done = run("keys", "--from", export, cwd=tmp_path, env={"COLUMNS": "200"})

    assert "3 chains: 3 unknown." in done.stdout
    assert "the export holds no microsoft.keyvault/vaults" in done.stdout


def test_a_picture(export: Path, tmp_path: Path):
    done = run("keys", "--from", export, "--assume-complete", "--broken", "-f", "mermaid", cwd=tmp_path)

    assert done.stdout.startswith('---\ntitle: "Customer-managed keys"')
    assert "-.-x" in done.stdout
    assert "disk-1" not in done.stdout


def test_the_demo_shows_a_chain_of_each_state(tmp_path: Path):
    told = json.loads(run("keys", "--demo", "-f", "json", cwd=tmp_path).stdout)

    assert {key["state"] for key in told["keys"]} == {"healthy", "broken", "unknown"}
