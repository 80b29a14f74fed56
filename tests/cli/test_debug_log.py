"""`--debug`: a log that helps and that may be attached to a public report."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.bodies import SUBSCRIPTION, storage_account
from tests.azure.loopback.faults import Fault, Kind
from tests.azure.loopback.server import Endpoints, serve
from tests.cli.inside import run

LOG = "auditor-debug.log"
RULE = "storage-https-only"
PLANTED = "Pl4nted~secret-of-the-client"
PRIVATE = ("stpayroll", "Payroll Production", SUBSCRIPTION, "rg-app", PLANTED, "jane")


@pytest.fixture
def azure() -> LoopbackAzure:
    account = storage_account("stpayroll", {"supportsHttpsTrafficOnly": False})
    return LoopbackAzure([account], subscriptions={SUBSCRIPTION: "Payroll Production"})


@pytest.fixture
def endpoints(azure: LoopbackAzure) -> Iterator[Endpoints]:
    with serve(azure) as endpoints:
        yield endpoints


def live(endpoints: Endpoints, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**endpoints.managed_identity(), "MY_PASSWORD": PLANTED, "USER": "jane"}
    return run(*arguments, "--cloud", endpoints.cloud_file(folder), env=env, cwd=folder)


@pytest.mark.parametrize("command", ["scan", "collect", "doctor"])
def test_the_log_tells_what_happened_and_nothing_private(command: str, endpoints: Endpoints, tmp_path: Path):
    done = live(endpoints, tmp_path, command, "--select", RULE, "--debug")
    log = (tmp_path / LOG).read_text()

    assert LOG in done.stderr
    assert log.startswith("# Debug log of auditor.")
    (told,) = (line for line in log.splitlines() if "command=" in line)
    assert f"command={command} " in told
    assert 'select="(1 values)"' in told
    assert re.search(r"versions +auditor=\S+ python=\S+ azure_core=\S+", log)
    assert re.search(
        r'request +operation="GET Microsoft.Resources/subscriptions" status=200 took_s=[\d.]+ request_id=\S+ '
        r"path=/subscriptions\?api-version=",
        log,
    )
    assert not [word for word in PRIVATE if word.lower() in log.lower()]
    assert "Bearer" not in log
    assert "eyJ" not in log


def test_the_values_of_a_configuration_file_are_not_told(endpoints: Endpoints, tmp_path: Path):
    (tmp_path / "auditor.toml").write_text(f'[scan]\ncredential = "{PLANTED}"\nframework = ["{PLANTED}"]\n')

    done = live(endpoints, tmp_path, "scan", "--debug")
    log = (tmp_path / LOG).read_text()

    assert done.returncode == 2
    assert 'credential="(given) (auditor.toml)"' in log
    assert PLANTED not in log
    assert "auditor.errors.UsageError" in log


def test_a_name_in_an_error_is_not_told(endpoints: Endpoints, tmp_path: Path):
    done = live(endpoints, tmp_path, "scan", "--debug", "--subscription", "payroll-test")
    log = (tmp_path / LOG).read_text()

    assert done.returncode == 3
    assert re.search(r"CollectionError: subscription <name:\w{8}>: not visible", log)
    assert re.search(r"auditor/azure/collect\.py:\d+ in ", log)
    assert "payroll-test" not in log


def test_refusals_are_logged_with_their_codes(azure: LoopbackAzure, endpoints: Endpoints, tmp_path: Path):
    azure.deny(f"/subscriptions/{SUBSCRIPTION}")

    live(endpoints, tmp_path, "scan", "--debug", "--select", RULE)

    assert "status=403 code=AuthorizationFailed" in (tmp_path / LOG).read_text()


def test_every_try_of_a_request_is_logged(azure: LoopbackAzure, endpoints: Endpoints, tmp_path: Path):
    azure.plan_faults(Fault(Kind.THROTTLED, path="storageAccounts", first=1, retry_after="0"))

    live(endpoints, tmp_path, "scan", "--debug", "--select", RULE, "--source", "arm")
    tries = [line for line in (tmp_path / LOG).read_text().splitlines() if "storageAccounts" in line]

    assert ["status=429" in line for line in tries] == [True, False]
    assert "retry_after_s=0.000" in tries[0]
    assert "status=200" in tries[1]
    assert "attempt=2" in tries[1]


def test_names_stay_readable_where_that_is_asked_and_secrets_never(endpoints: Endpoints, tmp_path: Path):
    live(endpoints, tmp_path, "scan", "--select", RULE, "--debug-log", "here.log", "--debug-names")
    log = (tmp_path / "here.log").read_text()

    assert f"/subscriptions/{SUBSCRIPTION}/" in log
    assert "Names and ids ARE in it" in log
    assert PLANTED not in log
    assert "eyJ" not in log


def test_times_of_steps_and_rules_are_logged(tmp_path: Path):
    run("scan", "--demo", "-q", env={"AUDITOR_DEBUG": "1"}, cwd=tmp_path)
    log = (tmp_path / LOG).read_text()

    for step in ("load rules", "read resources", "facts internet_exposure", "judge", "render table"):
        assert re.search(rf'step +name="?{step}"? took_s=[\d.]+', log)
    assert oct((tmp_path / LOG).stat().st_mode & 0o777) == "0o600"


def test_a_log_that_cannot_be_written_is_one_clear_error(tmp_path: Path):
    done = run("scan", "--demo", "--debug-log", "no/such/folder.log", cwd=tmp_path)

    assert done.returncode == 2
    assert "no/such/folder.log: cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_of_ours_leaves_its_trace_in_the_log(tmp_path: Path):
    code = (
        "import sys, auditor.cli.app as app, auditor.snapshot.demo as demo\n"
        "def broken(): return {}['kv-payroll']\n"
        "demo.open_demo = broken\n"
        "sys.argv = ['auditor', 'scan', '--demo', '--debug']\n"
        "sys.exit(app.run())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env={**os.environ}, check=False
    )
    log = (tmp_path / LOG).read_text()

    assert done.returncode == 2
    assert "a mistake in auditor itself: KeyError" in done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"builtins\.KeyError: '<text:\w{8}>'", log)
    assert "in scan" in log
    assert "payroll" not in log


def test_a_link_in_the_way_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "auditor-debug.log").symlink_to("precious")

    done = run("rules", "list", "--debug", cwd=tmp_path)

    assert done.returncode == 2
    assert "auditor-debug.log: cannot be written" in done.stderr
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_log_that_is_there_is_closed_to_others(tmp_path: Path) -> None:
    log = tmp_path / "auditor-debug.log"
    log.write_text("")
    log.chmod(0o644)

    run("rules", "list", "--debug", cwd=tmp_path)

    assert log.stat().st_mode & 0o777 == 0o600
