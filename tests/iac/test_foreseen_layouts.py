"""Code as it is found in public, each with the verdicts that are right for it and the lines where findings stand.

Half of the layouts are the kinds of code for which users of other scanners report false alarms: what decides stands in
another module, is null, comes from a variable, from a dynamic block, or is known only when it is applied.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auditor import api
from auditor.iac import declared_at
from auditor.iac.place import Place
from auditor.report.places import places
from tests.iac.layout_plans import plan_of
from tests.iac.worlds import GROUP, base_of, rules

LAYOUTS = sorted(Path(__file__).parent.joinpath("foreseen").glob("*.txt"))


def read(layout: Path, folder: Path) -> tuple[dict[str, str], list[str]]:
    """Writes the layout's files; gives its settings, and its lines of rule, resource and verdict."""
    code, _, rest = layout.read_text().replace("{group}", GROUP).partition("--- scan\n")
    settings, _, table = rest.partition("--- verdicts\n")
    for part in code.split("\n=== ")[1:]:
        name, _, text = part.partition("\n")
        path = folder / name.removesuffix(" (plan)")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(plan_of(json.loads(text))) if name.endswith("(plan)") else text)
    chosen = dict(line.split(": ", 1) for line in settings.splitlines() if line)
    return chosen, table.splitlines()


def shown(place: Place, folder: Path) -> str:
    line = (folder / place.uri).read_text().splitlines()[place.start_line - 1]
    return f"{place.uri}: {line.strip()}"


def verdicts(folder: Path, settings: dict[str, str]) -> list[str]:
    """What the layout comes to: `rule resource -> verdict`, for a finding its line and those of the module calls."""
    base = base_of(*json.loads((folder / settings["base"]).read_text())) if "base" in settings else None
    found = api.foresee(
        [folder / path for path in settings["code"].split()],
        base,
        scope=settings.get("scope", GROUP),
        repository=folder,
    )
    report = api.audit(found.source, rules(*settings["rules"].split()), keep_passed=True)
    if base and settings.get("shown") == "only new":
        report = api.only_new(api.audit(base, rules(*settings["rules"].split())), report)
    root = folder / settings.get("source", ".")
    known = found.source.inventory.by_key
    declared = {
        **found.declared,
        **declared_at(root, known.values(), base=folder, addresses=found.addresses),
    }
    tree = places(report, known, declared=declared, changed=found.changed)
    lines = []
    for result in report.results:
        where = ""
        match result.outcome.value:
            case "not-applicable":
                continue
            case "fail":
                place = tree.locations.get(result.fingerprint)
                calls = tree.calls.get(result.fingerprint, ())
                where = " " + " < ".join([shown(one, folder) if one else "nowhere" for one in (place, *calls)])
            case "unknown":
                reasons = {
                    " ".join(str(one) for one in (leaf.expected, leaf.actual) if one) for leaf in result.evidence
                }
                where = " " + " | ".join(sorted(reasons))
        lines.append(f"{result.rule.id} {result.subject.name} -> {result.outcome.value}{where}")
    return lines


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.stem)
def test_code_is_judged_and_placed(layout: Path, tmp_path: Path):
    settings, wanted = read(layout, tmp_path)

    found = verdicts(tmp_path, settings)

    assert sorted(map(spoken, found)) == sorted(map(spoken, wanted))
    for line in wanted:
        if "-> unknown " in line:  # the reason, in part
            head, _, words = line.partition("-> unknown ")
            assert any(one.startswith(head) and words in one for one in found), (line, found)


def spoken(line: str) -> str:
    return re.sub(r"-> unknown .*", "-> unknown", line)


def test_the_corpus_has_every_kind_of_code():
    texts = {layout: layout.read_text() for layout in LAYOUTS}
    kinds: dict[str, Any] = {
        "what-if": '"changeType"',
        "template": "deploymentTemplate.json",
        "compiled Bicep": '"_generator"',
        "Terraform azurerm": "azurerm_",
        "Terraform azapi": "azapi_",
    }

    assert len(LAYOUTS) >= 30
    assert all(sum(mark in text for text in texts.values()) >= 4 for mark in kinds.values())
