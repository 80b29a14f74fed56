"""What is installed from the wheel works without the checkout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel; libraries come from the environment of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    wheel = next(folder.glob("*.whl"))
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "-q", str(wheel)],
        check=True,
        capture_output=True,
    )
    site = next((folder / "venv" / "lib").glob("python3*/site-packages"))
    libraries = sysconfig.get_paths()["purelib"]
    # Appended after the environment's own packages; `.pth` files in there (editable installs) are not read.
    (site / "libraries.pth").write_text(f"{libraries}\n")
    return folder / "venv" / "bin"


def test_a_wheel_built_twice_is_the_same_to_the_byte(tmp_path: Path):
    wheels = []
    for turn in ("one", "two"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / turn)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        wheels.append(next((tmp_path / turn).glob("*.whl")).read_bytes())
        (ROOT / "auditor" / "py.typed").touch()  # a checkout has other times than another

    assert wheels[0] == wheels[1]


def test_the_installed_command_audits_the_demo_tenant_from_any_folder(installed: Path, tmp_path: Path):
    done = subprocess.run(
        [installed / "auditor", "scan", "--demo", "--format", "json", "--fail-on", "none", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["fail"]["high"] > 0
    assert report["scan"]["source"] == "demo"


def test_the_wheel_carries_its_own_rules_frameworks_and_demo(installed: Path, tmp_path: Path):
    code = "import auditor.resources as r; print(*map(r.data_path, ('rules', 'frameworks', 'demo')), sep='\\n')"
    done = subprocess.run([installed / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    for line in done.stdout.split():
        assert Path(line).is_relative_to(installed.parent), line
        assert any(Path(line).iterdir())


def test_python_m_auditor_is_the_same_command(installed: Path, tmp_path: Path):
    done = subprocess.run(
        [installed / "python", "-m", "auditor", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("auditor ")


def test_the_bill_of_materials_names_everything_that_an_installation_brings(tmp_path: Path):
    """As `make dist` writes it, of the environment that the tests run in."""
    target = tmp_path / "sbom.json"
    program = Path(sys.executable).with_name("cyclonedx-py")
    # Its own check against the schema takes twenty times as long as writing it, and runs in `make dist`.
    options = (
        "--no-validate",
        "--pyproject",
        ROOT / "pyproject.toml",
        "--output-format",
        "JSON",
        "--output-file",
        target,
    )

    subprocess.run([program, "environment", *options, sys.executable], check=True, capture_output=True)

    bill = json.loads(target.read_text())
    listed = {component["name"].lower().replace("_", "-"): component["version"] for component in bill["components"]}
    needed = [
        re.split(r"[<>=\[ ]", line)[0]
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    ]
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "azure-auditor"
    assert {name: version(name) for name in needed} == {name: listed[name] for name in needed}


def test_the_changes_of_this_version_are_told():
    from auditor import __version__

    assert re.search(rf"^## {re.escape(__version__)}$", (ROOT / "CHANGELOG.md").read_text(), re.M)
