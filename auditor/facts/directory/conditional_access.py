"""Who gets in with what, by all Conditional Access policies of the tenant together.

A fact of the security defaults, of the authorization policy and of the policy for devices, of which a tenant has one
each:

    {"policies": 4, "enforced": 3, "password_only": ["guests (b2bCollaborationGuest)"],
     "legacy": [], "device_code": ["everybody"], "transfer": [], "administrators": [], "management": [], "portals": [],
     "guests": [], "sign_in_risk": [], "user_risk": [], "registration": [], "devices": [],
     "resistant_administrators": [], "why": ["MFA: applies to some devices only"]}

Each list names the holes: who, in which application, from where gets in without what the question asks for; `everybody`
where no policy asks. A hole that may be none, such as a group whose members were not read, makes the list unread.
`why` says of each policy why it does not guard everybody's sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.facts.directory.hole_words import Words
from auditor.facts.directory.policy_conditions import (
    ACTIVE_SYNC,
    AXES,
    DEVICE_CODE,
    GUEST_TYPES,
    LEGACY,
    MODERN,
    POLICY,
    TRANSFER,
    Good,
    Policy,
    SignIn,
    read_policy,
)
from auditor.facts.directory.sign_ins import Hole, Question, SignIns
from auditor.facts.network.bodies import value
from auditor.facts.registry import FactFamily
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Gap, Json, Unread

DEFAULTS = "microsoft.graph/identitysecuritydefaultsenforcementpolicy"
AUTHORIZATION = "microsoft.graph/authorizationpolicy"
DEVICES = "microsoft.graph/deviceregistrationpolicy"
LOCATIONS = "microsoft.graph/namedlocations"
GROUPS = "microsoft.graph/groups"
_NEEDS = frozenset((POLICY, LOCATIONS, GROUPS))

# The roles for which Microsoft asks for a second factor first:
# https://learn.microsoft.com/entra/identity/conditional-access/policy-old-require-mfa-admin
ADMINISTRATORS = (
    "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
    "c4e39bd9-1100-46d3-8c65-fb160da0071f",  # Authentication Administrator
    "b0f54661-2d74-4c50-afa3-1ec803f12efe",  # Billing Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",  # Conditional Access Administrator
    "29232cdf-9323-42fd-ade2-1d097af3e4de",  # Exchange Administrator
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",  # Helpdesk Administrator
    "966707d0-3269-4727-9be2-8c3a10f19b9d",  # Password Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",  # Privileged Authentication Administrator
    "e8611ab8-c189-46e8-94e1-60213ab1f814",  # Privileged Role Administrator
    "194ae4cb-b126-40b2-bd5b-6091b380977d",  # Security Administrator
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",  # SharePoint Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1",  # User Administrator
)
MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
"""Azure Resource Manager, the API behind the portal, the command line and all tools."""
_SECOND = frozenset(
    ("mfa", "strength", "phishing-resistant", "compliantdevice", "domainjoineddevice", "customfactor", "block")
)
_DEVICE = frozenset(("compliantdevice", "domainjoineddevice", "block"))


def _in(names: frozenset[str]) -> Good:
    return lambda control: control in names


_MORE = _in(_SECOND)
_ENOUGH = "of everybody else the policies ask enough"
_REGISTER = "urn:user:registersecurityinfo"
_JOIN = "urn:user:registerdevice"
_QUESTIONS: Mapping[str, tuple[Question, ...]] = {
    "password_only": (
        Question(SignIn(), _MORE, AXES),
        Question(SignIn(client=MODERN), _MORE, AXES),
    ),
    # A guest signs in where he is at home, with the old protocols too.
    "legacy": (
        Question(SignIn(client=ACTIVE_SYNC), _MORE, AXES, guests=False),
        Question(SignIn(client=LEGACY), _MORE, AXES, guests=False),
    ),
    # Whoever asks for the code has no device to show; a second factor is what the victim gives.
    "device_code": (Question(SignIn(client=MODERN, flow=DEVICE_CODE), _in(_DEVICE)),),
    "transfer": (Question(SignIn(client=MODERN, flow=TRANSFER), _in(_DEVICE)),),
    "administrators": tuple(Question(SignIn(user=f"role:{role}"), _MORE, ("app", "place")) for role in ADMINISTRATORS),
    "resistant_administrators": tuple(
        Question(SignIn(user=f"role:{role}"), _in(frozenset(("phishing-resistant", "block"))))
        for role in ADMINISTRATORS
    ),
    "management": (Question(SignIn(app=MANAGEMENT), _MORE, ("user", "place")),),
    "portals": (Question(SignIn(app="microsoftadminportals"), _MORE, ("user", "place")),),
    "guests": tuple(Question(SignIn(user=f"guest:{kind.lower()}"), _MORE, ("app",)) for kind in GUEST_TYPES),
    "registration": (Question(SignIn(action=_REGISTER), _MORE),),
    "devices": (Question(SignIn(action=_JOIN), _MORE),),
    # A second factor that was given long ago meets every other policy; only one that names the risk asks again.
    "sign_in_risk": (Question(SignIn(risk="signin:high"), _MORE),),
    "user_risk": (Question(SignIn(risk="user:high"), _in(_SECOND | {"passwordchange", "riskremediation"})),),
}


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each of these policies."""
    owners = [owner for kind in (DEFAULTS, AUTHORIZATION, DEVICES) for owner in inventory.of_type(kind)]
    if not owners:
        return {}
    if gap := inventory.gap(POLICY, None):
        return dict.fromkeys((owner.key for owner in owners), Unread(gap))
    trusted = frozenset(one.key for one in inventory.of_type(LOCATIONS) if value(one.body, "isTrusted") is True)
    policies = [read_policy(policy, trusted) for policy in inventory.of_type(POLICY)]
    fact = _fact(policies, Words(inventory))
    return {owner.key: fact for owner in owners}


def _fact(policies: Sequence[Policy], words: Words) -> Json:
    found: dict[str, Json] = {
        "policies": len(policies),
        "enforced": sum(policy.enabled for policy in policies),
        "why": [f"{policy.name}: {reason}" for policy in policies if (reason := _why(policy, words))]
        or [_ENOUGH if policies else "there is no Conditional Access policy"],
    }
    sign_ins = SignIns(policies)
    for name, questions in _QUESTIONS.items():
        found[name] = _told(policies, sign_ins, questions, words)
    return found


def _told(
    policies: Sequence[Policy], sign_ins: SignIns, questions: Sequence[Question], words: Words
) -> list[str] | Unread:
    told: list[str] = []
    unsure: Gap | None = None
    for question in questions:
        # Where the question is about a role or a kind of guests, that belongs to the hole.
        own = {"user": question.base.user} if question.base.user != SignIn().user else {}
        for hole in sign_ins.holes(question):
            judged = words.judged(Hole({**own, **hole.values}), policies, question)
            if isinstance(judged, Gap):
                unsure = unsure or judged
            elif judged:
                told.append(judged)
    told = list(dict.fromkeys(words.joined(told)))
    return Unread(unsure) if unsure and not told else told


def _why(policy: Policy, words: Words) -> str:
    """Why a policy does not guard everybody's sign-in."""
    if not policy.enabled:
        return "is on trial and asks nothing" if "report" in policy.state else "is off"
    if reason := policy.misses(SignIn()):
        return reason
    if not policy.controls:
        return "asks for no control"
    return "" if policy.asks(_MORE) else f"asks for {words.controls(policy)}"


FAMILY = FactFamily(
    name="conditional_access",
    types=frozenset((DEFAULTS, AUTHORIZATION, DEVICES)),
    needs=_NEEDS | {DEFAULTS, AUTHORIZATION, DEVICES},
    compute=compute,
    needs_by_type={kind: _NEEDS | {kind} for kind in (DEFAULTS, AUTHORIZATION, DEVICES)},
)
