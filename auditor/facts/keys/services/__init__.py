"""Where each type names the customer-managed key it is encrypted with, and the identity that opens it.

Paths as in the services' REST references, https://learn.microsoft.com/rest/api/: "Get" of each type. Trusted services
are a fixed list: https://learn.microsoft.com/azure/key-vault/general/overview-vnet-service-endpoints#trusted-services
"""

from __future__ import annotations

from auditor.facts.keys.model import Service
from auditor.facts.keys.services import databases, platform, storing

SERVICES: tuple[Service, ...] = tuple(
    sorted((*databases.SERVICES, *platform.SERVICES, *storing.SERVICES), key=lambda service: service.type.lower())
)
"""Every type with a key of its own, by type."""

BY_TYPE = {service.type.lower(): service for service in SERVICES}
"""The services by type key."""
