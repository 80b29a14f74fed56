"""The container image's recipe and the hooks for repositories with rules of their own."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
INSTRUCTIONS = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
AUDITOR = Path(sys.executable).parent / "auditor"


def of(kind: str) -> list[str]:
    return [words for name, words in INSTRUCTIONS if name == kind]


def test_the_image_is_small_pinned_and_not_run_as_root():
    assert len(of("FROM")) == 2
    assert all(":" in image and "latest" not in image for image in of("FROM"))
    assert "--constraint constraints.txt" in of("RUN")[0]
    assert "--no-cache-dir" in of("RUN")[0]
    assert int(of("USER")[-1]) > 0
    assert of("ENTRYPOINT") == ['["auditor"]']
    assert INSTRUCTIONS[-3:][0][0] == "USER", "nothing is done after it as root"


def test_the_image_is_made_from_files_that_suffice(tmp_path: Path):
    """The wheel builds from exactly what is copied into the image, and the ignore file lets all of that through."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [words.split() for words in of("COPY") if not words.startswith("--from")]
    for *sources, target in copied:
        for source in sources:
            assert source in allowed
            place = tmp_path / (target if len(sources) == 1 and target != "./" else source)
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=tmp_path, check=True, capture_output=True
    )

    assert list((tmp_path / "dist").glob("*.whl"))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A repository with one good rule."""
    folder = tmp_path / "rules" / "encryption-in-transit"
    folder.mkdir(parents=True)
    text = (ROOT / "rules/encryption-in-transit/storage-https-only.yaml").read_text()
    text = text.replace("id: storage-https-only", "id: our-https-only")
    text = re.sub(r"(?m)^title: .*", "title: Our accounts answer plain HTTP", text)
    (folder / "our-https-only.yaml").write_text(text)
    return folder / "our-https-only.yaml"


def hook(identifier: str, file: Path) -> subprocess.CompletedProcess[str]:
    """What pre-commit runs: the entry with the files that match."""
    (chosen,) = [entry for entry in HOOKS if entry["id"] == identifier]
    root = file.parent.parent.parent
    shown = file.relative_to(root).as_posix()
    assert re.search(chosen["files"], shown)
    command = [str(AUDITOR), *shlex.split(chosen["entry"])[1:], shown]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("identifier", ["auditor-rules-lint", "auditor-rules-test"])
def test_a_good_rule_passes_the_hooks(identifier: str, rules: Path):
    done = hook(identifier, rules)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mistake_in_a_rule_fails_the_lint_hook(rules: Path):
    rules.write_text(rules.read_text().replace("severity:", "severty:"))

    done = hook("auditor-rules-lint", rules)

    assert done.returncode != 0
    assert "severty" in done.stdout + done.stderr


def test_an_example_that_comes_out_wrong_fails_the_test_hook(rules: Path):
    rules.write_text(
        rules.read_text()
        .replace("  fail:", "  swapped:")
        .replace("  pass:", "  fail:")
        .replace("  swapped:", "  pass:")
    )

    assert hook("auditor-rules-test", rules).returncode != 0


TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "resources": [
        {
            "type": "Microsoft.Storage/storageAccounts",
            "apiVersion": "2023-05-01",
            "name": "stplain",
            "location": "westeurope",
            "sku": {"name": "Standard_LRS"},
            "kind": "StorageV2",
            "properties": {"supportsHttpsTrafficOnly": False},
        }
    ],
}
PLAN = {
    "format_version": "1.2",
    "resource_changes": [
        {
            "address": "azurerm_storage_account.plain",
            "mode": "managed",
            "type": "azurerm_storage_account",
            "name": "plain",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {"name": "stplain", "resource_group_name": "rg", "https_traffic_only_enabled": False},
                "after_unknown": {"id": True},
            },
        }
    ],
}


@pytest.mark.parametrize(("name", "code"), [("main.json", TEMPLATE), ("plan.json", PLAN)], ids=["arm", "terraform"])
def test_code_is_judged_by_its_hook(tmp_path: Path, name: str, code: dict[str, object]):
    (chosen,) = [entry for entry in HOOKS if entry["id"] == "auditor-scan-code"]
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / name).write_text(json.dumps(code))
    assert re.search(chosen["files"], f"infra/{name}")
    command = [str(AUDITOR), *shlex.split(chosen["entry"])[1:], *chosen["args"]]  # `pass_filenames: false`

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1, done.stderr
    assert "storage-https-only" in done.stdout


def test_hooks_have_what_pre_commit_asks_for():
    always = {"id", "name", "description", "entry", "language", "files"}

    assert [set(entry) - always for entry in HOOKS] == [{"types"}, {"types"}, {"args", "pass_filenames"}]
    assert all(always <= set(entry) for entry in HOOKS)
    assert {entry["language"] for entry in HOOKS} == {"python"}
