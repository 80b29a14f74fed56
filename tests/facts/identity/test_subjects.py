"""Whom a federated credential trusts, subject by subject."""

from __future__ import annotations

import pytest

from auditor.facts.identity.subjects import Provider, Width, provider_of, trust_of

GITHUB = "https://token.actions.githubusercontent.com"
GITLAB = "https://gitlab.com"
TERRAFORM = "https://app.terraform.io"


@pytest.mark.parametrize(
    ("issuer", "sub", "width"),
    [
        (GITHUB, "repo:contoso/shop:ref:refs/heads/main", Width.ONE),
        (GITHUB, "repo:contoso/shop:environment:prod*", Width.REFERENCES),
        (GITHUB, "repo:contoso/shop:ref:refs/heads/release-?", Width.REFERENCES),
        (GITHUB, "repo:contoso/shop:pull_request", Width.PULL_REQUESTS),
        (GITHUB, "repo:contoso/shop:*", Width.WHOLE_REPOSITORY),
        (GITHUB, "repo:contoso/shop*", Width.REPOSITORIES),
        (GITHUB, "repo:contoso/*:environment:production", Width.REPOSITORIES),
        (GITHUB, "repo:contoso*", Width.ANYBODY),
        (GITHUB, "*", Width.ANYBODY),
        (GITHUB, "repository_owner_id:1234:ref:refs/heads/main", Width.ONE),
        (GITLAB, "project_path:contoso/shop:ref_type:branch:ref:main", Width.ONE),
        (GITLAB, "project_path:contoso/shop:ref_type:branch:ref:*", Width.REFERENCES),
        (GITLAB, "project_path:contoso/shop:*", Width.WHOLE_REPOSITORY),
        (GITLAB, "project_path:contoso/*:ref_type:branch:ref:main", Width.REPOSITORIES),
        (GITLAB, "project_path:*", Width.ANYBODY),
        ("https://gitlab.contoso.example", "project_path:contoso/*", Width.REPOSITORIES),
        (TERRAFORM, "organization:contoso:project:shop:workspace:prod:run_phase:*", Width.ONE),
        (TERRAFORM, "organization:contoso:project:shop:workspace:*:run_phase:apply", Width.REPOSITORIES),
        (TERRAFORM, "organization:contoso:project:*", Width.REPOSITORIES),
        (TERRAFORM, "organization:*:project:shop:workspace:prod:run_phase:apply", Width.ANYBODY),
    ],
)
def test_an_expression_is_as_wide_as_its_sub(issuer: str, sub: str, width: Width) -> None:
    found = trust_of(issuer, None, f"claims['sub'] matches '{sub}'")
    assert found is not None
    assert found.width is width


@pytest.mark.parametrize(
    ("expression", "width"),
    [
        (
            "claims['sub'] eq 'repo:contoso/shop:ref:refs/heads/main' and claims['job_workflow_ref'] matches 'x*'",
            Width.ONE,
        ),
        ("claims['sub'] eq 'repo:contoso/*'", Width.ONE),
        ("claims['job_workflow_ref'] matches 'contoso/flows/*'", Width.ANYBODY),
        ("claims['SUB'] MATCHES 'repo:contoso/*'", Width.REPOSITORIES),
        # One workflow, called from many repositories, each with files and inputs of its own.
        (
            "claims['sub'] matches 'repo:contoso/*' and claims['job_workflow_ref'] eq 'c/f/.github/workflows/d.yml@v1'",
            Width.REPOSITORIES,
        ),
        # All have to hold, whatever their order.
        ("claims['sub'] eq 'repo:c/s:environment:prod' and claims['sub'] matches 'repo:c/*'", Width.ONE),
        ("claims['sub'] contains 'repo'", None),
        ("", None),
        (None, None),
    ],
)
def test_expressions_over_several_claims(expression: str | None, width: Width | None) -> None:
    found = trust_of(GITHUB, None, expression)
    assert (found.width if found else None) is width


@pytest.mark.parametrize("subject", ["repo:contoso/*", "repo:contoso/shop:ref:refs/tags/*"])
def test_a_star_in_a_plain_subject_is_a_letter(subject: str) -> None:
    found = trust_of(GITHUB, subject, None)
    assert found is not None
    assert (found.width, found.width.wide) == (Width.NOTHING, False)


@pytest.mark.parametrize(
    ("issuer", "subject", "provider"),
    [
        ("https://vstoken.dev.azure.com/11111111", "sc://org/project/connection", Provider.DEVOPS),
        ("https://westeurope.oic.prod-aks.azure.com/t/c/", "", Provider.KUBERNETES),
        ("https://oidc.contoso.example", "system:serviceaccount:a:b", Provider.KUBERNETES),
        ("https://login.microsoftonline.com/t/v2.0", "x", Provider.ENTRA),
        ("https://evil.example/token.actions.githubusercontent.com", "x", Provider.OTHER),
        ("not an address", "", Provider.OTHER),
    ],
)
def test_who_an_issuer_is(issuer: str, subject: str, provider: Provider) -> None:
    assert provider_of(issuer, subject) is provider
