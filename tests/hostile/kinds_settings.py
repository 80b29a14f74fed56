"""Hostile configuration, frameworks and cloud files."""

from __future__ import annotations

from pathlib import Path

import typer

from auditor.azure.clouds import load_cloud
from auditor.cli.app import app
from auditor.cli.settings.file import read_config
from auditor.rules.frameworks import load_framework
from tests.hostile.mutations import Dice, as_json, spoilt, torn
from tests.hostile.seeds import rules
from tests.hostile.tally import Tally

_CONFIG = b"""tenant = "contoso.onmicrosoft.com"
select = ["storage-*"]
[scan]
fail-on = "high"
report = ["csv=all.csv"]
exemptions = ["a.yaml"]
width = 90
[rules.list]
format = "json"
"""


def config(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "auditor.toml"
    path.write_bytes(torn(_CONFIG, dice))
    read_config(path, typer.main.get_command(app), named=dice.random() < 0.5)


_FRAMEWORK = b"""id: our-own
name: Ours
version: "1"
controls:
  - id: A.1
    title: Storage is encrypted
    rules: [storage-*, encryption-at-rest]
  - {id: A.2, title: Networks, section: Two, rules: [network]}
"""


def framework(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "own.yaml"
    path.write_bytes(torn(_FRAMEWORK, dice))
    load_framework(path, rules())


_CLOUD = {
    "name": "Stack",
    "endpoints": {
        "activeDirectory": "https://login.stack.example/adfs",
        "activeDirectoryResourceId": "https://management.stack.example/4a5b",
        "microsoftGraphResourceId": "https://graph.stack.example",
        "resourceManager": "https://management.local.stack.example",
    },
    "suffixes": {"keyvaultDns": ".vault.stack.example"},
}


def cloud(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "cloud.json"
    data = as_json(spoilt(_CLOUD, dice, 0.1))
    path.write_bytes(torn(data, dice) if dice.random() < 0.3 else data)
    load_cloud(str(path))
