"""Facts, pictures and rules over bodies that no sane service sends: they answer or say nothing, and stop no audit."""

from __future__ import annotations

import random
from typing import Any

import pytest

from auditor.api import audit, draw
from auditor.facts.registry import family, family_names
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.rules.loader import load_rules
from auditor.snapshot.demo import open_demo
from auditor.snapshot.source import Source

JUNK: tuple[Any, ...] = (
    *(None, 1, -1, 1.5, True, "", "x", "²", "1-", "::/0", "0.0.0.0/0", "10.0.0.0/8-", "99999"),
    *([], ["x"], [None], [[1]], {}, {"id": 5}, {"id": None}, {"properties": []}, [{"properties": None}]),
)
BODIES = [(dict(resource.body), resource.type) for resource in open_demo().inventory.by_key.values()]


def spoilt(part: Any, dice: random.Random, share: float) -> Any:
    """A copy in which a share of the values is gone or junk; ids, names and types stay."""
    if isinstance(part, dict):
        kept = {name: inner for name, inner in part.items() if dice.random() > share / 2}
        return {n: i if n in ("id", "type", "name") else spoilt(i, dice, share) for n, i in kept.items()}
    if dice.random() < share:
        return dice.choice(JUNK)
    return [spoilt(inner, dice, share) for inner in part] if isinstance(part, list) else part


def spoilt_demo(dice: random.Random, share: float) -> Inventory:
    return Inventory(
        Resource.from_body({"id": body["id"], **spoilt(body, dice, share)}, resource_type=kind) for body, kind in BODIES
    )


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("name", family_names())
def test_a_family_survives_spoilt_bodies(name: str, share: float):
    dice = random.Random(f"{name} {share}")  # noqa: S311 - repeats itself on purpose
    for _ in range(4):
        inventory = spoilt_demo(dice, share)

        assert set(family(name).compute(inventory)) <= set(inventory.by_key)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_rules_and_pictures_survive_spoilt_bodies(share: float):
    dice = random.Random(f"everything {share}")  # noqa: S311 - repeats itself on purpose
    rules = [rule for rule in load_rules().rules if not rule.deprecated]
    for _ in range(6):
        source = Source(open_demo().manifest, spoilt_demo(dice, share))
        report = draw(audit(source, rules), source)

        assert report.results
        assert report.pictures
