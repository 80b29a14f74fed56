"""Where the rules, the frameworks and the demo tenant lie: inside an installed package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path


def data_path(name: str) -> Path:
    """The folder of shipped data called `rules`, `frameworks` or `demo`."""
    package = Path(__file__).parent
    installed = package / "_data" / name
    if installed.is_dir():
        return installed
    return package.parent / {"demo": "fixtures/demo"}.get(name, name)
