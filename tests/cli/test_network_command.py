"""`auditor network` as its users run it."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli import inside
from tests.facts.network_worlds import allow, group, net, network, nic, pip, ref, subnet_id


def run(*arguments: object, columns: int = 100) -> CompletedProcess[str]:
    return inside.run("network", *arguments, env={"COLUMNS": str(columns), "NO_COLOR": "1"})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two machines with public addresses, one called like a command of the terminal; and another `twin` elsewhere."""
    nsg = group("nsg", allow("ssh", 100, "22"), allow("web", 110, "443"))
    vnet = network("vnet", {"app": {"networkSecurityGroup": ref(nsg)}})
    first, second = pip("pip-a", "203.0.113.1"), pip("pip-b", "203.0.113.2")
    place = subnet_id(vnet, "app")
    bodies = [
        nic("nic-a", place, "10.0.0.4", machine="vm-\x1b[31ma", publicIPAddress=ref(first)),
        nic("nic-b", place, "10.0.0.5", machine="vm-b", publicIPAddress=ref(second)),
        *(vnet, nsg, first, second),
    ]
    twin = nic("twin", place, "10.0.0.6")
    other = {**twin, "id": twin["id"].replace("rg-app", "rg-other")}
    path = tmp_path / "export.json"
    path.write_text(json.dumps([*bodies, twin, other, net("rt", "routeTables")]))
    return path


def test_ways_are_listed_the_worst_first(export: Path):
    done = run("exposed", "--from", export)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["PORT", "MACHINE", "PATH"]
    assert [line.split()[1] for line in lines if line.startswith("tcp")] == ["22", "22", "443", "443"]
    assert "internet -> pip-b (203.0.113.2) -> nic-b" in done.stdout
    assert "allowed by nsg/ssh (100)" in done.stdout
    assert "2 machines reached from the internet, by 4 ways." in done.stdout
    assert "\x1b" not in done.stdout


def test_what_could_not_be_read_is_told(export: Path):
    bodies = json.loads(export.read_text())
    policy = net("afwp", "firewallPolicies")
    place = {"subnet": ref(subnet_id(bodies[2], "AzureFirewallSubnet"))}
    bodies += [
        policy,
        net("afw", "azureFirewalls", firewallPolicy=ref(policy), ipConfigurations=[{"properties": place}]),
    ]
    export.write_text(json.dumps(bodies))

    done = run("exposed", "--from", export, columns=160)

    missing = "microsoft.network/firewallpolicies/rulecollectiongroups could not be read (NotInExport)"
    assert f"not known: nic-a: {missing}" in done.stdout
    assert "2 machines reached from the internet" in done.stdout


def test_a_machine_that_was_listed_without_its_properties_is_unknown(export: Path):
    bodies = json.loads(export.read_text())
    name = next(body["name"] for body in bodies if body["type"] == "Microsoft.Network/networkInterfaces")
    bare = [{k: v for k, v in body.items() if k != "properties" or body["name"] != name} for body in bodies]
    export.write_text(json.dumps(bare))

    listed = run("exposed", "--from", export, columns=160)
    asked = run("explain", "--snapshot", export, "--from", "internet", "--to", name, "--port", "22")

    assert f"not known: {name}: " in listed.stdout
    assert asked.returncode == 2
    assert "the properties of this resource were not read" in asked.stderr


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_no_line_is_wider_than_the_terminal(columns: int):
    for arguments in (["exposed"], ["explain", "--from", "internet", "--to", "vm-app-0", "--port", "22"]):
        done = run(*arguments, "--demo", columns=columns)

        assert done.returncode == 0
        assert max(map(len, done.stdout.splitlines())) <= columns


def test_the_demo_as_json_has_every_way_with_its_path():
    document = json.loads(run("exposed", "--demo", "--format", "json").stdout)

    assert document["schema_version"] == "1.0"
    assert document["summary"]["ways"] == len(document["exposed"]) > 5
    rdp = next(way for way in document["exposed"] if way["protocols"] == "tcp 3389")
    assert (rdp["machine"], rdp["resource"]["name"], rdp["via"]) == ("vm-legacy-web", "nic-legacy-web", "public-ip")
    assert rdp["rule"] == "nsg-web/allow-rdp-temp (320)"
    assert all(way["via"] == "bastion" for way in document["bastion"])


def test_the_demo_as_a_picture():
    text = run("exposed", "--demo", "--format", "mermaid").stdout

    assert "flowchart LR" in text
    assert '"vm-legacy-web<br/>nic-legacy-web"' in text


def test_an_answer_goes_to_a_file(tmp_path: Path):
    target = tmp_path / "exposed.json"

    done = run("exposed", "--demo", "-f", "json", "-o", target)

    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(target.read_text())["exposed"]


EXPLAINED = [
    (["--from", "internet", "--to", "vm-app-0", "--port", "22"], "ALLOWED"),
    (["--from", "internet", "--to", "nic-jump", "--port", "22"], "DENIED"),
    (["--from", "vm-jump", "--to", "vm-app-0", "--port", "22"], "ALLOWED"),
    (["--from", "198.51.100.7", "--to", "vm-legacy-web", "--port", "443"], "ALLOWED"),
    (["--from", "vm-jump", "--to", "vm-devbox", "--port", "22", "--protocol", "udp"], "DENIED"),
]


@pytest.mark.parametrize(("arguments", "verdict"), EXPLAINED)
def test_what_gets_through_in_the_demo(arguments: list[str], verdict: str):
    done = run("explain", "--demo", *arguments)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{verdict}: ")


def test_an_answer_as_json_names_the_rule_of_each_stage(export: Path):
    done = run("explain", "--snapshot", export, "--from", "internet", "--to", "10.0.0.5", "--port", "22", "-f", "json")

    document = json.loads(done.stdout)
    assert (document["verdict"], document["reason"]) == ("allowed", "allowed by nsg/ssh (100)")
    (way,) = document["ways"]
    assert way["text"] == "internet -> pip-b (203.0.113.2) -> nic-b"
    assert way["stages"][-1] == {
        "stage": "subnet",
        "direction": "in",
        "name": "nsg",
        "verdict": "allowed",
        "text": "nsg/ssh (100)",
    }


def test_an_answer_as_a_picture_is_broken_where_it_ends():
    done = run("explain", "--demo", "--from", "internet", "--to", "vm-jump", "--port", "22", "--format", "mermaid")

    assert "-.-x" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "internet", "--to", "nic-bb"], ["nic-bb", "Did you mean nic-b"]),
        (["--from", "internt", "--to", "nic-b"], ["internt", "Did you mean internet"]),
        (["--from", "internet", "--to", "twin"], ["several resources have this name", "rg-other"]),
        (["--from", "internet", "--to", "10.0.0.99"], ["no interface has this address"]),
        (["--from", "internet", "--to", "/subscriptions/x/resourceGroups/g/providers/a/b/c"], ["has this id"]),
        (["--from", "1.2.3.0/24", "--to", "nic-b"], ["more than one address"]),
    ],
)
def test_wrong_names_are_told_with_what_was_meant(export: Path, arguments: list[str], said: list[str]):
    done = run("explain", "--snapshot", export, *arguments, "--port", "22")

    assert done.returncode == 2
    assert all(text in done.stderr for text in said), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["exposed", "--demo", "--from", "x.json"],
        ["exposed", "--from", "/does/not/exist"],
        ["exposed", "--demo", "--output", "/does/not/exist/x.json"],
        ["explain", "--demo", "--from", "internet", "--to", "vm-jump", "--port", "70000"],
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str]):
    done = run(*arguments)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("lenient")
def test_a_group_that_cannot_be_understood_is_told_and_the_rest_is_answered(export: Path):
    bodies = json.loads(export.read_text())
    rule = next(body for body in bodies if "securityRules" in body["properties"])["properties"]["securityRules"][0]
    rule["properties"]["sourceApplicationSecurityGroups"] = ["x"]
    export.write_text(json.dumps(bodies))

    exposed = run("exposed", "--from", export)
    explained = run("explain", "--snapshot", export, "--from", "internet", "--to", "nic-b", "--port", "22")

    assert exposed.returncode == 0
    assert "nsg cannot be understood and counts as not read (AttributeError in facts/network/" in exposed.stderr
    assert explained.returncode == 2
    assert "cannot be followed: the body of /subscriptions/" in explained.stderr
    assert "Traceback" not in exposed.stderr + explained.stderr
