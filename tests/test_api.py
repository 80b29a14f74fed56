"""The interface for Python: its documented examples run, and it gives what the command line gives."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditor import api
from auditor.errors import SnapshotError, UsageError
from auditor.report.json_report import document
from auditor.rules.model import Severity

GUIDE = Path(__file__).parents[1] / "docs/python.md"
CODE = re.findall(r"^```python( no-run)?\n(.+?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("code", [code for skipped, code in CODE if not skipped], ids=lambda code: code.split("\n")[0])
def test_the_examples_in_the_guide_run(code: str, tmp_path: Path):
    # A process started with `spawn` imports the script again, which a notebook's cell or a guarded script does not run.
    guarded = 'if __name__ == "__main__":\n' + "".join(f"    {line}\n" for line in code.splitlines())
    (tmp_path / "example.py").write_text(guarded)

    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("code", [code for skipped, code in CODE if skipped])
def test_the_examples_that_need_azure_are_python_and_name_what_exists(code: str):
    compile(code, str(GUIDE), "exec")

    for name in re.findall(r"\bapi\.(\w+)", code):
        assert hasattr(api, name)


def test_rules_sources_and_reports_travel_to_other_processes():
    source, choice = api.open_demo(), api.choose_rules()
    there = pickle.loads(pickle.dumps((source, choice)))  # noqa: S301 - our own bytes

    here, away = (document(api.audit(*pair)) for pair in ((source, choice), there))
    report = pickle.loads(pickle.dumps(api.audit(source, choice)))  # noqa: S301

    assert away == here
    assert document(report) == here


def test_a_gate_fails_on_what_it_was_told_to_and_on_nothing_else():
    source = api.open_demo()
    report = api.audit(source, api.choose_rules(select=["storage-https-only"]))

    low, none = (api.judge(report, source, fail_on=severity).verdict for severity in (Severity.LOW, None))

    assert low is not None
    assert none is not None
    assert (low.holds, none.holds) == (report.summary.failed == 0, True)


def test_mistakes_are_errors_with_a_remedy(tmp_path: Path):
    with pytest.raises(SnapshotError, match="no such file"):
        api.open_source(tmp_path / "none.db")
    with pytest.raises(UsageError, match="there is no format 'pdf'"):
        api.render(api.audit(api.open_demo(), api.choose_rules(select=["jwt"])), "pdf")
    with pytest.raises(UsageError, match="no rule is left"):
        api.choose_rules(select=["jwt"], ignore=["jwt"])
