"""The commands of docs/integrations.md, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.inside import AUDITOR

TEXT = (Path(__file__).parent.parent / "docs/integrations.md").read_text()
BLOCKS = re.findall(r"^```bash run\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
LEFT = ("jsonl", "json", "csv", "md")


@pytest.mark.parametrize("block", BLOCKS, ids=[re.findall(r"--report ([\w-]+)", block)[0] for block in BLOCKS])
def test_a_recipe_runs_as_it_is_written(block: str, tmp_path: Path):
    if "jq" in block and not shutil.which("jq"):
        pytest.skip("jq is not installed")
    path = f"{AUDITOR.parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    written = [file for file in tmp_path.iterdir() if file.suffix[1:] in LEFT]
    assert {f"--report {name}={file}" for name, file in re.findall(r"--report ([\w-]+)=(\S+)", block)} <= {
        f"--report {name}={file.name}"
        for file in written
        for name in re.findall(rf"--report ([\w-]+)={file.name}", block)
    }
    assert all(file.stat().st_size for file in written)
    assert all(file.stat().st_size < 1_000_000 for file in written if file.name.startswith("part-"))
