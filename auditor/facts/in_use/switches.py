"""The properties that say how data is protected while it is processed, and what they mean where they are left out."""

from __future__ import annotations

from dataclasses import dataclass

_LEARN = "https://learn.microsoft.com/azure/"
_REST = "https://learn.microsoft.com/rest/api/"
_VM = f"{_REST}compute/virtual-machines/get"


@dataclass(frozen=True, slots=True)
class Switch:
    """One property."""

    service: str
    path: str
    default: str
    """What it means where it is left out."""
    source: str


SWITCHES: tuple[Switch, ...] = (
    Switch(
        "Machines, scale sets, Batch pools",
        "securityProfile.securityType",
        "Standard",
        f"{_LEARN}virtual-machines/trusted-launch",
    ),
    Switch(
        "Machines, scale sets, Batch pools",
        "securityProfile.uefiSettings.secureBootEnabled",
        "false, whatever the type",
        f"{_VM}#uefisettings",
    ),
    Switch(
        "Machines, scale sets, Batch pools",
        "securityProfile.uefiSettings.vTpmEnabled",
        "false, whatever the type",
        f"{_VM}#uefisettings",
    ),
    Switch(
        "Confidential machines and scale sets",
        "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType",
        "as the disk's own `securityProfile.securityType` says",
        f"{_VM}#securityencryptiontypes",
    ),
    Switch(
        "Machines, scale sets",
        "securityProfile.proxyAgentSettings.enabled",
        "false: every process reaches the metadata endpoint",
        f"{_VM}#proxyagentsettings",
    ),
    Switch(
        "Machines, scale sets",
        "securityProfile.proxyAgentSettings.imds.mode",
        "the mode of both endpoints, Enforce",
        f"{_VM}#proxyagentsettings",
    ),
    Switch(
        "Batch pools",
        "virtualMachineConfiguration.diskEncryptionConfiguration.targets",
        "no disk, unless encryption at host is on",
        f"{_LEARN}batch/disk-encryption",
    ),
    Switch(
        "Kubernetes node pools",
        "securityProfile.enableSecureBoot, .enableVTPM",
        "false",
        f"{_LEARN}aks/use-trusted-launch",
    ),
    Switch(
        "Confidential container groups",
        "confidentialComputeProperties.ccePolicy",
        "any code may run",
        f"{_LEARN}container-instances/container-instances-confidential-overview",
    ),
    Switch(
        "SQL databases and elastic pools",
        "properties.preferredEnclaveType",
        "no enclave, but on DC-series hardware",
        f"{_LEARN}azure-sql/database/always-encrypted-enclaves-plan",
    ),
    Switch("Confidential Ledger", "properties.ledgerType", "not told", f"{_LEARN}confidential-ledger/overview"),
    Switch(
        "Attestation providers",
        "properties.tpmAttestationAuthentication",
        "Enabled",
        f"{_LEARN}attestation/tpm-attestation-concepts",
    ),
    Switch("Attestation providers", "properties.trustModel", "not told", f"{_LEARN}attestation/basic-concepts"),
)
"""As the rules judge them."""
