"""Whom a federated credential trusts: its subject, or its expression over claims, read for each issuer.

A plain subject is compared letter by letter, `*` in it is a letter and matches nothing that an issuer writes
(https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations). A flexible credential has
an expression: `claims['sub'] matches 'repo:contoso/*'`, comparisons joined by `and`, where `matches` knows `*` (any
text) and `?` (one letter)
(https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit

_PART = r"claims\['(\w+)'\]\s+(eq|matches)\s+'((?:[^']|'')*)'"
_EXPRESSION = re.compile(rf"\s*{_PART}(?:\s+and\s+{_PART})*\s*", re.IGNORECASE)


class Provider(StrEnum):
    """Who writes the tokens that a credential trusts."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"
    TERRAFORM = "Terraform Cloud"
    DEVOPS = "Azure DevOps"
    KUBERNETES = "Kubernetes"
    ENTRA = "Microsoft Entra ID"
    OTHER = "another issuer"


class Width(StrEnum):
    """How much a subject covers, the most first."""

    ANYBODY = "anybody"
    """No owner is bound: repositories of whoever likes to."""
    REPOSITORIES = "repositories"
    """Several repositories, projects or workspaces of one owner."""
    WHOLE_REPOSITORY = "repository"
    """Whatever runs in one repository, pull requests included."""
    PULL_REQUESTS = "pull requests"
    """Code that nobody has reviewed."""
    REFERENCES = "references"
    """Several branches, tags or environments."""
    ONE = "one"
    """One branch, tag, environment, service account or application."""
    NOTHING = "nothing"
    """No token can have such a subject."""

    @property
    def wide(self) -> bool:
        """Whether it covers more than one thing that somebody can protect."""
        return self not in (Width.ONE, Width.NOTHING)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a credential trusts."""

    provider: Provider
    width: Width
    text: str
    """For sentences: `every repository of contoso`."""


def provider_of(issuer: str, subject: str) -> Provider:
    """Who an issuer is."""
    host = (urlsplit(issuer).hostname or "").lower()
    if host == "token.actions.githubusercontent.com" or host.endswith(".ghe.com"):
        return Provider.GITHUB
    if host == "gitlab.com" or host.startswith("gitlab."):
        return Provider.GITLAB
    if host in ("app.terraform.io", "app.eu.terraform.io"):
        return Provider.TERRAFORM
    if host == "vstoken.dev.azure.com":
        return Provider.DEVOPS
    if host.endswith(".oic.prod-aks.azure.com") or subject.startswith("system:serviceaccount:"):
        return Provider.KUBERNETES
    if host.startswith(("login.microsoftonline.", "login.chinacloudapi.")) or host == "sts.windows.net":
        return Provider.ENTRA
    return Provider.OTHER


def trust_of(issuer: str, subject: str | None, expression: str | None) -> Trust | None:
    """Whom a credential trusts; None where neither a subject nor an expression that can be read was given."""
    provider = provider_of(issuer, subject or "")
    if subject:
        if "*" in subject:
            return Trust(provider, Width.NOTHING, f"nobody: no token has the subject {subject}")
        return _judge(provider, subject)
    if not expression or not _EXPRESSION.fullmatch(expression):
        return None
    parts = [(name.lower(), how.lower(), text) for name, how, text in re.findall(_PART, expression, re.IGNORECASE)]
    subjects = [text if how == "matches" else _literal(text) for name, how, text in parts if name == "sub"]
    if not any(subjects):
        return Trust(provider, Width.ANYBODY, "whoever calls the workflow that it names")
    # All have to hold, so the narrowest counts.
    found = max((_judge(provider, text) for text in subjects), key=lambda one: list(Width).index(one.width))
    called = next((text for name, how, text in parts if name == "job_workflow_ref" and how == "eq"), "")
    # Whoever calls a workflow gives it its inputs and the files that it checks out, so the callers stay as many.
    return replace(found, text=f"{found.text}, through the workflow {called}") if called and found.width.wide else found


_STAR, _ONE = "\1", "\2"


def _literal(text: str) -> str:
    """A text in which wildcards are letters."""
    return text.replace("*", _STAR).replace("?", _ONE)


def _judge(provider: Provider, subject: str) -> Trust:
    match provider:
        case Provider.GITHUB:
            width, text = _github(subject)
        case Provider.GITLAB:
            width, text = _gitlab(subject)
        case Provider.TERRAFORM:
            width, text = _terraform(subject)
        case _:
            width, text = (Width.REPOSITORIES, f"whoever fits {subject}") if _wild(subject) else (Width.ONE, subject)
    return Trust(provider, width, text.replace(_STAR, "*").replace(_ONE, "?"))


def _wild(text: str) -> bool:
    return "*" in text or "?" in text


def _github(subject: str) -> tuple[Width, str]:
    """`repo:<owner>/<repository>:<what runs>`: https://docs.github.com/actions/reference/security/oidc."""
    rest = subject.removeprefix("repo:")
    owner, slash, tail = rest.partition("/")
    if rest == subject or _wild(owner) or not slash:
        # Subjects made of other claims, and those that leave the owner open.
        return (Width.ANYBODY, f"repositories of anybody: {subject}") if _wild(subject) else (Width.ONE, subject)
    repository, colon, what = tail.partition(":")
    if _wild(repository):
        return (
            Width.REPOSITORIES,
            f"{'every repository' if repository == '*' else f'{repository}, repositories'} of {owner}",
        )
    whole = f"{owner}/{repository}"
    if not colon or what.startswith(("*", "?")):
        return (Width.WHOLE_REPOSITORY, f"whatever runs in {whole}") if _wild(subject) else (Width.ONE, subject)
    if what == "pull_request":
        return Width.PULL_REQUESTS, f"pull requests of {whole}"
    return (Width.REFERENCES, f"{what} of {whole}") if _wild(what) else (Width.ONE, f"{what} of {whole}")


def _gitlab(subject: str) -> tuple[Width, str]:
    """`project_path:<group>/<project>:ref_type:<type>:ref:<name>`: https://docs.gitlab.com/ci/secrets/id_token_authentication."""
    path, _, reference = subject.removeprefix("project_path:").partition(":")
    group, _, project = path.partition("/")
    if _wild(group):
        return Width.ANYBODY, f"projects of anybody: {subject}"
    if _wild(project):
        return Width.REPOSITORIES, f"projects of {group}: {path}"
    if reference.startswith("*"):
        return Width.WHOLE_REPOSITORY, f"whatever runs in {path}"
    return (Width.REFERENCES, f"{reference} of {path}") if _wild(reference) else (Width.ONE, subject)


def _terraform(subject: str) -> tuple[Width, str]:
    """`organization:<o>:project:<p>:workspace:<w>:run_phase:<plan or apply>`.

    Both phases are usual: https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/azure-configuration
    """
    names = subject.split(":")
    parts = dict(zip(names[::2], names[1::2], strict=False))
    if _wild(parts.get("organization", "")) or "organization" not in parts:
        return (Width.ANYBODY, f"organizations of anybody: {subject}") if _wild(subject) else (Width.ONE, subject)
    if any(_wild(parts.get(name, "*")) for name in ("project", "workspace")):
        return Width.REPOSITORIES, f"workspaces of {parts['organization']}: {subject}"
    return Width.ONE, subject
