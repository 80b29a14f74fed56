"""`auditor doctor`: which credential answered, who it is, what it can and cannot read, and how to grant it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.options import declared as options
from auditor.cli.terminal.streams import write_stdout

if TYPE_CHECKING:
    from auditor.azure.checkup import Access, Connection
    from auditor.azure.clouds import Cloud
    from auditor.azure.session import Session
    from auditor.cli.doctor.findings import Findings


class DoctorFormat(StrEnum):
    """What `--format` takes."""

    TABLE = "table"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor", help="Say which credential answers, what it can and cannot read, and how to grant it.")(
        doctor
    )


def doctor(
    tenant: options.Tenant = None,
    subscription: options.Subscriptions = None,
    cloud: options.CloudName = "public",
    credential: options.Credential = None,
    rule_paths: options.RulePaths = None,
    no_builtin: options.NoBuiltin = False,
    select: options.Select = None,
    ignore: options.Ignore = None,
    framework: options.Framework = None,
    output_format: Annotated[DoctorFormat, typer.Option("--format", "-f", help="table or json.")] = DoctorFormat.TABLE,
) -> None:
    """Say which credential answers, what it can and cannot read, and how to grant it."""
    import asyncio

    from auditor.azure.clouds import load_cloud
    from auditor.cli.doctor.findings import as_json, as_text
    from auditor.cli.options.rule_choice import choose_rules

    chosen = load_cloud(cloud)
    choice = choose_rules(rule_paths, no_builtin, select, ignore, framework, None, None)
    findings = asyncio.run(_examine(chosen, choice.types, credential, tenant, tuple(subscription or ())))
    write_stdout((as_json(findings) if output_format is DoctorFormat.JSON else as_text(findings)) + "\n")
    if findings.failure:
        raise findings.failure


async def _examine(
    cloud: Cloud, types: frozenset[str], credential: str | None, tenant: str | None, subscriptions: tuple[str, ...]
) -> Findings:
    """Look at one thing after the other; a sign-in that fails ends it, with what was seen before."""
    from auditor.azure.checkup import check_access, check_connections
    from auditor.azure.connections import trusted_authorities
    from auditor.azure.signin import sign_in
    from auditor.cli.doctor.findings import Findings
    from auditor.errors import CollectionError, SignInError

    trusted = trusted_authorities()
    connections = await check_connections(cloud)
    session: Session | None = None
    access: Access | None = None
    failure: SignInError | CollectionError | None = None
    try:
        async with sign_in(cloud, credential=credential, tenant=tenant) as session:
            _refuse_unreachable(connections)
            access = await check_access(session, types, subscriptions)
    except (SignInError, CollectionError) as error:
        failure = error
    return Findings(cloud, connections, trusted, session, access, failure)


def _refuse_unreachable(connections: tuple[Connection, ...]) -> None:
    """Without Azure Resource Manager there is nothing more to find out, and reads would only be tried again."""
    from auditor.errors import CollectionError

    for connection in connections:
        if connection.service == "resource manager" and connection.trouble:
            raise CollectionError(
                f"Azure Resource Manager cannot be reached: {connection.trouble}", remedy=connection.remedy
            )
