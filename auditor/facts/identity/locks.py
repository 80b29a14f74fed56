"""What the instances of an application are locked against."""

from __future__ import annotations

from auditor.facts.network.bodies import value
from auditor.inventory.model import Resource


def is_locked(application: Resource) -> bool:
    """Whether nobody can add credentials to the service principals of an application.

    https://learn.microsoft.com/entra/identity-platform/howto-configure-app-instance-property-locks
    """
    lock = value(application.body, "servicePrincipalLockConfiguration")
    if value(lock, "isEnabled") is not True:
        return False
    verify = value(lock, "credentialsWithUsageVerify") is True
    return value(lock, "allProperties") is True or verify
