"""Hostile inputs that describe a tenant: bodies, exports, snapshots, rows, reports, and what is made of them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from auditor.api import audit, draw, plan_fixes, render, what_if
from auditor.evaluate.baseline import load_baseline
from auditor.evaluate.property_diff import property_changes
from auditor.facts.registry import FactStore
from auditor.report.fix_answer import plan_as_json, plan_as_text
from auditor.report.fix_scripts import as_bash, as_bicep, as_powershell, as_terraform
from auditor.rules.model import Change
from auditor.snapshot.opening import open_source
from auditor.snapshot.query import views_of
from auditor.snapshot.source import Source
from auditor.snapshot.store import Snapshot
from auditor.snapshot.tables import TABLES, rows_of, snapshot_of
from tests.azure.shapes.make import made
from tests.azure.shapes.schema import published
from tests.hostile.mutations import JUNK, Dice, as_json, members_spoilt, spoilt, torn
from tests.hostile.seeds import bodies, reports, rules, snapshot_bytes
from tests.hostile.tally import Tally


def _audited(path: Path, tally: Tally) -> None:
    source = open_source(path)
    facts = FactStore(source.inventory)
    report = draw(audit(source, rules(), facts=facts), source, facts)
    for notice in (*source.notices, *report.notices):
        if " in " in notice and notice.endswith(")"):
            tally.held[notice.rpartition("(")[2].rstrip(")")] += 1
    for output_format in ("json", "sarif", "html", "csv", "markdown", "junit", "ocsf", "table"):
        render(report, output_format)


def export(dice: Dice, folder: Path, tally: Tally) -> None:
    chosen = dice.sample(bodies(), 12)
    share = dice.choice((0.02, 0.1, 0.3))
    made = [{key: spoilt(inner, dice, share) for key, inner in body.items()} for body in chosen]
    for body, real in zip(made, chosen, strict=True):
        if dice.random() < 0.9:
            body["id"], body["type"] = real["id"], real.get("type")
    path = folder / "export.json"
    path.write_bytes(as_json(made))
    _audited(path, tally)


def published_bodies(dice: Dice, folder: Path, tally: Tally) -> None:
    """A small tenant of bodies that have every property their types are published with, as they are or spoilt."""
    kinds = dice.sample(sorted(published()), 16)
    chosen = [made(kind, dice, dice.choice(("made", "other"))) for kind in kinds]
    tally.types.update(kinds)
    share = dice.choice((0, 0, 0.02, 0.1, 0.3))
    spoilt_ones = [{**members_spoilt(body, dice, share), "id": body["id"], "type": body["type"]} for body in chosen]
    path = folder / "export.json"
    path.write_bytes(as_json(spoilt_ones))
    _audited(path, tally)


def torn_export(dice: Dice, folder: Path, tally: Tally) -> None:
    path = folder / dice.choice(("export.json", "export.jsonl"))
    chosen = dice.sample(bodies(), 6)
    data = b"\n".join(map(as_json, chosen)) if path.suffix == ".jsonl" else as_json({"value": chosen})
    path.write_bytes(torn(data, dice))
    _audited(path, tally)


def snapshot(dice: Dice, folder: Path, tally: Tally) -> None:
    path = folder / "tenant.db"
    data = bytearray(snapshot_bytes())
    for _ in range(dice.choice((1, 5, 50))):
        data[dice.randrange(len(data))] = dice.randrange(256)
    path.write_bytes(bytes(data[: dice.randrange(len(data))]) if dice.random() < 0.2 else bytes(data))
    views_of(path)
    _audited(path, tally)


def baseline(dice: Dice, folder: Path, _tally: Tally) -> None:
    path = folder / "baseline.json"
    data = dice.choice(reports())
    changed = torn(data, dice) if dice.random() < 0.4 else as_json(spoilt(json.loads(data), dice, 0.01))
    path.write_bytes(changed)
    load_baseline(path)


def comparison(dice: Dice, folder: Path, _tally: Tally) -> None:
    """A report that somebody changed against the same one, and resources of two exports."""
    from auditor.cli.diff import _of_reports

    plain = json.loads(reports()[0])
    _of_reports([plain, members_spoilt(plain, dice, 0.0005)], folder / "a.json", folder / "b.json")
    paths = (folder / "old.json", folder / "new.json")
    chosen = dice.sample(bodies(), 6)
    for path in paths:
        path.write_bytes(as_json([{**members_spoilt(body, dice, 0.05), "id": body["id"]} for body in chosen]))
    list(property_changes(*(open_source(path).inventory for path in paths)))


def fixes(dice: Dice, folder: Path, _tally: Tally) -> None:
    """A plan of fixes over spoilt bodies, in every form."""
    chosen = dice.sample(bodies(), 14)
    made = [{**members_spoilt(body, dice, 0.08), "id": body["id"], "type": body.get("type")} for body in chosen]
    path = folder / "export.json"
    path.write_bytes(as_json(made))
    source = open_source(path, assume_complete=dice.random() < 0.5)
    plan = plan_fixes(source, rules()[:: dice.choice((3, 5, 7))])
    for answer in (as_bash, as_powershell, as_bicep, as_terraform):
        answer(plan)
    plan_as_json("x", plan)
    plan_as_text(plan, 80)
    target = dice.choice(list(source.inventory)) if len(source.inventory) else None
    if target is not None:
        change = Change("properties.publicNetworkAccess", dice.choice(JUNK))
        plan_as_json("x", what_if(source, {target.id: [change]}, rules()[:40]))


def rows(dice: Dice, _folder: Path, _tally: Tally) -> None:
    """The rows of a snapshot, as another engine may give them back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tenant.db"
        path.write_bytes(snapshot_bytes())
        with Snapshot.open(path) as snapshot:
            rows = {table: [list(row) for row in rows_of(snapshot, table)] for table in TABLES}
    for _ in range(dice.choice((1, 4, 20))):
        table = dice.choice(list(rows))
        if rows[table]:
            row = dice.choice(rows[table])
            junk = (None, "", "x", "{", "[]", "null", "\ud800", "9" * 400, '{"a": 1}', "1", "complete")
            row[dice.randrange(len(row))] = dice.choice(junk)
    if dice.random() < 0.2:
        rows[dice.choice(list(rows))] = []
    with snapshot_of(rows, "rows") as made:
        audit(Source(made.manifest, made.inventory()), rules()[:60])
