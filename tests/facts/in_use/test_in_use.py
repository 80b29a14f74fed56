"""What machines start, what containers may run, and what databases have: the normal form of data in use."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from auditor.facts.registry import FactStore
from auditor.inventory.coverage import Ledger, LedgerEntry, ReadState
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Resource, Unread
from tests.facts.key_worlds import make

VM = "Microsoft.Compute/virtualMachines"
POOL = "Microsoft.Batch/batchAccounts/pools"
GROUP = "Microsoft.ContainerInstance/containerGroups"
DISK = "Microsoft.Compute/disks"
BOTH = {"secureBootEnabled": True, "vTpmEnabled": True}


def fact(*bodies: dict[str, Any], **more: Any) -> Any:
    resources = [Resource.from_body(one) for one in bodies]
    return FactStore(Inventory(resources, **more)).get("in_use", resources[0])


@pytest.mark.parametrize(
    ("profile", "wanted"),
    [
        ({}, ("Standard", False, False)),
        ({"securityType": "TrustedLaunch"}, ("TrustedLaunch", False, False)),
        ({"securityType": "trustedLaunch", "uefiSettings": BOTH}, ("TrustedLaunch", True, True)),
        ({"securityType": "ConfidentialVM", "uefiSettings": {"vTpmEnabled": True}}, ("ConfidentialVM", False, True)),
        ({"securityType": "Standard", "uefiSettings": None}, ("Standard", False, False)),
    ],
)
def test_a_machine(profile: dict[str, Any], wanted: tuple[Any, ...]):
    machine = fact(make(VM, "vm", {"securityProfile": profile}))
    model = fact(
        make(
            "Microsoft.Compute/virtualMachineScaleSets",
            "set",
            {"virtualMachineProfile": {"securityProfile": profile, "x": 1}},
        )
    )

    for one in (machine, model):
        assert (one["security_type"], one["secure_boot"], one["vtpm"]) == wanted


@pytest.mark.parametrize(
    ("settings", "imds"),
    [
        (None, "Disabled"),
        ({"enabled": False, "imds": {"mode": "Enforce"}}, "Disabled"),
        ({"enabled": True}, "Enforce"),
        ({"enabled": True, "mode": "Audit"}, "Audit"),
        ({"enabled": True, "mode": "Audit", "imds": {"mode": "enforce"}}, "Enforce"),
        ({"enabled": True, "imds": {"mode": "Disabled"}}, "Disabled"),
        ({"enabled": True, "imds": {"mode": "Audit", "inVMAccessControlProfileReferenceId": "/x"}}, "Enforce"),
    ],
)
def test_the_metadata_endpoint(settings: Any, imds: str):
    assert fact(make(VM, "vm", {"securityProfile": {"proxyAgentSettings": settings}}))["metadata"]["imds"] == imds


def confidential(managed: dict[str, Any]) -> dict[str, Any]:
    return make(
        VM,
        "vm",
        {"securityProfile": {"securityType": "ConfidentialVM"}, "storageProfile": {"osDisk": {"managedDisk": managed}}},
    )


def test_the_disk_of_a_confidential_machine():
    def disk(kind: str) -> dict[str, Any]:
        return make(DISK, "os", {"securityProfile": {"securityType": kind}})

    def of(kind: str) -> Any:
        return fact(confidential({"id": disk(kind)["id"]}), disk(kind))["os_disk"]

    def said(encryption: str) -> Any:
        return fact(confidential({"securityProfile": {"securityEncryptionType": encryption}}))["os_disk"]

    assert (said("DiskWithVMGuestState"), said("VMGuestStateOnly"), said("NonPersistedTPM")) == (
        "whole",
        "state",
        "nothing",
    )
    assert of("ConfidentialVM_DiskEncryptedWithCustomerKey") == "whole"
    assert of("ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey") == "state"
    assert of("TrustedLaunch") == "nothing"
    assert of("") is None
    assert fact(confidential({}))["os_disk"] is None


def test_a_disk_that_was_not_read_leaves_it_open():
    gap = Gap("/", DISK, "GET", 403, "AuthorizationFailed")
    denied = Ledger([LedgerEntry("/", DISK, ReadState.DENIED, gap=gap)])
    there = make(DISK, "os", {})["id"]

    assert fact(confidential({"id": there}), coverage=denied)["os_disk"] == Unread(gap)


def policy(text: str) -> Any:
    encoded = base64.b64encode(text.encode()).decode()
    properties = {"sku": "Confidential", "confidentialComputeProperties": {"ccePolicy": encoded}}
    return fact(make(GROUP, "aci", properties))["policy"]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('package policy\ncreate_container := {"allowed": true}', "allows-any"),
        ('package policy\ncreate_container   :=   { "allowed" : true, "env_list": null }', "allows-any"),
        ('package policy\nexec_in_container := {"allowed": true}', "allows-any"),
        ('package policy\n# create_container := {"allowed": true}\ncreate_container := data.x.create', "enforced"),
        ('package policy\ncreate_container := {"allowed": false}', "enforced"),
        ('package policy\nmount_device := {"allowed": true}\ncreate_container := data.x.create', "enforced"),
        ("  ", "none"),
    ],
)
def test_a_policy_is_read_as_what_it_is(text: str, verdict: str):
    assert policy(text) == verdict


@pytest.mark.parametrize(
    ("properties", "verdict"),
    [
        ({"confidentialComputeProperties": {"ccePolicy": ""}}, "none"),
        ({}, "none"),
        ({"confidentialComputeProperties": {"ccePolicy": "not base64!"}}, "not-understood"),
    ],
)
def test_a_policy_that_is_none(properties: dict[str, Any], verdict: str):
    assert fact(make(GROUP, "aci", {"sku": "Confidential", **properties}))["policy"] == verdict
    assert fact(make(GROUP, "aci", {"sku": "Standard", **properties})) is None


@pytest.mark.parametrize(
    ("configuration", "os_disk", "temporary"),
    [
        ({}, False, False),
        ({"diskEncryptionConfiguration": {"targets": ["osdisk"]}}, True, False),
        ({"diskEncryptionConfiguration": {"targets": ["OsDisk", "TemporaryDisk"]}}, True, True),
        ({"securityProfile": {"encryptionAtHost": True}}, True, True),
    ],
)
def test_the_disks_of_a_batch_pool(configuration: dict[str, Any], os_disk: bool, temporary: bool):
    found = fact(make(POOL, "b/p", {"deploymentConfiguration": {"virtualMachineConfiguration": configuration}}))

    assert (found["os_disk_encrypted"], found["temporary_disk_encrypted"]) == (os_disk, temporary)


def test_the_nodes_of_a_cluster():
    pools = [
        {"name": "a", "vmSize": "Standard_DC4as_v5", "securityProfile": {"enableSecureBoot": True}},
        {"name": "b", "vmSize": "Standard_D4s_v5", "workloadRuntime": "KataVmIsolation"},
    ]
    found = fact(make("Microsoft.ContainerService/managedClusters", "aks", {"agentPoolProfiles": pools}))["pools"]

    assert [list(pool.values()) for pool in found] == [
        ["a", True, False, True, False],
        ["b", False, False, False, True],
    ]


@pytest.mark.parametrize(
    ("sku", "asked", "enclave"),
    [("GP_Gen5", "Default", "none"), ("GP_Gen5", "vbs", "VBS"), ("BC_DC", "Default", "SGX"), (None, None, "none")],
)
def test_the_enclave_of_a_database(sku: str | None, asked: str | None, enclave: str):
    body = make("Microsoft.Sql/servers/databases", "s/d", {"preferredEnclaveType": asked}, sku={"name": sku})

    assert fact(body)["enclave"] == enclave
