"""Which TLS versions a policy of an application gateway lets clients use.

https://learn.microsoft.com/azure/application-gateway/application-gateway-ssl-policy-overview
"""

from __future__ import annotations

from typing import Any

from auditor.facts.network.bodies import text, value

_OLD_DEFAULT = "AppGwSslPolicy20150501"
"""What gateways made with API 2023-02-01 or older use without a policy; newer ones carry theirs."""
_WEAK = frozenset(("appgwsslpolicy20150501", "appgwsslpolicy20170401"))
"""Predefined policies with TLS 1.0 or 1.1; those of the same year whose names end in S have neither."""
_OLD_VERSIONS = {"tlsv1_0": "TLS 1.0", "tlsv1_1": "TLS 1.1"}

_WEAK_SUITES = ("TLS_RSA_", "TLS_DHE_", "_3DES_", "_DSS_")
"""What stands in the names of suites without forward secrecy, with groups that clients choose, or with old ciphers."""


def weak_suites(policy: Any) -> str:
    """Which weak cipher suites a policy offers, whatever its versions; "" for none.

    Of the predefined policies only the one of 2015 has 3DES and DSS:
    https://learn.microsoft.com/powershell/module/az.network/get-azapplicationgatewaysslpredefinedpolicy
    """
    name = str(value(policy, "policyName") or "") if policy else _OLD_DEFAULT
    if name.lower() == _OLD_DEFAULT.lower():
        return f"the policy {name} offers suites with 3DES, DSS and without forward secrecy"
    chosen = [str(one) for one in value(policy, "cipherSuites") or () if any(word in str(one) for word in _WEAK_SUITES)]
    return f"its custom policy offers {', '.join(chosen)}" if chosen and not name else ""


def weak_tls(policy: Any) -> tuple[str, str]:
    """What is wrong with a policy ("" for nothing), and its name as it is shown."""
    if not policy:
        return f"no policy is set, which means {_OLD_DEFAULT}", _OLD_DEFAULT
    name = str(value(policy, "policyName") or "")
    kind = text(policy, "policyType")
    if kind in ("custom", "customv2") or (not kind and value(policy, "minProtocolVersion")):
        oldest = _OLD_VERSIONS.get(text(policy, "minProtocolVersion"), "")
        # Versions that are switched off one by one: the older way.
        off = {str(one).lower() for one in value(policy, "disabledSslProtocols") or ()}
        if oldest and not set(_OLD_VERSIONS) <= off:
            return f"its custom policy begins with {oldest}", "Custom"
        return "", "Custom"
    if name.lower() in _WEAK:
        return f"the policy {name} begins with TLS 1.0", name
    return "", name
