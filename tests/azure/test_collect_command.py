"""`auditor collect`, from options to the file."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from auditor.cli import collect
from auditor.errors import CollectionError, SignInError, SnapshotError
from auditor.snapshot.store import Snapshot
from tests.azure.loopback.azure import LoopbackAzure
from tests.azure.loopback.server import Endpoints
from tests.conftest import SUBSCRIPTION, arm_id

VAULT = "Microsoft.KeyVault/vaults"
OTHER = "22222222-2222-2222-2222-222222222222"


def _azure() -> LoopbackAzure:
    vault = {"id": arm_id(VAULT, "kv"), "name": "kv", "type": VAULT, "location": "westeurope", "properties": {}}
    return LoopbackAzure([vault], subscriptions={SUBSCRIPTION: "Production", OTHER: "Sandbox"})


@pytest.fixture
def run(
    start_azure: Callable[..., Endpoints], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    app = typer.Typer()
    app.callback()(lambda: None)
    collect.register(app)

    def invoke(azure: LoopbackAzure, *options: str) -> Result:
        endpoints = start_azure(azure)
        for name, value in endpoints.managed_identity().items():
            monkeypatch.setenv(name, value)
        cloud = endpoints.cloud_file(tmp_path)
        arguments = ["collect", "--cloud", str(cloud), "--output", str(tmp_path / "tenant.db"), *options]
        result = CliRunner().invoke(app, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def test_a_snapshot_is_written_for_its_owner_alone(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(_azure(), "--all", "--verbose")
    path = tmp_path / "tenant.db"
    assert result.exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Snapshot.open(path) as snapshot:
        assert arm_id(VAULT, "kv") in {resource.id for resource in snapshot.resources()}
        assert dict(snapshot.manifest.subscriptions) == {SUBSCRIPTION: "Production", OTHER: "Sandbox"}
        assert snapshot.manifest.complete
    assert f"GET {VAULT}" in result.stderr
    assert " s  collect\n" in result.stderr
    assert "Bearer" not in result.output


def test_an_incomplete_collection_fails_only_where_that_is_asked(run: Callable[..., Result]) -> None:
    azure = _azure()
    azure.deny(f"/subscriptions/{OTHER}")
    assert run(azure, "--all", "--quiet").exit_code == 0
    assert run(azure, "--all", "--quiet", "--force", "--require-complete").exit_code == 3


def test_a_file_that_is_there_is_not_overwritten(run: Callable[..., Result], tmp_path: Path) -> None:
    run(_azure(), "--all", "--quiet")
    with pytest.raises(SnapshotError, match="exists already"):
        run(_azure(), "--all", "--quiet")


def test_a_failed_sign_in_costs_no_snapshot_and_leaves_none(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tenant.db"
    broken = ("--all", "--quiet", "--credential", "environment")
    with pytest.raises(SignInError):
        run(_azure(), *broken)
    assert not path.exists()
    assert run(_azure(), "--all", "--quiet").exit_code == 0
    before = path.read_bytes()
    with pytest.raises(SignInError):
        run(_azure(), *broken, "--force")
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.new.db*"))


def test_no_subscription_is_an_error(run: Callable[..., Result]) -> None:
    with pytest.raises(CollectionError, match="no subscription"):
        run(LoopbackAzure(), "--all", "--quiet")
