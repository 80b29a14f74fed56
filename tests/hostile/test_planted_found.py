"""A secret that a Reader can see, wherever it was planted, is a finding; what Azure never shows has its reason here."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.cli.inside import run
from tests.hostile.planted import planted

TELL = frozenset(
    {
        "app-key-in-settings",
        "app-connection-string-key",
        "containerapp-secret-not-in-vault",
        "containerapp-key-in-environment",
        "container-instance-key-in-environment",
        "machine-extension-secret",
        "machine-run-command-secret",
        "deployment-secret-in-outputs",
        "deployment-script-secret",
        "automation-variable-plain",
        "logicapp-key-in-parameters",
        "apim-named-value-in-plain-text",
        "registry-task-secret",
        "workload-secret-in-command",
        "workflow-secret-in-steps",
        "connection-secret-shown",
        "apim-secret-shown",
        "delivery-secret-shown",
        "template-secret-shown",
        "machine-user-data-secret",
        "directory-secret-in-notes",
    }
)
"""Rules that tell of a secret in the body of what they judge."""
NOT_SHOWN = {
    # Only somebody who may list keys is given them: `Microsoft.Web/sites/config/list/action`.
    "azurestorageaccounts": "accessKey",
    "Microsoft.Web/sites": "siteConfig",  # null in what lists and queries give; its parts are the configurations
    "publishingPassword": "",
    # Set, and never given back (`x-ms-secret` in the descriptions of the services).
    "daprAIConnectionString": "",
    "volumes": "",
    "imageRegistryCredentials": "",
    "customData": "",
    "adminPassword": "osProfile",
    "protectedSettings": "",
    "sslCertificates": "",
    "sharedKey": "",
    "Microsoft.ApiManagement/service/loggers": "",
    "Microsoft.Automation/automationAccounts/webhooks": "",
    "Microsoft.ContainerRegistry/registries/webhooks": "",
    "Microsoft.KeyVault/vaults/secrets": "",
    "Microsoft.MachineLearningServices/workspaces/connections": "",
    "hint": "",  # three characters
    "endpointUrl": "",
    # No right in Azure is enough: linked services of Synapse are in its workspace.
    "Microsoft.Synapse/workspaces/linkedServices": "",
    # Kinds of topics that are read from exports alone.
    "deliveryAttributeMappings": "Microsoft.EventGrid/eventSubscriptions",
    # Nothing tells a path that is secret from another: these are addresses.
    "serviceUri": "",
    # Comments are left out of what is kept.
    "<!--": "",
}
"""Words that a body has where no Reader can see the secret, or it cannot be told; and another that it has beside it."""


def shows(body: dict[str, Any]) -> bool:
    text = json.dumps(body)
    return not any(word in text and beside in text for word, beside in NOT_SHOWN.items())


def known(number: int) -> str:
    """A secret that shows what it is, of its own for each place."""
    key = base64.b64encode(number.to_bytes(2, "big") * 32).decode()
    return f"DefaultEndpointsProtocol=https;AccountName=storders;AccountKey={key};EndpointSuffix=core.windows.net"


def places() -> list[tuple[str, dict[str, Any]]]:
    """Planted bodies of Azure's own types, with a secret that nobody takes for anything else."""
    found = []
    for number, (place, secret, body) in enumerate(planted()):
        text = json.dumps(body)
        if "Contoso" not in place and shows(body):
            told = secret if "sig=" in text or "code=" in text else known(number)
            found.append((place, json.loads(text.replace(json.dumps(secret)[1:-1], told))))
    return found


PLACES = places()
SUBSCRIPTION = {
    "id": "/subscriptions/11111111-1111-1111-1111-111111111111",
    "type": "Microsoft.Resources/subscriptions",
    "name": "sub",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Of each resource the rules that found something."""
    folder = tmp_path_factory.mktemp("found")
    tagged = [body for _, _, body in planted() if "tags" in body]
    bodies = [SUBSCRIPTION, *(body for _, body in PLACES), *tagged]
    (folder / "e.json").write_text(json.dumps(bodies))
    done = run("scan", "--from", "e.json", "--assume-complete", "-f", "json", "--fail-on", "none", cwd=folder)
    found: dict[str, set[str]] = {}
    for one in json.loads(done.stdout)["results"]:
        if one["outcome"] == "fail":
            found.setdefault(one["resource"]["id"].lower(), set()).add(one["rule"])
    return found


def test_there_are_sixty_of_them() -> None:
    assert len(PLACES) >= 60


@pytest.mark.parametrize(("place", "body"), PLACES, ids=[place for place, _ in PLACES])
def test_what_a_reader_sees_is_a_finding(told: dict[str, set[str]], place: str, body: dict[str, Any]) -> None:
    assert told.get(body["id"].lower(), set()) & TELL, place


def test_a_secret_in_a_tag_is_a_finding_of_its_subscription(told: dict[str, set[str]]) -> None:
    assert "tag-secret" in told[SUBSCRIPTION["id"]]
