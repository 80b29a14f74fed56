"""Reports to render, and the tools that judge what comes out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.evaluate.model import Report
from auditor.report.registry import RenderOptions, render
from tests.report import samples

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def rendered() -> Callable[..., str]:
    """`rendered("json", report, width=80)`: the report as text."""

    def make(name: str, report: Report | None = None, **options: object) -> str:
        data = render(report or samples.small(), name, RenderOptions(**options)).data  # type: ignore[arg-type]
        return data.decode() if isinstance(data, bytes) else data

    return make


@pytest.fixture(scope="session")
def npm_tools() -> Path:
    """The folder of npm packages that `make tools` installs. CI must have them; elsewhere Node.js may be missing."""
    folder = Path(os.environ.get("AUDITOR_TEST_TOOLS", ROOT / ".tools/node_modules"))
    if (folder / "@microsoft/sarif-multitool-linux/Sarif.Multitool").is_file():
        return folder
    if os.environ.get("CI"):
        pytest.fail(f"{folder} is not there: run `make tools`")
    if shutil.which("node"):
        pytest.fail(f"Node.js is installed but {folder} is not there: run `make tools`")
    pytest.skip("Node.js is not installed, so the SARIF Multitool cannot be: install it and run `make tools`")


@pytest.fixture(scope="session")
def chromium() -> str:
    """A Chromium to open HTML reports with."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    found = found or shutil.which("google-chrome")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail("Chromium is not installed: install it, or name it with CHROMIUM")
    pytest.skip("Chromium is not installed: install it, or name it with CHROMIUM")
