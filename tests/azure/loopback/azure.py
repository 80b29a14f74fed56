"""A whole loopback Azure: what exists in it, who may read it, how it behaves, and what it was asked."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.azure.loopback import arm, entra, msgraph, resource_graph
from tests.azure.loopback.access import TENANT, Access, Denial, Principal
from tests.azure.loopback.change_records import changes_between
from tests.azure.loopback.faults import Fault, Faults, replacement, spoil
from tests.azure.loopback.ids import is_below, subscription_of, type_of
from tests.azure.loopback.record import Journal, Seen
from tests.azure.loopback.store import Store
from tests.azure.loopback.throttle import Throttle
from tests.azure.loopback.wire import Reply, Request, error_reply

ARM_AUDIENCE = "https://management.core.windows.net/"
_ARM_AUDIENCES = frozenset({"https://management.core.windows.net", "https://management.azure.com"})
_TOKEN_PATH = re.compile(r"/[^/]+/oauth2/v2\.0/token", re.IGNORECASE)


@dataclass(slots=True)
class LoopbackAzure:
    """Configuration, state and journal. Change its fields at any time; the next request meets them."""

    bodies: Iterable[Mapping[str, Any]] = ()
    """ARM bodies, each with an `id`."""
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    """GUID to display name; those of the bodies' ids are added."""
    tenant: str = TENANT
    principals: list[Principal] = field(default_factory=lambda: [Principal()])
    """The first one is the managed identity."""
    access: Access = field(default_factory=Access)
    graph: Mapping[str, Any] = field(default_factory=dict)
    """Microsoft Graph: a path such as `applications` or `servicePrincipals/<id>/appRoleAssignedTo` to its objects."""
    graph_denials: Sequence[str] = ()
    """Beginnings of Microsoft Graph paths that are refused."""
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Resource provider to its policy aliases, each with its path."""
    subscription_policy: Mapping[str, Any] | None = None
    """Whether subscriptions may leave the tenant or come into it; None where nobody set that."""
    management_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Name of each group to its members: names of groups and GUIDs of subscriptions."""
    actions: Mapping[str, Any] = field(default_factory=dict)
    """Answers to POSTs that read, by their path."""
    unregistered: Sequence[tuple[str, str]] = ()
    """Subscription GUID and namespace of providers that are not registered."""
    hidden_subscriptions: frozenset[str] = frozenset()
    """GUIDs that the list of subscriptions leaves out."""
    subscription_states: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 1000
    graph_page_size: int = 999
    arm_latency_s: float = 0.0
    query_latency_s: float = 0.0
    token_lifetime_s: int = 3600
    clock_skew_s: float = 0.0
    """How far the `Date` header is off."""
    identity_header: str = entra.IDENTITY_HEADER
    throttle: Throttle = field(default_factory=Throttle)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    revoked: set[str] = field(default_factory=set)
    """Tokens that are refused although they have not expired."""
    changes: list[Mapping[str, Any]] = field(default_factory=list)
    """The table of changes; `change` writes it."""
    store: Store = field(init=False)
    graph_paths: dict[str, Any] = field(init=False)
    graph_audiences: set[str] = field(init=False)
    page_cache: dict[Any, bytes] = field(default_factory=dict)
    query_cache: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        records = [body for body in self.bodies if str(body.get("type", "")).lower() == "microsoft.resources/changes"]
        self.changes += records
        self.store = Store([body for body in self.bodies if body not in records], self.subscriptions)
        # "id" of an object and the object's own path are matched without case.
        self.graph_paths = {path.strip("/").lower(): value for path, value in self.graph.items()}
        self.graph_audiences = {"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"}

    # --- set up

    def deny(self, scope: str = "/", kind: str = "*", principal: str = "") -> None:
        """Refuse reads of types at a scope and below with 403."""
        self.access.denials = [*self.access.denials, Denial(scope, kind, principal)]
        self.query_cache.clear()

    def plan_faults(self, *plan: Fault, seed: int = 1) -> None:
        """Replace the planned faults."""
        self.faults = Faults(plan, seed)

    def add(self, *bodies: Mapping[str, Any]) -> None:
        """Let more exist."""
        for body in bodies:
            self.store.add(body)
        self.page_cache.clear()
        self.query_cache.clear()

    def change(self, *bodies: Mapping[str, Any], at: datetime, **who: str) -> None:
        """Let bodies take the place of those with the same ids, and tell of what the table of changes tells.

        `who` are `changedBy`, `changedByType`, `clientType` and `operation`, as far as they are known.

        https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
        """
        for body in bodies:
            known = self.store.by_id.get(str(body["id"]).lower())
            self.store.replace(body)
            kind = type_of(str(body["id"])).lower()
            if resource_graph.table_of(kind) == "resources":
                changed = changes_between(known, body) if known else {}
                self._tell(str(body["id"]), "Update" if known else "Create", at, changed, who)
        self.page_cache.clear()
        self.query_cache.clear()

    def remove(self, *identifiers: str, at: datetime) -> None:
        """Let objects and what is below them exist no more."""
        for identifier in identifiers:
            self.store.remove(identifier)
            if resource_graph.table_of(type_of(identifier).lower()) == "resources":
                self._tell(identifier, "Delete", at, {}, {})
        self.page_cache.clear()
        self.query_cache.clear()

    def _tell(
        self, identifier: str, how: str, at: datetime, changes: Mapping[str, Any], who: Mapping[str, str]
    ) -> None:
        number = len(self.changes) + 1
        self.changes.append(
            {
                "id": f"{identifier}/providers/Microsoft.Resources/changes/{number:08d}",
                "name": f"{number:08d}",
                "type": "microsoft.resources/changes",
                "properties": {
                    "targetResourceId": identifier,
                    "targetResourceType": type_of(identifier).lower(),
                    "changeType": how,
                    "changeAttributes": {
                        "previousResourceSnapshotId": f"0858{number:016d}_before",
                        "newResourceSnapshotId": f"0858{number:016d}_after",
                        "correlationId": f"00000000-0000-4000-8000-{number:012d}",
                        "changesCount": len(changes),
                        "changedBy": "Unknown",
                        "changedByType": "Unknown",
                        "clientType": "Unknown",
                        "timestamp": at.isoformat(timespec="milliseconds"),
                        **who,
                    },
                    "changes": changes,
                },
            }
        )

    def cloud(self, base: str, authority: str = "") -> dict[str, Any]:
        """The cloud file of this Azure, as `az cloud show` prints it."""
        self.graph_audiences.add(base.rstrip("/"))
        return {
            "name": "Loopback",
            "isActive": True,
            "profile": "latest",
            "endpoints": {
                "activeDirectory": authority or base,
                "activeDirectoryResourceId": ARM_AUDIENCE,
                "management": ARM_AUDIENCE,
                "microsoftGraphResourceId": f"{base}/",
                "resourceManager": f"{base}/",
            },
            "suffixes": {
                "storageEndpoint": "core.windows.net",
                "keyvaultDns": ".vault.azure.net",
                "sqlServerHostname": ".database.windows.net",
                "acrLoginServerEndpoint": ".azurecr.io",
            },
        }

    # --- questions the services ask

    def application(self, application_id: str) -> Principal | None:
        """The principal with this application id."""
        return next((p for p in self.principals if p.application_id.lower() == application_id.lower()), None)

    def knows_audience(self, audience: str) -> bool:
        """Whether tokens are issued for an audience."""
        bare = audience.rstrip("/")
        return bare in _ARM_AUDIENCES or bare in self.graph_audiences

    def is_unregistered(self, subscription: str, namespace: str) -> bool:
        """Whether a provider is not registered in a subscription."""
        return any(s.lower() == subscription and n.lower() == namespace.lower() for s, n in self.unregistered)

    def is_closed(self, subscription: str, principal: str) -> bool:
        """Whether everything in a subscription is denied."""
        return any(
            denial.type == "*"
            and denial.principal in ("", principal)
            and is_below(f"/subscriptions/{subscription}", denial.scope)
            for denial in self.access.denials
        )

    # --- requests

    def respond(self, request: Request) -> Reply:
        """Answer a request and take it down in the journal."""
        fault = self.faults.choose(request)
        reply = replacement(fault, request) if fault else None
        service, write, principal = self._service(request), False, ""
        if reply is None:
            reply, principal = self._answer(request, service)
            reply = spoil(fault, request, reply) if fault else reply
        if service in ("arm", "graph"):
            write = (arm if service == "arm" else msgraph).is_write(request)
        self._finish(reply)
        self._record(request, reply, service, principal, write=write, fault=fault.kind if fault else "")
        return reply

    def inner_reply(self, request: Request, respond: Callable[[], Reply]) -> Reply:
        """A part of a batch: it meets faults of its own, and has its own line in the journal."""
        fault = self.faults.choose(request)
        reply = (replacement(fault, request) if fault else None) or respond()
        self._record(request, reply, "graph", "", write=False, fault=fault.kind if fault else "")
        return reply

    def latency_of(self, request: Request) -> float:
        """Seconds that an answer takes."""
        if request.key == arm.RESOURCE_GRAPH:
            return self.query_latency_s
        return self.arm_latency_s if self._service(request) in ("arm", "graph") else 0.0

    def _service(self, request: Request) -> str:
        key = request.key
        if key == arm.RESOURCE_GRAPH:
            return "resource graph"
        if key in ("/msi/token", "/metadata/identity/oauth2/token"):
            return "identity"
        if _TOKEN_PATH.fullmatch(key) or key.startswith("/common/discovery") or "/.well-known/" in key:
            return "entra"
        return "graph" if key.startswith(("/v1.0/", "/beta/")) else "arm"

    def _answer(self, request: Request, service: str) -> tuple[Reply, str]:
        if service == "identity":
            return (entra.managed_identity if request.key == "/msi/token" else entra.imds)(self, request), ""
        if service == "entra":
            return entra.discovery(self, request) or entra.token(self, request), ""
        audiences = frozenset(self.graph_audiences) if service == "graph" else _ARM_AUDIENCES
        principal = entra.check(self, request, audiences)
        if isinstance(principal, Reply):
            return principal, ""
        if service == "graph":
            return msgraph.answer(self, request, principal), principal.object_id
        limit = self._query_quota if service == "resource graph" else self._arm_quota
        return limit(request, principal), principal.object_id

    def _arm_quota(self, request: Request, principal: Principal) -> Reply:
        subscription = subscription_of(request.key)
        bucket = self.throttle.bucket(subscription, principal.object_id)
        left: float | None = self.throttle.arm_depth - 1
        if self.throttle.enforce_arm:
            left = bucket.take(self.throttle.clock())
        scope = "subscription" if subscription else "tenant"
        if left is None:
            seconds = max(1, math.ceil(bucket.next_in_s))
            words = (
                f"Number of 'read' requests for {scope} '{subscription or self.tenant}' actor '{principal.object_id}' "
                f"exceeded. Please try again after '{seconds}' seconds after additional tokens are available. Refer to "
                "https://aka.ms/arm-throttling for additional information."
            )
            reply = error_reply(429, "SubscriptionRequestsThrottled", words, {"Retry-After": str(seconds)})
        else:
            reply = arm.answer(self, request, principal)
        reply.headers[f"x-ms-ratelimit-remaining-{scope}-reads"] = str(int(left or 0))
        return reply

    def _query_quota(self, request: Request, principal: Principal) -> Reply:
        allowed, left, resets = True, self.throttle.query_limit - 1, self.throttle.query_window_s
        if self.throttle.enforce_queries:
            allowed, left, resets = self.throttle.window(principal.object_id).take(self.throttle.clock())
        reply = arm.answer(self, request, principal) if allowed else resource_graph.throttled(resets)
        seconds = max(0, math.ceil(resets))
        reply.headers["x-ms-user-quota-remaining"] = str(left)
        reply.headers["x-ms-user-quota-resets-after"] = f"00:00:{min(59, seconds):02d}"
        return reply

    def _finish(self, reply: Reply) -> None:
        trace = str(uuid.uuid4())
        reply.headers.setdefault("x-ms-request-id", trace)
        reply.headers.setdefault("x-ms-correlation-request-id", trace)
        reply.headers.setdefault("Cache-Control", "no-cache")
        reply.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")

    def _record(self, request: Request, reply: Reply, service: str, principal: str, *, write: bool, fault: str) -> None:
        self.journal.add(
            Seen(
                method=request.method,
                path=request.path,
                query=urlencode(sorted(request.query.items())),
                api_version=request.parameter("api-version") or "",
                service=service,
                principal=principal,
                status=0 if reply.reset_after is not None else reply.status,
                write=write,
                fault=str(fault),
            )
        )
