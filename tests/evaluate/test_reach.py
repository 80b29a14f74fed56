"""What a change can reach is judged, and nothing that it changes is missed: held against judging both worlds whole."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.evaluate.model import Report
from auditor.facts.registry import FactStore
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Resource
from auditor.snapshot.source import Source

GROUP = "/subscriptions/2b6e7d21-1c8f-4d66-9e42-000000000b02/resourceGroups/rg-shop-network"


@pytest.fixture(scope="module")
def demo() -> Source:
    return api.open_demo()


@pytest.fixture(scope="module")
def choice() -> api.RuleChoice:
    return api.choose_rules()


@pytest.fixture(scope="module")
def whole(demo: Source, choice: api.RuleChoice) -> Report:
    return api.audit(demo, choice)


def changed(demo: Source, seed: int) -> Source:
    """The demo tenant with some resources gone, some with a switch or a text turned, some that are new."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    read = [one for one in demo.inventory if not demo.inventory.is_embedded(one)]
    chosen = {one.key for one in draw.sample([one for one in read if one.id.startswith("/")], draw.randint(1, 6))}
    found: list[Resource] = []
    for one in read:
        if one.key not in chosen:
            found.append(one)
            continue
        body = json.loads(json.dumps(dict(one.body)))
        match draw.choice(("gone", "turned", "turned", "new")):
            case "turned":
                _turn(body.get("properties"), draw)
                found.append(_of(body, one))
            case "new":
                found += [one, _of({**body, "id": f"{one.id}x", "name": f"{body.get('name', '')}x"}, one)]
    inventory = Inventory(found, demo.inventory.coverage, demo.inventory.gaps, demo.inventory.management_groups)
    return Source(demo.manifest, inventory, demo.notices)


def _of(body: dict[str, Any], one: Resource) -> Resource:
    return Resource.from_body(body, resource_type=one.type, unread=one.unread)


def _turn(value: Any, draw: random.Random) -> None:
    """Turn one leaf of a body."""
    while isinstance(value, dict | list) and value:
        place = draw.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[place]
        if not isinstance(inner, dict | list) or not inner:
            value[place] = not inner if isinstance(inner, bool) else draw.choice((None, "Enabled", "Disabled", "*", 0))
            return
        value = inner


@pytest.mark.parametrize("seed", range(4))
def test_it_shows_what_judging_everything_shows(demo: Source, choice: api.RuleChoice, whole: Report, seed: int):
    after = changed(demo, seed)
    reach = api.reach_of(demo, after, choice)

    assert reach is not None
    earlier, later = (FactStore(world.inventory, world.manifest.finished_at) for world in (demo, after))
    later.share(earlier, reach.keeps)
    before = api.audit(demo, choice, facts=earlier, reach=reach)
    quick = api.only_new(before, api.audit(after, choice, facts=later, reach=reach))
    full = api.only_new(whole, api.audit(after, choice))

    assert quick.results == full.results
    assert api.render(quick).data == api.render(full).data


@pytest.mark.parametrize("block", ["azurerm_app_service_source_control", "azurerm_api_management_policy"])
def test_a_type_that_code_leaves_open_is_judged_everywhere(
    demo: Source, choice: api.RuleChoice, whole: Report, tmp_path: Path, block: str
):
    """Of a block that nobody mapped it is not known what it makes: what relies on its type is unknown everywhere."""
    change = {"actions": ["create"], "before": None, "after": {"name": "x"}, "after_unknown": {"id": True}}
    resource = {"address": f"{block}.x", "mode": "managed", "type": block, "name": "x", "change": change}
    (tmp_path / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [resource]}))
    after = api.foresee([tmp_path / "plan.json"], demo, scope=GROUP).source

    reach = api.reach_of(demo, after, choice)
    quick = api.only_new(api.audit(demo, choice, reach=reach), api.audit(after, choice, reach=reach))
    full = api.only_new(whole, api.audit(after, choice))

    assert full.results
    assert quick.results == full.results


def test_what_looks_at_every_type_sees_a_change_of_any(demo: Source, choice: api.RuleChoice):
    zone = next(one for one in demo.inventory if one.type_key == "microsoft.network/privatednszones")
    mark = {"$secret": {"kind": "storage-account-key", "hash": "0" * 32}}
    resources = [
        _of({**dict(one.body), "tags": {"note": mark}}, one) if one is zone else one
        for one in demo.inventory
        if not demo.inventory.is_embedded(one)
    ]
    after = Source(demo.manifest, Inventory(resources, demo.inventory.coverage, demo.inventory.gaps))

    reach = api.reach_of(demo, after, choice)
    new = api.only_new(api.audit(demo, choice, reach=reach), api.audit(after, choice, reach=reach))

    assert "tag-secret" in {result.rule.id for result in new.results}


def test_where_nothing_changes_nothing_is_judged(demo: Source, choice: api.RuleChoice):
    reach = api.reach_of(demo, changed(demo, 1), choice)
    same = api.reach_of(demo, demo, choice)

    assert same is not None
    assert reach is not None
    assert not any(same.rules_for(one, choice.rules) for one in demo.inventory)
    assert any(reach.rules_for(one, choice.rules) for one in demo.inventory)


def test_a_group_that_becomes_another_one_reaches_everything(demo: Source, choice: api.RuleChoice):
    group = next(one for one in demo.inventory if one.type_key.endswith("/resourcegroups"))
    resources = [
        _of({**dict(one.body), "tags": {"env": "other"}}, one) if one is group else one
        for one in demo.inventory
        if not demo.inventory.is_embedded(one)
    ]

    assert api.reach_of(demo, Source(demo.manifest, Inventory(resources)), choice) is None
