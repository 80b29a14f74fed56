"""`auditor identity credentials`: one entry a secret, with the step that is better and how to take it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.inside import run


def test_the_demo_in_json_has_every_secret_with_what_replaces_it(tmp_path: Path):
    done = run("identity", "credentials", "--demo", "--format", "json", cwd=tmp_path)
    consumers = {one["consumer"]: one["entries"] for one in json.loads(done.stdout)["consumers"]}

    storage = next(entry for entry in consumers["func-orders"] if entry["setting"] == "AzureWebJobsStorage")
    assert storage["better"] == "managed identity"
    assert storage["instead"] == "AzureWebJobsStorage__accountName = stlarkspurweb"
    assert storage["shared_with"] == ["app-shop-api: OrdersStorage"]


@pytest.mark.parametrize(("of", "names"), [("sb-larkspur", {"func-orders"}), ("app-shop-api", {"app-shop-api"})])
def test_a_resource_is_asked_for_what_it_keeps_or_what_opens_it(of: str, names: set[str], tmp_path: Path):
    done = run("identity", "credentials", "--demo", "--of", of, "--format", "json", cwd=tmp_path)

    assert {one["consumer"] for one in json.loads(done.stdout)["consumers"]} == names


def test_it_fits_a_narrow_terminal_and_draws(tmp_path: Path):
    table = run("identity", "credentials", "--demo", cwd=tmp_path, env={"COLUMNS": "80"}).stdout
    drawn = run("identity", "credentials", "--demo", "--format", "mermaid", cwd=tmp_path).stdout

    assert max(map(len, table.splitlines())) <= 80
    assert "flowchart LR" in drawn


def test_an_unknown_name_is_refused(tmp_path: Path):
    done = run("identity", "credentials", "--demo", "--of", "nobody", cwd=tmp_path)

    assert done.returncode == 2
    assert "nobody" in done.stderr
