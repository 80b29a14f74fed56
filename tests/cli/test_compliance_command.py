"""`auditor compliance` as its users run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

AUDITOR = Path(sys.executable).parent / "auditor"


def compliance(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(AUDITOR), "compliance", "--demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_controls_and_percentages_agree_with_the_states_they_are_made_of():
    done = compliance("--framework", "mcsb-v1", "--format", "json")

    assert done.returncode == 0, done.stderr
    (posture,) = json.loads(done.stdout)["frameworks"]
    states = [control["state"] for control in posture["controls"]]
    passed, failed = states.count("passed"), states.count("failed")
    assert posture["framework"] == "mcsb-v1"
    assert failed
    assert posture["passed_percent"] == round(100 * passed / (passed + failed), 1)
    assert sum(posture["counts"].values()) == posture["controls_covered"] == len(states)
    assert all(bool(control["findings"]) == (control["state"] == "failed") for control in posture["controls"])


def test_the_table_says_what_the_percentages_are_of():
    done = compliance("--framework", "cis-azure-5.0")

    assert done.returncode == 0, done.stderr
    assert "(cis-azure-5.0)" in done.stdout
    assert "(mcsb-v1)" not in done.stdout
    assert "Controls that no rule covers are not listed" in done.stdout


def test_a_framework_that_is_not_known_is_refused():
    done = compliance("--framework", "cis-azure-9")

    assert done.returncode == 2
    assert "cis-azure-9" in done.stderr
