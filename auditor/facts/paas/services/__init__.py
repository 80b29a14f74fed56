"""The table of services: one entry for each that has a public endpoint."""

from __future__ import annotations

from auditor.facts.paas.model import Service
from auditor.facts.paas.services import apps, data, intelligence, messaging, operations

SERVICES: tuple[Service, ...] = (
    *data.SERVICES,
    *apps.SERVICES,
    *messaging.SERVICES,
    *intelligence.SERVICES,
    *operations.SERVICES,
)
