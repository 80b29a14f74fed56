"""Words that options take: for shells to complete, and to tell which values are words of ours.

Rules are found by their files' names and not loaded: a shell waits for the answer at every press of the Tab key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.M)
_ONE_WORD = re.compile(r"[\w.-]+")
_CLOUDS = {"public": "Azure", "usgov": "Azure Government", "china": "Azure operated by 21Vianet"}


def rules() -> dict[str, str]:
    """Built-in rules by id, each with its title."""
    return {path.stem: _title(path) for path in _rule_files()}


def topics() -> dict[str, str]:
    """Topics of the built-in rules, with how many rules each has."""
    counts: dict[str, int] = {}
    for path in _rule_files():
        counts[path.parent.name] = counts.get(path.parent.name, 0) + 1
    return {name: f"topic of {number} rules" for name, number in counts.items()}


def formats() -> dict[str, str]:
    """Output formats."""
    from auditor.report.registry import FORMATS

    return dict.fromkeys(FORMATS, "")


def frameworks() -> dict[str, str]:
    """Frameworks by id, with their names."""
    from auditor.rules.vocabulary import FRAMEWORKS

    return dict(FRAMEWORKS)


def credentials() -> dict[str, str]:
    """What `--credential` takes."""
    from auditor.azure.signin_parts import PARTS

    return {part.name: part.credential_class for part in PARTS} | {"dev": "developers' tools", "prod": "the others"}


def clouds() -> dict[str, str]:
    """Clouds known by name."""
    return dict(_CLOUDS)


def subscriptions() -> dict[str, str]:
    """Subscriptions that the Azure CLI has seen at the last `az login`, by name; none where there is no such file.

    The CLI keeps them in `azureProfile.json` of its configuration folder
    (https://learn.microsoft.com/cli/azure/azure-cli-configuration#cli-configuration-file).
    """
    import os

    folder = Path(os.environ.get("AZURE_CONFIG_DIR") or Path.home() / ".azure")
    profile = json.loads((folder / "azureProfile.json").read_text(encoding="utf-8-sig"))
    named = {str(found["name"]): str(found["id"]) for found in profile["subscriptions"]}
    # A shell would take a name with a space for two words.
    return {name if _ONE_WORD.fullmatch(name) else guid: f"{name} {guid}" for name, guid in named.items()}


def is_ours(word: str) -> bool:
    """Whether a word is one that we define, so that it says nothing of the user."""
    known: Iterable[Mapping[str, str]] = (formats(), frameworks(), credentials(), clouds(), {"page": ""})
    return any(word.lower() in words for words in known)


def _rule_files() -> list[Path]:
    # Not by way of the loader: it brings the whole rule language along, which no word needs.
    from auditor.resources import data_path

    return sorted(data_path("rules").glob("*/*.yaml"))


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as stream:
        found = _TITLE.search(stream.read(2000))
    return found.group(1).strip("'\"") if found else ""
