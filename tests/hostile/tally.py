"""What became of hostile inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What became of the inputs."""

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    """Mistakes that stayed with one resource, by where they were."""
    types: set[str] = field(default_factory=set)
    """Type keys of bodies that were made up from what is published."""
    crashed: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
