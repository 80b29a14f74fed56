"""Names of private DNS zones, right and nearly right."""

from __future__ import annotations

import pytest

from auditor.facts.private_link.zone_names import fact_of


@pytest.mark.parametrize(
    ("name", "service", "resembles", "shadows"),
    [
        ("privatelink.vaultcore.azure.net", "Azure Key Vault", "", ""),
        ("privatelink.westeurope.kusto.windows.net", "Azure Data Explorer", "", ""),
        ("privatelink.vault.azure.net", "", "privatelink.vaultcore.azure.net", ""),
        ("privatelink.blob.core.windows.com", "", "privatelink.blob.core.windows.net", ""),
        ("privatelink.snowflakecomputing.com", "", "", ""),
        ("vault.azure.net", "", "", "Azure Key Vault"),
        ("corp.example", "", "", ""),
    ],
)
def test_what_a_zone_is_called(name: str, service: str, resembles: str, shadows: str):
    assert fact_of(name) == {"service": service, "resembles": resembles, "shadows": shadows}
