"""Federated credentials of identities and applications: whom they trust, and what the trusted side may do then.

    {"provider": "GitHub", "width": "pull requests", "wide": true, "dead": false,
     "trusted": "pull requests of contoso/shop", "issuer": "https://...", "subject": "repo:...",
     "audiences": ["api://AzureADTokenExchange"], "flexible": false, "holder": "id-deploy",
     "power": "owner", "gives_access": true, "administers": ["Owner at the subscription 1111..."],
     "audience": true, "default_account": false, "foreign_tenant": false, "foreign_cluster": false, "encrypted": true,
     "decided_by": ["properties.subject"]}

`width` is one of `auditor.facts.identity.subjects.Width`, `power` the strongest of the holder's roles at subscriptions
and above, `administers` names all its administrators' roles. A credential that came without a subject and without an
expression was read by a version of the API that leaves the expression out: whom it trusts is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from auditor.facts.identity.access import NEEDS, Access, Grant
from auditor.facts.identity.assignments import ASSIGNMENT
from auditor.facts.identity.powers import Power, power_of
from auditor.facts.identity.principals import SERVICE_PRINCIPALS, USER_ASSIGNED
from auditor.facts.identity.subjects import Provider, Trust, provider_of, trust_of
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Resource, Unread

OF_IDENTITY = "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials"
OF_APPLICATION = "microsoft.graph/applications/federatedidentitycredentials"
APPLICATIONS = "microsoft.graph/applications"
ORGANIZATION = "microsoft.graph/organization"
CLUSTERS = "microsoft.containerservice/managedclusters"
_ORDER = (Power.OWNER, Power.ACCESS, Power.CONTRIBUTOR, Power.NONE)
_AUDIENCE = "api://azureadtokenexchange"


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each credential."""
    worker = _Worker(inventory)
    return {
        resource.key: worker.value(resource)
        for kind in (OF_IDENTITY, OF_APPLICATION)
        for resource in inventory.of_type(kind)
    }


def properties_of(resource: Resource) -> Mapping[str, Json]:
    """What a credential says: in `properties` of Azure's, in the body itself of Microsoft Graph's."""
    inner = resource.body.get("properties")
    return inner if isinstance(inner, Mapping) else resource.body


def trust(resource: Resource) -> Trust | None:
    """Whom a credential trusts; None where that was not read."""
    body = properties_of(resource)
    expression = body.get("claimsMatchingExpression")
    value = expression.get("value") if isinstance(expression, Mapping) else None
    subject = body.get("subject")
    return trust_of(
        str(body.get("issuer") or ""),
        subject if isinstance(subject, str) else None,
        value if isinstance(value, str) else None,
    )


def holder_of(resource: Resource, access: Access) -> tuple[Resource | None, str]:
    """The identity or application that a credential is of, and the object id that acts with it, "" if not read."""
    if resource.type_key == OF_IDENTITY:
        identity = access.inventory.get(ids.parent_of(resource.id))
        inner = identity.body.get("properties") if identity else None
        found = inner.get("principalId") if isinstance(inner, Mapping) else None
        return identity, found.lower() if isinstance(found, str) else ""
    application = access.inventory.get(str(resource.body.get("applicationObjectId") or ""))
    if application is None:
        return None, ""
    return application, access.principals.of_application(str(application.body.get("appId") or ""))


class _Worker:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._access = Access.of(inventory)
        self._issuers = {
            issuer: cluster.name for cluster in inventory.of_type(CLUSTERS) if (issuer := _issuer(cluster))
        }
        organizations = inventory.of_type(ORGANIZATION)
        self._tenant = organizations[0].key if organizations else ""

    def value(self, resource: Resource) -> Json:
        body = properties_of(resource)
        found = trust(resource)
        unread = Unread(_gap(resource))
        holder, principal = holder_of(resource, self._access)
        powers = list(self._powers(resource, principal))
        known = [power for power, _ in powers if power is not None]
        wide = [p for p, grant in powers if p is not None and isinstance(grant, Grant) and grant.assignment.kind.wide]
        subject = str(body.get("subject") or "")
        in_properties = body is not resource.body
        return {
            "provider": (found.provider if found else provider_of(str(body.get("issuer") or ""), subject)).value,
            "width": found.width.value if found else unread,
            "wide": found.width.wide if found else unread,
            "dead": found.width.value == "nothing" if found else unread,
            "trusted": found.text if found else unread,
            "issuer": str(body.get("issuer") or ""),
            "subject": subject,
            "audiences": body.get("audiences") or [],
            "flexible": not subject,
            "holder": holder.display_name if holder else "",
            "power": min(wide, key=_ORDER.index, default=Power.NONE).value,
            "gives_access": self._gives(known, powers),
            "administers": [g.text if isinstance(g, Grant) else g for p, g in powers if p is None or p.administers],
            "audience": _audience(body),
            "default_account": _default_account(subject),
            "foreign_tenant": self._foreign_tenant(body, holder),
            "foreign_cluster": self._foreign_cluster(body),
            "encrypted": str(body.get("issuer") or "").lower().startswith("https://"),
            "decided_by": [
                ("properties." if in_properties else "") + ("subject" if subject else "claimsMatchingExpression.value")
            ],
        }

    def _powers(self, resource: Resource, principal: str) -> Iterator[tuple[Power | None, Grant | Unread]]:
        """Roles that administer; None as the power of what is not known."""
        if not principal:
            kind = USER_ASSIGNED if resource.type_key == OF_IDENTITY else SERVICE_PRINCIPALS
            if gap := self._inventory.gap(kind, None):
                yield None, Unread(gap)
            return
        for grant in self._access.held_by(principal):
            power = power_of(grant.assignment, self._access)
            if power is None:
                yield None, Unread(self._access.unclear(grant.assignment))
            elif power.administers:
                yield power, grant
        if gap := self._inventory.gap(ASSIGNMENT, None):
            yield None, Unread(gap)

    def _gives(self, known: list[Power], powers: list[tuple[Power | None, Grant | Unread]]) -> Json:
        if Power.OWNER in known or Power.ACCESS in known:
            return True
        return next((grant for power, grant in powers if power is None), False)

    def _foreign_tenant(self, body: Mapping[str, Json], holder: Resource | None) -> Json:
        issuer = str(body.get("issuer") or "").lower()
        if provider_of(issuer, "") is not Provider.ENTRA:
            return False
        inner = holder.body.get("properties") if holder else None
        tenant = str(inner.get("tenantId") or "").lower() if isinstance(inner, Mapping) else ""
        tenant = tenant or self._tenant
        if not tenant:
            gap = self._inventory.gap(ORGANIZATION, None)
            return Unread(gap) if gap else False
        return tenant not in issuer

    def _foreign_cluster(self, body: Mapping[str, Json]) -> Json:
        """Whether an AKS cluster issues the tokens that is none of those that were read."""
        issuer = str(body.get("issuer") or "").lower().rstrip("/")
        if not (urlsplit(issuer).hostname or "").endswith(".oic.prod-aks.azure.com") or issuer in self._issuers:
            return False
        gap = self._inventory.gap(CLUSTERS, None)
        return Unread(gap) if gap else True


def _issuer(cluster: Resource) -> str:
    inner = cluster.body.get("properties")
    profile = inner.get("oidcIssuerProfile") if isinstance(inner, Mapping) else None
    issuer = profile.get("issuerURL") if isinstance(profile, Mapping) else None
    return issuer.lower().rstrip("/") if isinstance(issuer, str) else ""


def _audience(body: Mapping[str, Json]) -> bool:
    """Whether it takes only tokens that are made for the exchange; the sovereign clouds add a name to it.

    https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
    """
    audiences = body.get("audiences")
    return all(str(one).lower().startswith(_AUDIENCE) for one in audiences) if isinstance(audiences, list) else True


def _default_account(subject: str) -> bool:
    """Whether it trusts pods that name no service account, or the system's own."""
    parts = subject.split(":")
    return (
        subject.startswith("system:serviceaccount:")
        and len(parts) == 4
        and (parts[3] == "default" or parts[2] == "kube-system")
    )


def _gap(resource: Resource) -> Gap:
    words = "neither a subject nor a claimsMatchingExpression came; ask with a version that has the expression"
    return Gap(resource.id, resource.type, "", None, "NotAsked", words)


FAMILY = FactFamily(
    name="federation",
    types=frozenset({OF_IDENTITY, OF_APPLICATION}),
    needs=NEEDS | {OF_IDENTITY, OF_APPLICATION, USER_ASSIGNED, APPLICATIONS, ORGANIZATION, CLUSTERS},
    compute=compute,
    needs_by_type={OF_IDENTITY: NEEDS | {OF_IDENTITY, USER_ASSIGNED, CLUSTERS}},
    grounds={
        "wide": "one protected branch or environment",
        "width": "one protected branch or environment",
        "dead": "a subject without wildcards, or an expression",
        "gives_access": "one protected branch or environment, and a narrower role",
    },
)
