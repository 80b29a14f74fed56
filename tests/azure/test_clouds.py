"""Clouds by name, and by a file as `az cloud show` prints it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.azure.clouds import load_cloud
from auditor.errors import ConfigError

GOOD: dict[str, Any] = {
    "name": "Stack",
    "endpoints": {
        "activeDirectory": "https://login.stack.example/adfs",
        "activeDirectoryResourceId": "https://management.stack.example/4a5b",
        "microsoftGraphResourceId": None,
        "resourceManager": "https://management.local.stack.example/",
    },
    "suffixes": {"keyvaultDns": ".vault.stack.example", "storageEndpoint": None},
}


def _write(tmp_path: Path, body: Any) -> str:
    path = tmp_path / "cloud.json"
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return str(path)


def _with(**endpoints: Any) -> dict[str, Any]:
    return {**GOOD, "endpoints": {**GOOD["endpoints"], **endpoints}}


@pytest.mark.parametrize(
    ("name", "authority", "resource_manager", "graph"),
    [
        ("public", "login.microsoftonline.com", "management.azure.com", "graph.microsoft.com"),
        ("AzureCloud", "login.microsoftonline.com", "management.azure.com", "graph.microsoft.com"),
        ("USGOV", "login.microsoftonline.us", "management.usgovcloudapi.net", "graph.microsoft.us"),
        ("china", "login.chinacloudapi.cn", "management.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
        ("AzureChinaCloud", "login.chinacloudapi.cn", "management.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_named_clouds_have_the_endpoints_of_azure_cli(
    name: str, authority: str, resource_manager: str, graph: str
) -> None:
    cloud = load_cloud(name)

    assert cloud.authority == f"https://{authority}"
    assert cloud.resource_manager == f"https://{resource_manager}"
    assert cloud.microsoft_graph == f"https://{graph}"
    assert cloud.graph_scope == f"https://{graph}/.default"
    assert not cloud.custom


def test_named_clouds_ask_for_the_audiences_that_azures_own_libraries_ask_for() -> None:
    from azure.core import AzureClouds
    from azure.mgmt.core.tools import get_arm_endpoints

    for name, setting in (
        ("public", AzureClouds.AZURE_PUBLIC_CLOUD),
        ("usgov", AzureClouds.AZURE_US_GOVERNMENT),
        ("china", AzureClouds.AZURE_CHINA_CLOUD),
    ):
        expected = get_arm_endpoints(setting)

        assert load_cloud(name).resource_manager == expected["resource_manager"].rstrip("/")
        assert [load_cloud(name).arm_scope] == expected["credential_scopes"]


def test_a_file_as_azure_cli_prints_it_is_read(tmp_path: Path) -> None:
    cloud = load_cloud(_write(tmp_path, GOOD))

    assert cloud.name == "Stack"
    assert cloud.authority == "https://login.stack.example"
    assert cloud.resource_manager == "https://management.local.stack.example"
    assert cloud.arm_scope == "https://management.stack.example/4a5b/.default"
    assert cloud.microsoft_graph == ""
    assert cloud.suffixes == {"keyvaultDns": ".vault.stack.example"}
    assert cloud.custom


def test_the_slash_at_the_end_of_an_audience_is_kept(tmp_path: Path) -> None:
    """Entra ID compares audiences as they are registered: `x/` is asked for as `x//.default`."""
    endpoints = {
        "activeDirectoryResourceId": "https://management.core.windows.net/",
        "resourceManager": "https://management.azure.com/",
    }
    cloud = load_cloud(_write(tmp_path, _with(**endpoints)))

    assert cloud.arm_scope == "https://management.core.windows.net//.default"


def test_a_file_with_the_byte_order_mark_of_powershell_is_read(tmp_path: Path) -> None:
    assert load_cloud(_write(tmp_path, "\ufeff" + json.dumps(GOOD))).name == "Stack"


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9"])
def test_plain_http_is_taken_for_this_machine(tmp_path: Path, address: str) -> None:
    assert load_cloud(_write(tmp_path, _with(resourceManager=address))).resource_manager == address


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        (
            {"resourceManager": "http://management.example"},
            "endpoints.resourceManager 'http://management.example' is not",
        ),
        ({"resourceManager": "http://127.0.0.1.example"}, "is not encrypted"),
        ({"activeDirectory": "http://10.0.0.1"}, "endpoints.activeDirectory"),
        ({"microsoftGraphResourceId": "http://graph.example"}, "endpoints.microsoftGraphResourceId"),
        ({"resourceManager": "management.example"}, "is no address"),
        ({"resourceManager": "https://user@management.example"}, "holds more than scheme, host and path"),
        ({"resourceManager": "https://[bad"}, "is no address"),
        ({"resourceManager": 5}, "endpoints.resourceManager is not text"),
        ({"resourceManager": None}, "endpoints.resourceManager is missing"),
        ({"activeDirectoryResourceId": ""}, "endpoints.activeDirectoryResourceId is missing or empty"),
        ({"activeDirectoryResourceId": "https://a b"}, "holds characters"),
    ],
)
def test_a_wrong_endpoint_is_told_with_its_key_and_what_would_be_right(
    tmp_path: Path, endpoints: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load_cloud(_write(tmp_path, _with(**endpoints)))

    (problem,) = refused.value.problems
    assert words in problem.message
    assert problem.remedy
    assert problem.file.endswith("cloud.json")


@pytest.mark.parametrize(
    "audience",
    [
        "https://management.azure.com",
        "https://MANAGEMENT.core.windows.net/",
        "https://vault.azure.net",
        "https://graph.microsoft.com",
        "https://management.core.usgovcloudapi.net",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "api://797f4846-ba00-4fd7-ba43-dac1f8f63013",
    ],
)
def test_a_token_for_a_service_of_microsoft_goes_to_no_other_host(tmp_path: Path, audience: str) -> None:
    for host in ("https://management.example", "https://management.azure.com.example", "https://azure.com"):
        with pytest.raises(ConfigError) as refused:
            load_cloud(_write(tmp_path, _with(activeDirectoryResourceId=audience, resourceManager=host)))

        assert "would be sent tokens for" in refused.value.problems[0].message

    for host in ("https://management.azure.com", "https://westeurope.management.azure.com", "https://127.0.0.1:1"):
        assert load_cloud(_write(tmp_path, _with(activeDirectoryResourceId=audience, resourceManager=host)))


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_cloud(_write(tmp_path, {"endpoints": {}, "suffixes": 3}))

    assert len(refused.value.problems) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no object `endpoints`"),
        ("[" * 100_000, ""),
        ("{}", "no object `endpoints`"),
    ],
)
def test_a_file_that_is_no_cloud_file_is_refused(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_cloud(_write(tmp_path, content))

    assert words in "; ".join([str(refused.value), *(str(p) for p in refused.value.problems)])


def test_a_name_that_is_no_cloud_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as refused:
        load_cloud("us-gov")

    assert "Did you mean usgov?" in refused.value.remedy


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_cloud(str(tmp_path))
