"""What keeps a key, or the version of it that a resource stays on, from being used, now or soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.facts.keys.dates import AHEAD_DAYS, day, days_until, moment
from auditor.facts.keys.holders import Holder, Holders
from auditor.facts.keys.links import OF_KEY, Findings
from auditor.facts.keys.model import KeyUse
from auditor.facts.keys.places import at, text_at
from auditor.inventory.model import Resource

_ATTRIBUTES = "properties.attributes"


@dataclass(frozen=True, slots=True)
class KeyState:
    """What a reader is told of the key itself."""

    resource: Resource | None
    label: str
    """`enabled`, `not read`, or the trouble in a few words."""
    expires: datetime | None = None


def check_key(use: KeyUse, holder: Holder, holders: Holders, findings: Findings, now: datetime) -> KeyState:
    """Add what is found of the key."""
    key = holders.key(use, holder)
    if key is None:
        if gap := holders.key_gap(use, holder):
            findings.unknown(gap, *OF_KEY)
            return KeyState(None, "not read")
        if holder.found is None:  # gone with its vault
            return KeyState(None, "gone")
        findings.add(
            "key_gone",
            f"the key {use.key} does not exist in {holder.found.name}: it was deleted, or purged",
            _path(use, use.path),
        )
        return KeyState(None, "gone")
    newest = text_at(key.body, "properties.keyUriWithVersion").rpartition("/")[2]
    if use.pinned and newest and use.version != newest:
        return _old_version(use, key, newest, holders, findings, now)
    state = _check(use, key, f"the key {key.name.rpartition('/')[2]} in {use.holder}", findings, now)
    _ending(use, key, findings, now)
    return state


def _check(use: KeyUse, key: Resource, said: str, findings: Findings, now: datetime) -> KeyState:
    words = []
    for name, path, text in _troubles(use, key, now):
        findings.add(name, f"{said} {text}", f"{key.id}:{path}")
        words.append(text.removeprefix("is "))
    return KeyState(key, ", ".join(words) or "enabled", moment(at(key.body, f"{_ATTRIBUTES}.exp")))


def _troubles(use: KeyUse, key: Resource, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Link, path and words of everything that keeps a key or a version from being used."""
    if at(key.body, f"{_ATTRIBUTES}.enabled") is False:
        yield "key_disabled", f"{_ATTRIBUTES}.enabled", "is disabled"
    ends, begins = (moment(at(key.body, f"{_ATTRIBUTES}.{name}")) for name in ("exp", "nbf"))
    if ends and ends <= now:
        yield "key_expired", f"{_ATTRIBUTES}.exp", f"expired on {day(ends)}"
    if begins and begins > now:
        yield "key_not_yet_valid", f"{_ATTRIBUTES}.nbf", f"is not valid before {day(begins)}"
    # https://learn.microsoft.com/azure/security/fundamentals/encryption-customer-managed-keys-support: RSA only.
    kind = at(key.body, "properties.kty")
    if isinstance(kind, str) and kind.upper().startswith("EC"):
        yield "key_unsuitable", "properties.kty", f"is of the kind {kind}, which wraps no other keys"
        return
    operations = at(key.body, "properties.keyOps")
    if isinstance(operations, list) and operations:
        allowed = {str(operation).lower() for operation in operations}
        missing = sorted(use.service.uses - allowed, reverse=True)
        # A cluster asks for encrypt and decrypt, or wraps, by its version.
        if missing and not {"wrapkey", "unwrapkey"} <= allowed:
            names = " and ".join(_OPERATIONS.get(name, name) for name in missing)
            yield "key_unsuitable", "properties.keyOps", f"may not be used for {names}"


_OPERATIONS = {"wrapkey": "wrapKey", "unwrapkey": "unwrapKey"}


def _old_version(
    use: KeyUse, key: Resource, newest: str, holders: Holders, findings: Findings, now: datetime
) -> KeyState:
    said = f"the version {use.version} of the key {key.name.rpartition('/')[2]} in {use.holder}"
    findings.add(
        "version_behind",
        f"{use.resource.name} stays on {said}, whose newest version is {newest}",
        _path(use, use.path),
        f"{key.id}:properties.keyUriWithVersion",
    )
    version, gap = holders.version(key, use.version)
    if version is None and gap:
        findings.unknown(gap, "version_unusable")
        return KeyState(key, "an older version is used")
    if version is None:
        findings.add("version_unusable", f"{said} does not exist any more", _path(use, use.path))
        return KeyState(key, "the version is gone")
    ends = moment(at(version.body, f"{_ATTRIBUTES}.exp"))
    for _, path, text in _troubles(use, version, now):
        findings.add(
            "version_unusable",
            f"{said} {text}, and {use.resource.name} stays on it",
            _path(use, use.path),
            f"{version.id}:{path}",
        )
        return KeyState(key, f"the version {text}", ends)
    if ends and (left := days_until(ends, now)) < AHEAD_DAYS:
        findings.ends(
            left,
            f"{said} expires on {day(ends)}, and {use.resource.name} stays on it",
            f"{version.id}:{_ATTRIBUTES}.exp",
        )
    return KeyState(key, "an older version is used", ends)


def _ending(use: KeyUse, key: Resource, findings: Findings, now: datetime) -> None:
    """A key that ends soon and is not replaced by then: nothing rotates it, or the resource does not follow."""
    ends = moment(at(key.body, f"{_ATTRIBUTES}.exp"))
    if ends is None or ends <= now or days_until(ends, now) >= AHEAD_DAYS or findings.has("key_disabled"):
        return
    if use.pinned:
        why = f"{use.resource.name} does not follow new versions"
    elif not _rotates(key):
        why = "nothing rotates it"
    else:
        return
    name = key.name.rpartition("/")[2]
    findings.ends(
        days_until(ends, now),
        f"the key {name} in {use.holder} expires on {day(ends)}, and {why}",
        f"{key.id}:{_ATTRIBUTES}.exp",
        *((_path(use, use.path),) if use.pinned else ()),
    )


def _rotates(key: Resource) -> bool:
    actions = at(key.body, "properties.rotationPolicy.lifetimeActions")
    return isinstance(actions, list) and any(text_at(action, "action.type") == "rotate" for action in actions)


def _path(use: KeyUse, path: str) -> str:
    return path if use.named_in is use.resource else f"{use.named_in.id}:{path}"
