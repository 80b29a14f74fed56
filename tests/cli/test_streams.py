"""What happens where stdout or stderr is closed, full, or read by somebody who leaves."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.inside import AUDITOR, plain_environment


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a line of a shell gives, with `auditor` as $0."""
    return subprocess.run(
        ["bash", "-c", line, str(AUDITOR)],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_words_for_a_closed_stderr_do_not_go_into_the_report(tmp_path: Path) -> None:
    done = shell('"$0" scan --demo --format json 2>&- >report.json', tmp_path)

    assert done.returncode == 1
    assert json.loads((tmp_path / "report.json").read_text())["gate"]["holds"] is False


@pytest.mark.parametrize(("gate", "code"), [("high", 1), ("none", 0)])
def test_the_gate_is_told_and_the_other_reports_written_when_the_reader_leaves(
    tmp_path: Path, gate: str, code: int
) -> None:
    scan = f'"$0" scan --demo --format json --fail-on {gate} --report csv=report.csv'

    done = shell(f'{scan} | true; exit "${{PIPESTATUS[0]}}"', tmp_path)

    assert done.returncode == code
    assert ("gate: fails" in done.stderr) == bool(code)
    assert (tmp_path / "report.csv").stat().st_size > 10_000


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is always full")
@pytest.mark.parametrize("command", ["scan --demo", "rules list", "rules schema", "compliance --demo", "--version"])
def test_a_full_disk_is_told_as_such(tmp_path: Path, command: str) -> None:
    done = shell(f'"$0" {command} >/dev/full', tmp_path)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-2:] == [
        "error: stdout: cannot be written: No space left on device",
        "Write to another place.",
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has a device that is always full")
def test_a_debug_log_or_a_stderr_that_is_full_ends_no_audit(tmp_path: Path) -> None:
    done = shell('"$0" scan --demo --fail-on none --debug-log /dev/full >table.txt 2>/dev/full', tmp_path)

    assert done.returncode == 0
    assert "nic-internet-rdp" in (tmp_path / "table.txt").read_text()


def test_a_link_to_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    merged = shell('"$0" merge loop loop --output all.db', tmp_path)
    split = shell('"$0" scan --demo --sarif-split loop', tmp_path)

    assert "mistake in auditor" not in merged.stderr + split.stderr
    assert "there is nothing to merge" in merged.stderr
    assert split.stderr.startswith("error: loop: is no folder")


def test_quiet_silences_notes_and_no_warnings(tmp_path: Path) -> None:
    line = '"$0" scan --demo --fail-on none --framework cis --tenant x --output table.txt'

    loud, quiet = shell(line, tmp_path), shell(f"{line} --quiet", tmp_path)

    assert "note: " in loud.stderr
    assert "note: " not in quiet.stderr
    assert quiet.stderr.startswith("warning: --tenant and --credential")
