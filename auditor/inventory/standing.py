"""Children that every object of a type has from the day on which it is created: one that is not here was not read.

Any other child may simply not exist. Their names are parts of the service's own addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor.inventory import ids
from auditor.inventory.model import Resource


@dataclass(frozen=True, slots=True)
class Standing:
    """The children of one kind that always exist."""

    names: tuple[str, ...]
    """Their names, lower-cased."""
    below: Callable[[Resource], bool] = lambda parent: True  # noqa: ARG005 - for every parent
    """Which parents have them."""


def _serves_blobs(account: Resource) -> bool:
    return _kind(account) != "filestorage"


def _serves_files(account: Resource) -> bool:
    return _kind(account) not in ("blobstorage", "blockblobstorage")


def _is_own_database(database: Resource) -> bool:
    return database.name.rpartition("/")[2].lower() != "master"


def _kind(resource: Resource) -> str:
    return str(resource.body.get("kind", "")).lower()


_CONFIGURATIONS = Standing(("web", "appsettings", "connectionstrings", "authsettingsv2", "logs"))
_PUBLISHING = Standing(("ftp", "scm"))
_CURRENT = Standing(("current",))

STANDING = {
    # https://learn.microsoft.com/rest/api/appservice/web-apps/list-configurations and its neighbours
    "microsoft.web/sites/config": _CONFIGURATIONS,
    "microsoft.web/sites/slots/config": _CONFIGURATIONS,
    # https://learn.microsoft.com/rest/api/appservice/web-apps/list-basic-publishing-credentials-policies
    "microsoft.web/sites/basicpublishingcredentialspolicies": _PUBLISHING,
    "microsoft.web/sites/slots/basicpublishingcredentialspolicies": _PUBLISHING,
    # https://learn.microsoft.com/azure/storage/common/storage-account-overview#types-of-storage-accounts
    "microsoft.storage/storageaccounts/blobservices": Standing(("default",), _serves_blobs),
    "microsoft.storage/storageaccounts/fileservices": Standing(("default",), _serves_files),
    # https://learn.microsoft.com/rest/api/sql/transparent-data-encryptions/get (not of `master`) and
    # https://learn.microsoft.com/rest/api/sql/encryption-protectors/get
    "microsoft.sql/servers/databases/transparentdataencryption": Standing(("current",), _is_own_database),
    "microsoft.sql/servers/encryptionprotector": _CURRENT,
    "microsoft.sql/managedinstances/encryptionprotector": _CURRENT,
    # Server parameters: https://learn.microsoft.com/azure/mysql/flexible-server/security-tls and
    # https://learn.microsoft.com/azure/postgresql/security/security-tls
    "microsoft.dbformysql/flexibleservers/configurations": Standing(("require_secure_transport", "tls_version")),
    "microsoft.dbforpostgresql/flexibleservers/configurations": Standing(
        ("require_secure_transport", "ssl_min_protocol_version")
    ),
}
"""By type key of the child."""


class StandingChildren:
    """Which of the children that always exist are among some resources."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Note those of `resources`, and the parents that cannot have any."""
        kinds: dict[str, list[str]] = {}
        for child in STANDING:
            kinds.setdefault(child.rpartition("/")[0], []).append(child)
        self._there: set[str] = set()
        self._with: set[tuple[str, str]] = set()
        self._without: set[tuple[str, str]] = set()
        for resource in resources:
            if resource.type_key in STANDING:
                self._there.add(resource.key)
                self._with.add((ids.parent_of(resource.key), resource.type_key))
            for child in kinds.get(resource.type_key, ()):
                if not STANDING[child].below(resource):
                    self._without.add((resource.key, child))

    def lack(self, type_key: str, scope: str) -> bool:
        """Whether one must exist and is not here: the child that `scope` names, or any of a parent's."""
        if type_key not in STANDING:
            return False
        place, kind = ids.id_key(scope), ids.type_of_id(scope).lower()
        if kind == type_key:
            return place not in self._there and (ids.parent_of(place), type_key) not in self._without
        above = (place, type_key)
        return kind == type_key.rpartition("/")[0] and above not in self._with and above not in self._without
