"""The commands that grant what an identity lacks."""

from __future__ import annotations

import json

from auditor.azure.clouds import Cloud
from auditor.azure.signin_claims import Principal

GRAPH_APPLICATION = "00000003-0000-0000-c000-000000000000"
_GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
"""https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#global-reader"""


def role_command(principal: Principal, role: str, scope: str) -> str:
    """Grants an Azure role at a scope.

    With object id and type given, the command needs no right to read the directory
    (https://learn.microsoft.com/azure/role-based-access-control/role-assignments-cli).
    """
    kind = "User" if principal.kind == "user" else "ServicePrincipal"
    who = principal.object_id or "<object id>"
    return (
        f"az role assignment create --assignee-object-id {who} --assignee-principal-type {kind} "
        f'--role "{role}" --scope {scope}'
    )


def role_commands(principal: Principal, permission: str, role: str, scope: str) -> tuple[str, ...]:
    """Grants one permission at a scope: by a built-in role where that only reads, otherwise by a role of its own.

    The built-in roles that may list an app's settings may also change the app.
    """
    if permission.endswith("/read"):
        return (role_command(principal, role, scope),)
    name = f"auditor {' '.join(permission.split('/')[1:-2])}"
    definition = {"Name": name, "Description": permission, "Actions": [permission], "AssignableScopes": [scope]}
    create = f"az role definition create --role-definition '{json.dumps(definition)}'"
    return create, role_command(principal, name, scope)


def directory_command(principal: Principal, permission: str, cloud: Cloud) -> str:
    """Grants what a Microsoft Graph read needs: an application permission, to a user the directory role Global Reader.

    The permission's id is looked up, since it differs between clouds
    (https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments).
    """
    who = principal.object_id or "<object id>"
    if principal.kind == "user":
        url = f"{cloud.microsoft_graph}/v1.0/roleManagement/directory/roleAssignments"
        body = f'{{"principalId":"{who}","roleDefinitionId":"{_GLOBAL_READER}","directoryScopeId":"/"}}'
        return f"az rest --method POST --url {url} --body '{body}'"
    url = f"{cloud.microsoft_graph}/v1.0/servicePrincipals/{who}/appRoleAssignments"
    resource = f"$(az ad sp show --id {GRAPH_APPLICATION} --query id -o tsv)"
    role = f"$(az ad sp show --id {GRAPH_APPLICATION} --query \"appRoles[?value=='{permission}'].id\" -o tsv)"
    body = f'{{\\"principalId\\":\\"{who}\\",\\"resourceId\\":\\"{resource}\\",\\"appRoleId\\":\\"{role}\\"}}'
    return f'az rest --method POST --url {url} --body "{body}"'
