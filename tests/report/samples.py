"""Small real reports that the tests of all formats share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from auditor.evaluate.model import (
    Edge,
    Exemption,
    Node,
    Outcome,
    Picture,
    Report,
    Result,
    Scan,
    Subject,
    Summary,
    fingerprint,
)
from auditor.inventory import ids
from auditor.inventory.model import Gap
from auditor.rules.model import Context, DataNeeds, Evidence, Remediation, Rule, Severity

PRODUCTION = "11111111-1111-1111-1111-111111111111"
SANDBOX = "22222222-2222-2222-2222-222222222222"
TENANT = "99999999-9999-9999-9999-999999999999"
NASTY = "<script>alert(1)</script>\x1b[31m\u202e[bold]=cmd()|' /C calc'!A0"


@dataclass(frozen=True)
class Always:
    """A condition that is always true."""

    needs: DataNeeds = field(default_factory=DataNeeds)

    def evaluate(self, context: Context) -> bool:  # noqa: ARG002
        return True

    def explain(self, context: Context) -> Sequence[Evidence]:  # noqa: ARG002
        return ()


STORAGE = Rule(
    id="storage-public-network-access",
    title="Storage account accepts traffic from all networks",
    severity=Severity.HIGH,
    topic="private-link",
    resource=("Microsoft.Storage/storageAccounts",),
    fail_if=Always(),
    message="{name} is reachable from every network",
    description="Every network can reach the account's endpoints. A leaked key is then enough to read all data.",
    remediation=Remediation(
        text="Deny public network access of {name} and use a private endpoint. Clients need name resolution.",
        az="az storage account update -g {resource_group} -n {name} --public-network-access Disabled",
        bicep="properties: {\n  publicNetworkAccess: 'Disabled'\n}",
        terraform="public_network_access_enabled = false",
    ),
    references=("https://learn.microsoft.com/azure/storage/common/storage-network-security",),
    frameworks={"mcsb-v1": ("NS-2",), "nist-800-53-r5": ("SC-7", "AC-4")},
    equivalents={"azure-policy": ("b2982f36-99f2-4db5-8eff-283140c09693",)},
    source="builtin:private-link/storage-public-network-access.yaml",
)
SSH = Rule(
    id="nsg-ssh-from-internet",
    title="Network security group lets SSH in from the internet",
    severity=Severity.CRITICAL,
    topic="network",
    resource=("Microsoft.Network/networkSecurityGroups",),
    fail_if=Always(),
    description="Port 22 is tried by bots within minutes.",
    remediation=Remediation(text="Restrict the source to your own addresses, or use Azure Bastion."),
    references=("https://learn.microsoft.com/azure/bastion/bastion-overview",),
    frameworks={"mcsb-v1": ("NS-1", "NS-3")},
)
VAULT = Rule(
    id="key-vault-purge-protection",
    title="Key vault can be purged",
    severity=Severity.MEDIUM,
    topic="key-vault",
    resource=("Microsoft.KeyVault/vaults",),
    fail_if=Always(),
    description="Without purge protection a deleted key is gone for good.",
    remediation=Remediation(
        text="Turn purge protection on.", az="az keyvault update -n {name} --enable-purge-protection"
    ),
)
TAGS = Rule(
    id="identity-without-assignments",
    title="User-assigned identity is assigned to nothing",
    severity=Severity.INFO,
    topic="managed-identity",
    resource=("Microsoft.ManagedIdentity/userAssignedIdentities",),
    fail_if=Always(),
    remediation=Remediation(text="Delete the identity."),
)
RULES = (SSH, STORAGE, VAULT, TAGS)
DENIED = Gap(
    scope=f"/subscriptions/{SANDBOX}",
    type="Microsoft.KeyVault/vaults",
    operation="GET /subscriptions/{id}/providers/Microsoft.KeyVault/vaults",
    status=403,
    code="AuthorizationFailed",
    message="The client does not have authorization to perform action 'Microsoft.KeyVault/vaults/read'.",
)


def arm_id(resource_type: str, name: str, *, group: str = "rg-app", subscription: str = PRODUCTION) -> str:
    namespace, kind = resource_type.split("/")
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{kind}/{name}"


def finding(rule: Rule, name: str, *, outcome: Outcome = Outcome.FAIL, **more: Any) -> Result:
    """`rule` on a resource of its type called `name`."""
    group, subscription = more.pop("group", "rg-app"), more.pop("subscription", PRODUCTION)
    identifier = more.pop("id", None) or arm_id(rule.resource[0], name, group=group, subscription=subscription)
    subject = Subject(
        identifier,
        rule.resource[0],
        name,
        ids.subscription_of(identifier),
        ids.resource_group_of(identifier),
        "westeurope",
    )
    values: dict[str, Any] = {
        "message": rule.message.replace("{name}", name) or rule.title,
        "evidence": (Evidence("properties.publicNetworkAccess", "Enabled", "equals Disabled"),),
    }
    return Result(rule, outcome, subject, fingerprint=fingerprint(rule.id, identifier), **{**values, **more})


def replaced(rule: Rule, rule_id: str) -> Rule:
    """The same rule under another id."""
    return replace(rule, id=rule_id, title=f"{rule.title} ({rule_id})")


def report_of(
    results: Iterable[Result], *, gaps: Sequence[Gap] = (), rules: Sequence[Rule] = RULES, **scan: Any
) -> Report:
    """A report of these results, counted as the evaluator counts."""
    ordered = tuple(sorted(results, key=lambda result: result.order))
    tallies: dict[str, Counter[Outcome]] = {rule.id: Counter() for rule in rules}
    for result in ordered:
        tallies[result.rule.id][result.outcome] += 1
    fail = Counter(r.severity for r in ordered if r.outcome is Outcome.FAIL)
    total = Counter(r.outcome for r in ordered)
    values: dict[str, Any] = {
        "source": "tenant 99999999-9999-9999-9999-999999999999",
        "tenant": TENANT,
        "subscriptions": (PRODUCTION, SANDBOX),
        "started_at": datetime(2026, 11, 1, 8, 0, tzinfo=UTC),
        "finished_at": datetime(2026, 11, 1, 8, 1, tzinfo=UTC),
        "complete": not gaps,
        "resources": 120,
        "subscription_names": {PRODUCTION: "Contoso Production", SANDBOX: "Contoso Sandbox"},
        "scope": f"tenant/{TENANT}",
    }
    return Report(
        tool_version="1.2.3",
        scan=Scan(**{**values, **scan}),
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        results=ordered,
        gaps=tuple(gaps),
        summary=Summary(
            {severity: fail[severity] for severity in Severity},
            total[Outcome.PASS],
            total[Outcome.UNKNOWN],
            total[Outcome.EXEMPT],
            total[Outcome.NOT_APPLICABLE],
        ),
        tallies=tallies,
    )


def empty() -> Report:
    """Nothing was found and nothing is wrong."""
    return report_of([], subscriptions=(), subscription_names={}, resources=0)


def small() -> Report:
    """Every outcome, a gap, a folded list, names made to break out of every format, and pictures."""
    report = report_of(
        [
            finding(
                SSH,
                "nsg-web",
                group="rg-hub",
                evidence=(
                    Evidence("properties.securityRules[0].properties.sourceAddressPrefix", "*", "not in [*, Internet]"),
                    Evidence("properties.securityRules[0].properties.destinationPortRange", "22", "not equals 22"),
                ),
            ),
            *(finding(STORAGE, f"stcontoso{number:02}") for number in range(9)),
            finding(STORAGE, "stexempt", outcome=Outcome.EXEMPT, exemption=EXEMPTION),
            finding(STORAGE, "stfine", outcome=Outcome.PASS, message=STORAGE.title),
            finding(
                VAULT,
                "kv-sandbox",
                subscription=SANDBOX,
                evidence=(Evidence("properties.enablePurgeProtection", None, "equals true"),),
            ),
            finding(
                VAULT,
                "Contoso Sandbox",
                id=DENIED.scope,
                outcome=Outcome.UNKNOWN,
                message="Key vault can be purged: cannot be decided",
                evidence=(),
                gaps=(DENIED,),
            ),
            finding(
                TAGS, NASTY, message=f"{NASTY} is assigned to nothing", evidence=(Evidence("name", NASTY, "in use"),)
            ),
        ],
        gaps=[DENIED],
    )
    return replace(report, pictures=pictured())


def pictured() -> tuple[Picture, ...]:
    """A path from the internet, and a chain of keys that is broken."""
    account = arm_id("Microsoft.Storage/storageAccounts", "stcontoso00").lower()
    group = arm_id("Microsoft.Network/networkSecurityGroups", "nsg-web", group="rg-hub").lower()
    vault = arm_id("Microsoft.KeyVault/vaults", "kv-sandbox", subscription=SANDBOX).lower()
    return (
        Picture(
            "exposure",
            "From the internet",
            "Which machines the internet reaches.",
            (
                Node("internet", "Internet", "internet"),
                Node("pip-web", "pip-web", "public-ip", "203.0.113.9"),
                Node(group, "nsg-web", "security-group", severity=Severity.CRITICAL),
            ),
            (Edge("internet", "pip-web"), Edge("pip-web", group, "tcp 22, nsg-web/allow-ssh (300)")),
        ),
        Picture(
            "key-chains",
            "Customer-managed keys",
            "Which key each resource is encrypted with.",
            (
                Node(account, "stcontoso00", "storage-account", severity=Severity.HIGH),
                Node(f"{vault}/keys/data", "data", "key", "disabled"),
                Node(vault, "kv-sandbox", "key-vault", severity=Severity.MEDIUM),
            ),
            (
                Edge(account, f"{vault}/keys/data", "as itself", broken=True),
                Edge(f"{vault}/keys/data", vault, "lies in"),
            ),
        ),
    )


def large(number: int = 20_000) -> Report:
    """`number` findings as a large tenant has them: 150 rules, 40 subscriptions, evidence that differs."""
    rules = [replaced(RULES[n % 4], f"{RULES[n % 4].id}-{n:03}") for n in range(150)]
    guids = [f"{n:08x}-1111-1111-1111-111111111111" for n in range(40)]
    return report_of(
        (
            finding(
                rules[n % 150],
                f"resource-{n * 7919 % number:06}",
                group=f"rg-workload-{n % 311:03}",
                subscription=guids[n % 40],
                evidence=(
                    Evidence(f"properties.securityRules[{n % 60}].properties.sourceAddressPrefix", "*", "not in [*]"),
                    Evidence("properties.networkAcls.ipRules", [f"10.{n % 256}.{n // 256}.0/24"], "empty"),
                ),
            )
            for n in range(number)
        ),
        rules=rules,
        subscriptions=guids,
        subscription_names={guid: f"Workload {n:02}" for n, guid in enumerate(guids)},
    )


EXEMPTION = Exemption(
    reason="Public website assets",
    owner="web@contoso.example",
    expires_at=datetime(2027, 3, 1, tzinfo=UTC),
    source="exemptions.yaml:3",
    ticket="CHG-1234",
)
