"""What `auditor fix plan` shows: fixes in an order that works, who depends on what they change, and what comes of them.

JSON, stable in its keys:

    {"schema_version": "1.0", "source": "demo",
     "summary": {"free": 12, "not yet": 3, "unknown": 1, "by hand": 40},
     "fixes": [{"number": 1, "standing": "not yet", "resource": {"id", "type", "name"},
                "findings": [{"rule", "severity", "title", "fingerprint"}],
                "settings": [{"resource": "/subscriptions/...", "path": "...", "before": null, "after": false}],
                "dependants": [{"who": "app-shop", "id": "/subscriptions/...", "text": "...", "first": ["az ..."]}],
                "unread": [{"scope", "type", "code", "message"}], "remarks": ["..."], "command": "az ...",
                "remedy": "..."}],
     "foreseen": {"gone": [{"rule", "severity", "resource", "fingerprint"}], "new": [...],
                  "attack_paths": {"before": 9, "after": 4, "cut": ["internet -> vm-web -> st1"]}}}
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from auditor.evaluate.model import Result
from auditor.fixes.model import Dependant, Fix, Foreseen, Plan, Setting, Standing
from auditor.inventory.model import Json, Unread
from auditor.report.answers import document, gap_json, told, why, wrapped
from auditor.report.text import count

_HEADS = {
    Standing.FREE: "Can be made now",
    Standing.NOT_YET: "Not yet: somebody depends on it",
    Standing.UNKNOWN: "Who depends on it was not read",
    Standing.BY_HAND: "A choice of yours, or more than a setting: `auditor rules show RULE` says how",
}
_NAMED = 6
_LONGEST = 60


def plan_as_json(source: str, plan: Plan) -> str:
    """The plan as JSON."""
    return document(
        {
            "schema_version": "1.0",
            "source": source,
            "summary": {standing.value: len(plan.standing(standing)) for standing in Standing},
            "fixes": [_fix_json(number, fix) for number, fix in enumerate(plan.fixes, start=1)],
            "foreseen": _foreseen_json(plan.foreseen),
        },
        _unread,
    )


def plan_as_text(plan: Plan, width: int) -> str:
    """The plan for people to read."""
    numbered = list(enumerate(plan.fixes, start=1))
    lines: list[str] = []
    for standing in Standing:
        fixes = [(number, fix) for number, fix in numbered if fix.standing is standing]
        if not fixes:
            continue
        lines += [*wrapped(f"{_HEADS[standing]} ({len(fixes):,})", width), ""]
        if standing is Standing.BY_HAND:
            lines += [*_by_hand([fix for _, fix in fixes], width), ""]
        else:
            for number, fix in fixes:
                lines += [*_fix_lines(number, fix, width), ""]
    if not lines:
        return told(["There is nothing to fix."])
    return told([*lines, *_remarks(numbered, width), *_foreseen_lines(plan, width)])


def _remarks(numbered: Sequence[tuple[int, Fix]], width: int) -> Iterator[str]:
    """What cannot be seen from here, each thing once with the fixes that it is about."""
    about: dict[str, list[int]] = defaultdict(list)
    for number, fix in numbered:
        for remark in fix.remarks if fix.standing is not Standing.BY_HAND else ():
            about[remark].append(number)
    for remark, numbers in about.items():
        shown = ", ".join(map(str, numbers))
        yield from wrapped(f"Before {shown}: {remark}.", width, "", "  ")
    if about:
        yield ""


def _fix_lines(number: int, fix: Fix, width: int) -> Iterator[str]:
    worst = f"[{fix.severity.value}] " if fix.severity else ""
    yield from wrapped(f"{number}. {worst}{fix.subject.name} ({fix.subject.type.rpartition('/')[2]})", width, "", "   ")
    for setting in fix.settings:
        yield from wrapped(f"set {setting_words(setting, fix)}", width, "   ", "     ", cut=True)
    if fix.results:
        yield from wrapped(f"mends {', '.join(dict.fromkeys(r.rule.id for r in fix.results))}", width, "   ", "     ")
    for dependant in fix.dependants[:_NAMED]:
        yield from wrapped(f"depends: {dependant.text}", width, "   ", "     ")
        for step in dependant.first:
            yield from wrapped(f"first: {step}", width, "     ", "       ")
    if len(fix.dependants) > _NAMED:
        yield f"   ... and {len(fix.dependants) - _NAMED} more who depend on it: --format json lists them."
    for gap in fix.unread[:1]:
        yield from wrapped(f"not known: {why(gap)}", width, "   ", "     ")


def setting_words(setting: Setting, fix: Fix) -> str:
    """`properties.publicNetworkAccess: "Enabled" -> "Disabled"`, with the resource where it is another one."""
    other = "" if setting.resource.lower() == fix.subject.id.lower() else f"{_tail(setting.resource, fix)}: "
    return f"{other}{setting.path}: {_value(setting.before)} -> {_value(setting.after)}"


def _tail(identifier: str, fix: Fix) -> str:
    if identifier.lower().startswith(fix.subject.id.lower() + "/"):
        return identifier[len(fix.subject.id) + 1 :]
    return identifier.rpartition("/")[2]


def _value(value: Json) -> str:
    if value is None:
        return "(not set)"
    text = json.dumps(value, ensure_ascii=False, default=lambda _: "(not read)")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _by_hand(fixes: Sequence[Fix], width: int) -> Iterator[str]:
    """One line a rule: what it is, and on what."""
    by_rule: dict[str, list[Fix]] = defaultdict(list)
    for fix in fixes:
        by_rule[fix.results[0].rule.id if fix.results else ""].append(fix)
    for rule, found in by_rule.items():
        names = [fix.subject.name for fix in found]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        severity = f"[{found[0].severity.value}] " if found[0].severity else ""
        yield from wrapped(f"{severity}{rule}: {', '.join(names[:_NAMED])}{more}", width, "", "   ", cut=True)


def _foreseen_lines(plan: Plan, width: int) -> Iterator[str]:
    foreseen = plan.foreseen
    free = len(plan.standing(Standing.FREE))
    head = "With this change" if plan.asked else f"With {count(free, 'fix')} that can be made now"
    if head.endswith("fixs that can be made now"):
        head = f"With the {free:,} fixes that can be made now"
    words = [f"{count(len(foreseen.gone), 'finding')} go away" if len(foreseen.gone) != 1 else "1 finding goes away"]
    words.append(f"{len(foreseen.new):,} come" if foreseen.new else "none comes")
    yield from wrapped(f"{head}: {', '.join(words)}.", width)
    for result in foreseen.new[:_NAMED]:
        yield from wrapped(
            f"new: [{result.severity.value}] {result.rule.id} on {result.subject.name}", width, "  ", "    "
        )
    if foreseen.paths_before:
        yield from wrapped(
            f"Attack paths from the internet: {foreseen.paths_before:,} today, {foreseen.paths_after:,} then.", width
        )
        for way in foreseen.cut[:_NAMED]:
            yield from wrapped(f"ends: {way}", width, "  ", "    ")
        if len(foreseen.cut) > _NAMED:
            yield f"  ... and {len(foreseen.cut) - _NAMED} more."
    yield from wrapped("Nothing was changed. Scripts: --format bash, powershell, bicep or terraform.", width)


def _fix_json(number: int, fix: Fix) -> Mapping[str, Json]:
    return {
        "number": number,
        "standing": fix.standing.value,
        "resource": {"id": fix.subject.id, "type": fix.subject.type, "name": fix.subject.name},
        "findings": [
            {
                "rule": result.rule.id,
                "severity": result.severity.value,
                "title": result.rule.title,
                "fingerprint": result.fingerprint,
            }
            for result in fix.results
        ],
        "settings": [
            {"resource": one.resource, "path": one.path, "before": one.before, "after": one.after}
            for one in fix.settings
        ],
        "dependants": [_dependant_json(one) for one in fix.dependants],
        "unread": [gap_json(gap) for gap in fix.unread],
        "remarks": list(fix.remarks),
        "command": fix.command,
        "remedy": fix.remediation.text.strip() if fix.remediation else "",
    }


def _dependant_json(one: Dependant) -> Mapping[str, Json]:
    return {"who": one.who, "id": one.id, "text": one.text, "first": list(one.first)}


def _foreseen_json(foreseen: Foreseen) -> Mapping[str, Json]:
    return {
        "gone": [_result_json(result) for result in foreseen.gone],
        "new": [_result_json(result) for result in foreseen.new],
        "attack_paths": {
            "before": foreseen.paths_before,
            "after": foreseen.paths_after,
            "cut": list(foreseen.cut),
        },
    }


def _result_json(result: Result) -> Mapping[str, Json]:
    return {
        "rule": result.rule.id,
        "severity": result.severity.value,
        "resource": result.subject.id,
        "fingerprint": result.fingerprint,
    }


def _unread(value: object) -> Json:
    """A part of a body that was not read is null."""
    if isinstance(value, Unread):
        return None
    raise TypeError(type(value).__name__)
