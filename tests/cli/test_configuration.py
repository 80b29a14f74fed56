"""auditor.toml, environment variables, and which of them wins."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.app import app
from auditor.cli.settings.file import find_config, read_config
from auditor.cli.settings.known import all_settings, for_all, tables
from auditor.errors import ConfigError
from tests.cli.inside import run

GATE_HOLDS, GATE_FAILS, WRONG = 0, 1, 2
COMMAND = typer.main.get_command(app)
KEYS = st.sampled_from(
    ["select", "fail-on", "width", "cloud", "from", "report", "quiet", "exemptions", "rules", "debug-log"]
)
VALUES = st.sampled_from(
    [
        '"~nobody-knows/x"',
        '"\\u0000"',
        "1979-05-27",
        "nan",
        "-1",
        "[[1]]",
        "{a = 1}",
        '["a", {}]',
        '""',
        "true",
        '"=x"',
        "[]",
    ]
)
FILES = st.text() | st.binary() | st.builds("{}{} = {}".format, st.sampled_from(["", "[scan]\n"]), KEYS, VALUES)


def scan(folder: Path, *arguments: str, **env: str) -> int:
    quick = ("--select", "nic-internet-rdp")
    return run("scan", "--demo", "-q", *quick, *arguments, cwd=folder, env=env).returncode


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path):
    (tmp_path / "auditor.toml").write_text('[scan]\nfail-on = "none"\n')

    assert scan(tmp_path) == GATE_HOLDS
    assert scan(tmp_path, AUDITOR_SCAN_FAIL_ON="high") == GATE_FAILS
    assert scan(tmp_path, "--fail-on", "none", AUDITOR_SCAN_FAIL_ON="high") == GATE_HOLDS


def test_the_file_is_found_upwards_and_lists_are_lists(tmp_path):
    (tmp_path / "auditor.toml").write_text(
        '[scan]\nselect = ["storage-copy-scope", "storage-blob-soft-delete"]\nfail_on = "high"\n'
    )
    deeper = tmp_path / "a" / "b"
    deeper.mkdir(parents=True)

    assert run("scan", "--demo", "-q", cwd=deeper).returncode == GATE_HOLDS


def test_settings_of_an_inner_command(tmp_path):
    (tmp_path / "auditor.toml").write_text('[rules.list]\nselect = ["storage-https-only"]\nformat = "json"\n')

    done = run("rules", "list", cwd=tmp_path)

    assert done.stdout.count('"id"') == 1


def test_another_file_can_be_named(tmp_path):
    (tmp_path / "ci.toml").write_text('[scan]\nfail-on = "none"\n')

    assert run("--config", "ci.toml", "scan", "--demo", "-q", cwd=tmp_path).returncode == GATE_HOLDS
    assert run("--config", "no.toml", "scan", "--demo", "-q", cwd=tmp_path).returncode == WRONG


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[scan]\nfail-onn = 1\n", "did you mean fail-on?"),
        ("[scam]\nx = 1\n", "did you mean scan?"),
        ("[scan\n", "is not TOML"),
        (f"[scan]\nmax-findings = {'9' * 5000}\n", "has a number that is too long"),
        ('[scan]\nfail-on = "nones"\n', "nones"),
        ("[scan]\ndemo = true\n", "no setting 'scan.demo'"),
        ("scan = 5\n", "'scan' is a command (write its settings below [scan])"),
    ],
)
def test_a_mistake_in_the_file_is_told_and_nothing_runs(tmp_path, text, says):
    (tmp_path / "auditor.toml").write_text(text)

    done = run("scan", "--demo", cwd=tmp_path)

    assert done.returncode == WRONG
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_every_mistake_is_told_with_its_line_and_what_would_be_right(tmp_path):
    (tmp_path / "auditor.toml").write_text(
        'tenan = "x"\n'
        'fail-on = "high"\n'
        "[scan]\n"
        'fail-on = "hihg"\n'
        'verbose = "yes"\n'
        "width = 10\n"
        "exemptions = ['a.yaml', 3]\n"
        "[query]\n"
        "timeout = '9'\n"
        "[rules]\n"
        "list.formt = 1\n"
    )

    done = run("scan", "--demo", cwd=tmp_path)

    assert done.returncode == WRONG
    for line, words in {
        1: "there is no setting 'tenan' (did you mean tenant?)",
        2: "'fail-on' cannot be set for all commands (write it below [scan]",
        4: "fail-on is 'hihg', which is none of critical, high, medium, low, info, none (did you mean high?)",
        5: "verbose takes true or false, not 'yes'",
        6: "width is 10, which is below 40",
        7: "exemptions takes texts, not 3",
        9: "timeout takes a number, not '9'",
        11: "there is no setting 'rules.list.formt' (did you mean format?)",
    }.items():
        assert f"auditor.toml:{line}:1: {words}" in done.stderr


def test_a_mistake_in_the_toml_itself_is_told_with_its_place(tmp_path):
    (tmp_path / "auditor.toml").write_text("[scan]\nx = = 1\n")

    assert "auditor.toml:2:5: is not TOML" in run("scan", "--demo", cwd=tmp_path).stderr


def test_settings_above_the_tables_are_for_all_commands_and_a_table_wins(tmp_path):
    (tmp_path / "auditor.toml").write_text(
        'select = ["storage-https-only"]\n[scan]\nselect = "nic-internet-rdp"\nformat = "json"\nfail-on = "none"\n'
    )

    listed = run("rules", "list", "--format", "json", cwd=tmp_path).stdout
    scanned = run("scan", "--demo", "-q", cwd=tmp_path).stdout

    assert [rule["id"] for rule in json.loads(listed)] == ["storage-https-only"]
    assert {result["rule"] for result in json.loads(scanned)["results"]} == {"nic-internet-rdp"}


def test_files_are_looked_for_beside_the_configuration_file(tmp_path):
    (tmp_path / "auditor.toml").write_text(
        '[scan]\nfail-on = "none"\nexemptions = ["accepted.yaml"]\nreport = ["csv=all.csv"]\n'
    )
    (tmp_path / "accepted.yaml").write_text("exemptions: []\n")
    deeper = tmp_path / "a" / "b"
    deeper.mkdir(parents=True)

    assert scan(deeper) == GATE_HOLDS
    assert (tmp_path / "all.csv").is_file()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AUDITOR_SCAN_FORMAT", "json", '"schema_version"'),
        ("AUDITOR_SCAN_SELECT", "storage-https-only storage-minimum-tls", "judged by 2 rules"),
        ("AUDITOR_SCAN_GROUP_BY", "topic", "more: add --verbose"),
    ],
)
def test_every_option_has_a_variable_named_after_it(tmp_path, variable, value, expected):
    shown = run("scan", "--demo", "-q", cwd=tmp_path, env={variable: value}).stdout

    assert expected in " ".join(shown.split())


def test_a_version_in_the_environment_is_no_option(tmp_path):
    assert scan(tmp_path, "--fail-on", "none", AUDITOR_VERSION="1.2") == GATE_HOLDS


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("init")
    assert run("init", cwd=folder).returncode == 0
    assert run("init", cwd=folder).returncode == WRONG
    assert run("init", "--force", cwd=folder).returncode == 0
    return (folder / "auditor.toml").read_text()


def test_init_writes_every_setting_of_every_command(written):
    every = set(all_settings(COMMAND))
    assert len(every) > 100
    document = tomllib.loads(uncommented(written))

    for setting in every:
        place = document
        for name in () if for_all(setting) else setting.table.split("."):
            place = place[name]
        assert setting.key in place, (setting.table, setting.key)


def test_what_init_writes_changes_nothing_and_can_be_set_as_it_stands(written, tmp_path):
    (tmp_path / "auditor.toml").write_text(written)
    assert tomllib.loads(written).keys() >= {"scan", "collect"}
    assert scan(tmp_path) == GATE_FAILS

    (tmp_path / "auditor.toml").write_text(uncommented(written))
    shown = run("init", "--show", cwd=tmp_path)

    assert shown.returncode == 0, shown.stderr
    assert 'scan.fail-on = "high"' in shown.stdout


def uncommented(text: str) -> str:
    return re.sub(r"^# ([a-z-]+ = )", r"\1", text, flags=re.M)


def test_show_says_what_is_set_and_where(tmp_path):
    (tmp_path / "auditor.toml").write_text('cloud = "usgov"\n\n[scan]\nfail-on = "low"\nwidth = 90\n')

    shown = run("init", "--show", cwd=tmp_path, env={"AUDITOR_SCAN_WIDTH": "99", "AUDITOR_SCAN_FAILON": "low"}).stdout

    assert re.search(r'^ +cloud = "usgov" +auditor.toml:1$', shown, re.M)
    assert re.search(r'^ +scan.fail-on = "low" +auditor.toml:4$', shown, re.M)
    assert re.search(r'^ +scan.width = "99" +environment AUDITOR_SCAN_WIDTH$', shown, re.M)
    assert "AUDITOR_SCAN_FAILON sets nothing; did you mean AUDITOR_SCAN_FAIL_ON?" in shown


@settings(max_examples=150, deadline=None)
@given(text=FILES)
def test_any_file_at_all_is_read_or_refused(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "auditor.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))

    with suppress(ConfigError):
        read_config(path, COMMAND)


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "{a=" * 5000])
def test_a_file_that_nests_too_deeply_is_refused(tmp_path, text):
    (tmp_path / "auditor.toml").write_text(text)

    done = run("scan", "--demo", cwd=tmp_path)

    assert done.returncode == WRONG
    assert "nests too deeply" in done.stderr


def test_a_working_directory_that_is_gone_has_no_configuration(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()

    assert find_config() is None


def test_variables_are_named_after_command_and_option_and_each_is_for_one_option():
    every = list(all_settings(COMMAND))

    assert all(
        setting.variable == f"AUDITOR_{setting.table}_{setting.key}".upper().replace("-", "_").replace(".", "_")
        for setting in every
        if setting.key != "debug"
    )
    assert {setting.variable for setting in every if setting.key == "debug"} == {"AUDITOR_DEBUG"}
    assert {setting.table for setting in every if setting.key == "debug"} == {name for name, _ in tables(COMMAND)}


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (
            'cloud = "cloud.json"',
            "auditor.toml:2:1: cloud is 'cloud.json': a cloud that is none of",
        ),
        ('cloud = "https://x.example"', "a cloud that is none of"),
        ('report = ["csv=~/.ssh/authorized_keys"]', "outside the folder of a file that was found"),
        ('report = ["csv=../up.csv"]', "report leads to"),
        ('output = "/tmp/elsewhere.json"', "output leads to /tmp/elsewhere.json"),
        ('output = "link/x.json"', "output leads to"),
        ('debug-log = "../x.log"', "debug-log leads to"),
        ('exemptions = ["../accepted.yaml"]', "exemptions leads to"),
        ('sarif-split = "../split"', "sarif-split leads to"),
    ],
)
def test_a_file_that_was_found_names_no_cloud_and_no_file_outside_its_folder(tmp_path, setting, says):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "cloud.json").write_text("{}")
    (folder / "link").symlink_to(tmp_path)
    (folder / "auditor.toml").write_text(f"[scan]\n{setting}\n")

    done = run("scan", "--demo", "--select", "nic-internet-rdp", cwd=folder)

    assert done.returncode == WRONG
    assert says in done.stderr
    assert "on the command line, or name this file with --config" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkout"]


def test_a_file_that_is_named_may_lead_anywhere(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "auditor.toml").write_text('[scan]\nreport = ["csv=../up.csv"]\nfail-on = "none"\n')

    done = run(*("--config", "auditor.toml", "scan", "--demo", "-q", "--select", "nic-internet-rdp"), cwd=folder)

    assert done.returncode == GATE_HOLDS
    assert (tmp_path / "up.csv").is_file()
    assert "options from" not in done.stderr


def test_a_file_that_was_found_is_named_with_what_it_sets_and_how_it_loosens_the_gate(tmp_path):
    path = tmp_path / "auditor.toml"
    path.write_text('[scan]\nfail-on = "none"\nwidth = 90\nignore = ["nic-internet-ssh"]\n[query]\ntimeout = 5\n')
    quick = ("scan", "--demo", "-q", "--select", "nic-internet-*")

    lines = run(*quick, cwd=tmp_path).stderr.splitlines()
    assert lines[0] == f'options from {path}: fail-on = "none", ignore = ["nic-internet-ssh"], width = 90'
    assert (
        lines[1]
        == 'warning: that file decides what the gate lets pass: fail-on = "none", ignore = ["nic-internet-ssh"]'
    )

    (own,) = run(*quick, "--fail-on", "high", "--ignore", "x", cwd=tmp_path).stderr.splitlines()[:1]
    assert own == f"options from {path}: width = 90"
    assert run("rules", "list", cwd=tmp_path).stderr == f"options from {path}: none for this command\n"
