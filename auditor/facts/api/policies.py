"""What stands in each policy of API Management, whatever else applies beside it.

A fact of a policy, and of a fragment:

    {"tokens": [{"policy": "validate-jwt", "flaws": ["any-audience"]}],
     "certificates": [{"policy": "validate-client-certificate", "flaws": []}],
     "backend": ["authentication-basic"], "hosts": ["http://old.example"], "origins": ["*"], "credentials": false,
     "looks_at_certificates": true, "keeps_base": true, "place": "the policy of the API orders"}

`backend` are the policies by which the gateway signs in to a backend. `origins` are those that `cors` lets in,
`credentials` whether with cookies and tokens. `looks_at_certificates` says that a policy or an expression looks at the
caller's certificate. `keeps_base` says that the inbound section puts broader policies in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from auditor.facts.api.checks import Check, Kind, check_of
from auditor.facts.api.documents import FRAGMENTS, HOLDERS, NAMED_VALUES, POLICIES, Documents
from auditor.facts.api.flow import Document, elements_of
from auditor.facts.api.policy_text import plain
from auditor.facts.registry import FactFamily
from auditor.inventory import ids
from auditor.inventory.inventory import Inventory
from auditor.inventory.model import Json, Unread

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SIGNS_IN = ("authentication-basic", "authentication-certificate", "authentication-managed-identity")


def compute(inventory: Inventory) -> Mapping[str, Json | Unread]:
    """The family's values by the key of each policy and fragment."""
    documents = Documents(inventory)
    found: dict[str, Json | Unread] = {}
    for kind in (*POLICIES, *FRAGMENTS):
        for policy in inventory.of_type(kind):
            document = documents.own(policy)
            holder = documents.above(ids.parent_of(policy.key))[0]
            named = documents.library(holder).named
            found[policy.key] = Unread(document.gap) if document.gap else _fact(document, named)
    return found


def _fact(document: Document, named: Mapping[str, str]) -> Json:
    elements = list(elements_of(document))
    checks = [check for element in elements if (check := check_of(element, document.place, named))]
    cors = [element for element in elements if element.tag == "cors"]
    return {
        "tokens": _told(check for check in checks if check.kind is Kind.TOKEN),
        "certificates": _told(check for check in checks if check.kind is Kind.CERTIFICATE),
        "backend": [element.tag for element in elements if element.tag in _SIGNS_IN],
        "hosts": [url for element in elements if (url := plain(element.get("base-url")))],
        "origins": sorted({plain(one.text) for policy in cors for one in policy.iter("origin")}),
        "credentials": any(plain(policy.get("allow-credentials")).lower() == "true" for policy in cors),
        "looks_at_certificates": any(map(_looks_at_certificate, elements)),
        "keeps_base": document.has_base,
        "place": document.place,
    }


def _looks_at_certificate(element: Element) -> bool:
    texts = (element.text or "", *element.attrib.values())
    return element.tag == "validate-client-certificate" or any("context.Request.Certificate" in text for text in texts)


def _told(checks: Iterable[Check]) -> list[Json]:
    return [{"policy": check.policy, "flaws": sorted(check.flaws)} for check in checks]


def _types() -> Iterator[str]:
    yield from POLICIES
    yield from FRAGMENTS


FAMILY = FactFamily(
    name="api_policy",
    types=frozenset(_types()),
    needs=frozenset((*HOLDERS, *_types(), *NAMED_VALUES)),
    compute=compute,
    needs_by_type={kind: frozenset((kind, *NAMED_VALUES)) for kind in _types()},
)
