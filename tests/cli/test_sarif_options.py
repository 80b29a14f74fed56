"""The options for code scanning, as their users run them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.cli.inside import run


def scan(folder: Path, *arguments: str) -> CompletedProcess[str]:
    return run("scan", "--demo", "--quiet", "--report", "sarif=out.sarif", *arguments, cwd=folder)


def run_of(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())["runs"][0]


def uris(path: Path) -> dict[str, str]:
    return {
        result["properties"]["resourceId"]: result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in run_of(path)["results"]
    }


def test_a_finding_is_shown_in_the_inventory_tree_at_a_file_that_is_there(tmp_path: Path):
    done = scan(tmp_path, "--sarif-inventory", "posture")

    assert done.returncode == 1, done.stderr
    found = uris(tmp_path / "out.sarif")
    assert found
    for resource_id, uri in found.items():
        body = json.loads((tmp_path / uri).read_text())
        assert uri.startswith("posture/")
        assert body["id"].lower() == resource_id.lower()


def test_a_finding_is_shown_at_the_code_that_declares_its_resource(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    infra = tmp_path / "infra"
    infra.mkdir()
    scan(tmp_path, "--sarif-prefix", "cloud/azure")
    before = uris(tmp_path / "out.sarif")
    nic = next(key for key in before if key.endswith("/nic-legacy-web"))
    (infra / "main.bicep").write_text(
        "resource nic 'Microsoft.Network/networkInterfaces@2024-05-01' = {\n  name: 'nic-legacy-web'\n}\n"
    )

    options = ("--sarif-prefix", "cloud/azure", "--source-root", "infra")
    told = run("scan", "--demo", "--report", "sarif=out.sarif", *options, cwd=tmp_path).stderr

    assert re.search(r"note: \d+ of [\d,]+ findings placed at the code below infra", told)
    after = uris(tmp_path / "out.sarif")
    assert before[nic].startswith("cloud/azure/subscriptions/")
    assert after[nic] == "infra/main.bicep"
    assert {key: uri for key, uri in after.items() if key != nic} == {k: u for k, u in before.items() if k != nic}


def test_each_subscription_gets_a_file_with_a_category_of_its_own(tmp_path: Path):
    scan(tmp_path, "--sarif-split", "parts", "--sarif-category", "posture")

    whole = run_of(tmp_path / "out.sarif")
    parts = [run_of(path) for path in sorted((tmp_path / "parts").glob("*.sarif"))]
    names = {part["automationDetails"]["id"] for part in parts}
    assert sum(len(part["results"]) for part in parts) == len(whole["results"])
    assert len(names) == len(parts) >= 3
    assert all(name.startswith("posture/split/") for name in names)


def test_a_run_of_some_rules_never_carries_the_category_that_was_asked_for(tmp_path: Path):
    scan(tmp_path, "--sarif-category", "posture", "--select", "storage-https-only")

    assert run_of(tmp_path / "out.sarif")["automationDetails"]["id"].startswith("posture/selection-")


def test_a_link_below_the_tree_does_not_lead_the_writing_elsewhere(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "subscriptions").symlink_to(outside)

    done = scan(tmp_path, "--sarif-inventory", "tree")

    assert done.returncode == 2
    assert "leads out of its folder" in done.stderr
    assert list(outside.iterdir()) == []


def test_folders_that_cannot_be_used_are_refused_before_the_audit(tmp_path: Path):
    for arguments in (
        ("--source-root", "nowhere"),
        ("--sarif-prefix", "../up"),
        ("--sarif-split", __file__),
        ("--sarif-split-by", "management-group"),
    ):
        done = scan(tmp_path, *arguments)
        assert done.returncode == 2, arguments
        assert not (tmp_path / "out.sarif").exists()


def export(folder: Path, *, reversed_order: bool, more: bool) -> Path:
    """Two insecure accounts and a group that two rules open; in another order, and with one account more."""
    scope = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/RG-App/providers"

    def opening(port: str) -> dict[str, Any]:
        properties = {
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "priority": int(port),
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": port,
        }
        name = f"{scope}/Microsoft.Network/networkSecurityGroups/nsg/securityRules/allow-{port}"
        return {"id": name, "name": f"allow-{port}", "properties": properties}

    def account(name: str) -> dict[str, Any]:
        return {
            "id": f"{scope}/Microsoft.Storage/storageAccounts/{name}",
            "properties": {"minimumTlsVersion": "TLS1_0"},
        }

    rules = [opening("3389"), opening("110"), opening("443")]
    group = {"id": f"{scope}/Microsoft.Network/networkSecurityGroups/nsg", "properties": {"securityRules": rules}}
    bodies = [account("st1"), group, account("st2"), *([account("st3")] if more else [])]
    if reversed_order:
        rules.reverse()
        bodies.reverse()
    folder.mkdir()
    (folder / "all.json").write_text(json.dumps(bodies))
    return folder


def alerts(path: Path) -> set[tuple[str, str, str]]:
    """What code scanning tells alerts apart by: rule, place and fingerprint."""
    return {
        (
            result["ruleId"],
            result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            result["partialFingerprints"]["primaryLocationLineHash"],
        )
        for result in run_of(path)["results"]
    }


def test_alerts_keep_their_identity_over_runs_orders_and_other_resources(tmp_path: Path):
    first = export(tmp_path / "first", reversed_order=False, more=False)
    second = export(tmp_path / "second", reversed_order=True, more=True)
    for name, source in (("a", first), ("b", first), ("c", second)):
        command = ("scan", "--from", source, "--quiet", "--sarif-inventory", "posture")
        run(*command, "--report", f"sarif={name}.sarif", cwd=tmp_path)

    found = [alerts(tmp_path / f"{name}.sarif") for name in "abc"]

    assert len(found[0]) > 5
    assert found[1] == found[0]
    assert {alert for alert in found[2] if "/st3" not in alert[1]} == found[0]
    assert len(found[2]) > len(found[0])


def test_management_groups_that_were_not_read_are_told(tmp_path: Path):
    source = export(tmp_path / "source", reversed_order=False, more=False)
    command = ("scan", "--from", source, "--sarif-split", "parts", "--sarif-split-by")

    done = run(*command, "management-group", cwd=tmp_path)

    assert done.returncode == 2
    assert "management groups above the subscriptions were not read" in done.stderr


def test_the_demo_can_be_split_by_management_group(tmp_path: Path):
    scan(tmp_path, "--sarif-split", "parts", "--sarif-split-by", "management-group")

    groups = {f"management-group-larkspur-{name}" for name in ("platform", "workloads")}
    assert {path.stem for path in (tmp_path / "parts").iterdir()} == groups | {"tenant"}


def test_a_file_of_an_earlier_split_is_told_since_a_folder_is_uploaded_whole(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "gone.sarif").write_text("{}")

    done = scan(tmp_path, "--sarif-split", "parts")

    assert "parts also holds gone.sarif, not of this run" in done.stderr
    assert (tmp_path / "parts" / "gone.sarif").exists()


def test_a_tree_of_resources_is_for_its_owner_alone_and_replaces_a_link_in_its_way(tmp_path: Path) -> None:
    for _ in range(2):
        done = run(
            "scan",
            "--demo",
            "-q",
            "--fail-on",
            "none",
            "--sarif-inventory",
            "tree",
            "--select",
            "storage-*",
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        files = list((tmp_path / "tree").rglob("*.json"))
        assert files
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert not any(path.is_symlink() for path in files)
        (tmp_path / "precious").write_text("precious")
        files[0].unlink()
        files[0].symlink_to(tmp_path / "precious")

    assert (tmp_path / "precious").read_text() == "precious"


def test_a_folder_that_leads_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tree" / "subscriptions").symlink_to(tmp_path / "elsewhere")

    done = run("scan", "--demo", "-q", "--sarif-inventory", "tree", "--select", "storage-*", cwd=tmp_path)

    assert done.returncode == 2
    assert "leads out of its folder" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []
