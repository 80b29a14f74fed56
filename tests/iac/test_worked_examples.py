"""The worked examples of docs/infrastructure-as-code.md, over the demo tenant, give what the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import hcl2

from tests.cli.inside import run

PAGE = (Path(__file__).parents[2] / "docs/infrastructure-as-code.md").read_text(encoding="utf-8")
SUBSCRIPTION = "/subscriptions/2b6e7d21-1c8f-4d66-9e42-000000000b02"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-shop-network/providers/Microsoft.Network/networkSecurityGroups/nsg-jump-nic"


def told() -> str:
    """The finding that the page promises."""
    found = re.search(r"One finding: `([^`]+)`", PAGE)
    assert found
    return found[1]


def findings(folder: Path, name: str, code: dict[str, Any], *more: str) -> list[str]:
    (folder / name).write_text(json.dumps(code), encoding="utf-8")
    done = run("scan", "--demo", "--with", name, *more, "-f", "json", "-q", cwd=folder)
    return [one["message"] for one in json.loads(done.stdout)["results"]]


def test_bicep_through_what_if(tmp_path: Path):
    bicep = PAGE.partition("```bicep")[2].partition("```")[0]
    properties: dict[str, Any] = dict(re.findall(r"^    (\w+): '([^']*)'$", bicep, re.MULTILINE))
    properties["priority"] = int(re.findall(r"priority: (\d+)", bicep)[0])
    identifier = f"{GROUP}/securityRules/everyone"
    body = {"id": identifier, "name": "everyone", "type": "Microsoft.Network/networkSecurityGroups/securityRules"}
    change = {"resourceId": identifier, "changeType": "Create", "after": {**body, "properties": properties}}

    assert len(properties) == 8
    assert findings(tmp_path, "what-if.json", {"status": "Succeeded", "changes": [change]}) == [told()]


def test_terraform_through_a_plan(tmp_path: Path):
    (block,) = hcl2.loads(PAGE.partition("```hcl")[2].partition("```")[0])["resource"]
    ((kind, named),) = ((name.strip('"'), inner) for name, inner in block.items())
    ((name, arguments),) = ((name.strip('"'), inner) for name, inner in named.items())
    after = {key: value.strip('"') if isinstance(value, str) else value for key, value in arguments.items()}
    after = {key: value for key, value in after.items() if not key.startswith("__")}
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": {"id": True}}
    resource = {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "change": change}
    plan = {"format_version": "1.2", "resource_changes": [resource]}

    assert findings(tmp_path, "plan.json", plan, "--deploy-scope", SUBSCRIPTION) == [told()]
