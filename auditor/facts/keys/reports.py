"""What a service itself says of its key: it holds also where the vault was not read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from auditor.facts.keys.dates import AHEAD_DAYS, day, days_until, moment
from auditor.facts.keys.links import Findings
from auditor.facts.keys.model import KeyUse
from auditor.facts.keys.places import at

_ROTATION_ERROR = "properties.autoKeyRotationError"


def check_reports(use: KeyUse, findings: Findings) -> None:
    """Add what the service says."""
    if reported := use.place.reported:
        said = at(use.named_in.body, reported.path)
        text = said.strip().lower() if isinstance(said, str) else ""
        bad = text in reported.bad if reported.bad else bool(text) and not text.startswith(reported.fine)
        if bad:
            of = f" of its {use.place.purpose}" if use.place.purpose else ""
            words = f"{use.named_in.name} reports{of}: {_last(reported.path)} is {str(said).strip().rstrip('.')}"
            findings.add("service_reports", words, reported.path)
    # Until it is mended no rotation is tried again:
    # https://learn.microsoft.com/azure/virtual-machines/disk-encryption#automatic-key-rotation-of-customer-managed-keys
    error = at(use.named_in.body, _ROTATION_ERROR)
    if isinstance(error, Mapping) and (error.get("code") or error.get("message")):
        told = ": ".join(str(error[name]).strip() for name in ("code", "message") if error.get(name))
        findings.add(
            "rotation_failed", f"{use.named_in.name} could not take a new version of its key: {told}", _ROTATION_ERROR
        )


def check_told_expiry(use: KeyUse, findings: Findings, now: datetime) -> datetime | None:
    """Add that the version in use has ended, or ends, as the service tells it; for keys that were not read."""
    ends = moment(at(use.named_in.body, use.place.expiry)) if use.place.expiry else None
    if ends is None or days_until(ends, now) >= AHEAD_DAYS:
        return ends
    if ends <= now:
        text = f"the version of the key {use.key} in {use.holder} that {use.named_in.name} uses expired on {day(ends)}"
        findings.add("key_expired", text, use.place.expiry)
    elif use.pinned:
        why = f"{use.resource.name} does not follow new versions"
        text = f"the key {use.key} in {use.holder} expires on {day(ends)}, and {why}"
        findings.ends(days_until(ends, now), text, use.place.expiry)
    return ends


def _last(path: str) -> str:
    return path.rpartition(".")[2]
