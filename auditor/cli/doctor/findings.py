"""What `auditor doctor` found, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli.terminal.messages import plain

if TYPE_CHECKING:
    from auditor.azure.checkup import Access, Connection
    from auditor.azure.clouds import Cloud
    from auditor.azure.session import Session
    from auditor.errors import AuditorError

_SKEW_LIMIT_S = 60
"""Entra ID allows five minutes; a clock that is a minute off is on its way there."""
_SHOWN_TYPES = 6


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was looked at."""

    cloud: Cloud
    connections: tuple[Connection, ...]
    trusted: tuple[tuple[str, Path], ...]
    """The variables and files that name the trusted certificate authorities; none for the system's own."""
    session: Session | None
    """None where sign-in failed."""
    access: Access | None
    """None where nothing could be read."""
    failure: AuditorError | None = None
    """Why it ended early."""

    @property
    def commands(self) -> tuple[str, ...]:
        """What grants all that is missing, each command once."""
        return tuple(dict.fromkeys(_commands(self)))

    @property
    def healthy(self) -> bool:
        """Whether a scan would be complete."""
        if not self.access or any(connection.trouble for connection in self.connections):
            return False
        return (
            self.access.complete and bool(self.access.subscriptions) and abs(self.access.clock_skew_s) < _SKEW_LIMIT_S
        )


def _commands(findings: Findings) -> Iterator[str]:
    from auditor.azure.grants import directory_command, role_command, role_commands

    if not findings.session or not findings.access:
        return
    principal = findings.session.principal
    if not findings.access.subscriptions:
        yield role_command(principal, "Reader", "/subscriptions/<subscription id>")
    for subscription in findings.access.subscriptions:
        for missing in sorted(subscription.missing, key=lambda missing: (missing.role, missing.permission)):
            yield from role_commands(principal, missing.permission, missing.role, f"/subscriptions/{subscription.guid}")
    for read in findings.access.directory:
        if read.trouble.startswith(("Authorization_RequestDenied", "AccessDenied", "Forbidden")):
            yield directory_command(principal, read.permission, findings.cloud)


def as_json(findings: Findings) -> str:
    """The findings as a JSON document, stable in its keys."""
    access = findings.access
    document = {
        "schema_version": "1.0",
        "healthy": findings.healthy,
        "cloud": {
            "name": findings.cloud.name,
            "authority": findings.cloud.authority,
            "resource_manager": findings.cloud.resource_manager,
            "microsoft_graph": findings.cloud.microsoft_graph or None,
        },
        "connections": [
            {
                "service": c.service,
                "url": c.url,
                "proxy": c.proxy or None,
                "reachable": not c.trouble,
                "problem": c.trouble or None,
                "remedy": c.remedy or None,
            }
            for c in findings.connections
        ],
        "certificate_authorities": [{"variable": name, "path": str(path)} for name, path in findings.trusted],
        "identity": _identity(findings.session) if findings.session else None,
        "clock_skew_s": access.clock_skew_s if access else None,
        "subscriptions": [
            {
                "id": s.guid,
                "name": s.name,
                "complete": not s.missing and not s.trouble,
                "problem": s.trouble or None,
                "missing": [{"permission": m.permission, "role": m.role, "types": list(m.types)} for m in s.missing],
            }
            for s in (access.subscriptions if access else ())
        ],
        "directory": [
            {
                "permission": d.permission,
                "types": list(d.types),
                "readable": not d.trouble,
                "problem": d.trouble or None,
            }
            for d in (access.directory if access else ())
        ],
        "grant": list(findings.commands),
        "error": findings.failure and {"message": str(findings.failure), "remedy": findings.failure.remedy},
    }
    return json.dumps(document, indent=2)


def _identity(session: Session) -> dict[str, Any]:
    who = session.principal
    return {
        "credential": session.credential_name,
        "passed_over": list(session.passed_over),
        "tenant": who.tenant or None,
        "kind": who.kind or None,
        "name": who.name or None,
        "object_id": who.object_id or None,
        "application_id": who.application_id or None,
        "resource_id": who.resource_id or None,
        "token_expires_at": who.expires_at and who.expires_at.isoformat().replace("+00:00", "Z"),
    }


def as_text(findings: Findings) -> str:
    """The findings for a person at a terminal."""
    return plain_lines([*_surroundings(findings), *_who(findings), *_reads(findings), *_grants(findings)])


def plain_lines(lines: list[str]) -> str:
    """Lines as one text; names from Azure cannot move the cursor."""
    return "\n".join(plain(line) for line in lines).rstrip()


def _surroundings(findings: Findings) -> Iterator[str]:
    yield f"cloud        {findings.cloud.name}"
    for connection in findings.connections:
        via = f" through the proxy {connection.proxy}" if connection.proxy else ""
        state = f"not reachable: {connection.trouble}. {connection.remedy}" if connection.trouble else "reachable"
        yield f"  {'!' if connection.trouble else ' '} {connection.service:<17} {connection.url}{via}  {state}"
    for name, path in findings.trusted:
        yield f"    authorities       {path} ({name})"


def _who(findings: Findings) -> Iterator[str]:
    session = findings.session
    if session is None:
        return
    who = session.principal
    yield f"credential   {session.credential_name}"
    for passed in session.passed_over:
        yield f"    passed over       {passed}"
    yield f"identity     {who.kind or 'unknown kind'} {who.label}"
    yield f"    object id         {who.object_id or 'not in the token'}"
    if who.application_id:
        yield f"    application id    {who.application_id}"
    yield f"    tenant            {who.tenant or 'not in the token'}"
    if who.expires_at:
        yield f"    token ends        {who.expires_at:%Y-%m-%d %H:%M} UTC"
    if findings.access and abs(findings.access.clock_skew_s) >= _SKEW_LIMIT_S:
        ahead = "ahead of" if findings.access.clock_skew_s > 0 else "behind"
        seconds = abs(findings.access.clock_skew_s)
        yield f"  ! clock             {seconds:.0f} s {ahead} Azure's; tokens are refused at 300 s: synchronise it"


def _reads(findings: Findings) -> Iterator[str]:
    access = findings.access
    if access is None:
        return
    yield f"subscriptions {len(access.subscriptions)} visible"
    for subscription in access.subscriptions:
        lacking = sum(len(missing.types) for missing in subscription.missing)
        state = f"{lacking} types cannot be read" if lacking else subscription.trouble or "all can be read"
        mark = "!" if lacking or subscription.trouble else " "
        yield f"  {mark} {subscription.guid}  {subscription.name}  {state}"
        if lacking:
            types = sorted({name for missing in subscription.missing for name in missing.types})
            more = f" and {len(types) - _SHOWN_TYPES} more" if len(types) > _SHOWN_TYPES else ""
            yield f"      {', '.join(types[:_SHOWN_TYPES])}{more}"
    if access.directory:
        yield "directory"
    for read in access.directory:
        mark, state = ("!", read.trouble) if read.trouble else (" ", "can be read")
        yield f"  {mark} {read.permission:<40} {state}"


def _grants(findings: Findings) -> Iterator[str]:
    commands = findings.commands
    if commands:
        yield "to grant what is missing"
        yield from (f"    {command}" for command in commands)
    elif findings.healthy:
        yield "everything that the rules need can be read"
