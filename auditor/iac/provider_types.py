"""ARM types of everything that the `azurerm` provider makes, from the ids in its documents' "Import" sections.

https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs, versions 3.117, 4.81 and 5.2. A block that only
sets a part of another resource has that one's type.
"""

from __future__ import annotations

from functools import cache
from importlib import resources


def provider_type(block: str) -> str:
    """The ARM type of a block's resource, `azurerm_dns_zone`; "" where it has none that is known."""
    return _table().get(block.removeprefix("azurerm_"), "")


@cache
def _table() -> dict[str, str]:
    text = resources.files("auditor.iac").joinpath("provider_types.txt").read_text(encoding="utf-8")
    return dict(line.split(" ") for line in text.splitlines())
