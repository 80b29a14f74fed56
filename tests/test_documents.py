"""README and the command line agree."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from auditor.cli.app import app
from auditor.errors import ExitCode
from auditor.report.registry import FORMATS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = "\n".join(path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))
COMMANDS = re.findall(r"^ {4}(auditor [^#>|\n]+)", DOCUMENTS, re.MULTILINE)


def leaves(command: Any, name: str = "") -> Iterator[str]:
    children = getattr(command, "commands", {})
    for child_name, child in children.items():
        yield from leaves(child, f"{name} {child_name}".strip())
    if not children:
        yield name


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_is_understood(line: str):
    command: Any = typer.main.get_command(app)
    arguments = shlex.split(line)[1:]
    context = None
    while getattr(command, "commands", None):
        context = command.make_context("auditor", arguments, parent=context)
        rest = [*getattr(context, "_protected_args", []), *context.args]
        if not rest:
            return
        name, command, arguments = command.resolve_command(context, rest)
        assert command is not None, name
    assert command.make_context("auditor", arguments, parent=context).command is command


def test_every_command_is_in_the_readme():
    missing = [name for name in leaves(typer.main.get_command(app)) if f"auditor {name}" not in README]

    assert missing in ([], ["rules schema"])
    assert "auditor rules schema" in (ROOT / "docs" / "rules.md").read_text()


def test_the_exit_codes_are_those_of_the_readme():
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", README, re.MULTILINE)

    assert [(int(code), words) for code, words in rows] == [(int(code), code.meaning) for code in ExitCode]


def test_the_formats_that_help_names_are_the_formats_there_are():
    scan: Any = typer.main.get_command(app)
    option = next(p for p in scan.commands["scan"].params if "--format" in p.opts)

    assert re.findall(r"[a-z-]+", option.help.replace(" or ", " ")) == list(FORMATS)


def test_links_inside_the_project_lead_somewhere():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


COVERED_BY = {
    "Directory.Read.All": {
        "GroupMember.Read.All",
        "Organization.Read.All",
        "RoleManagement.Read.Directory",
        "User.Read.All",
    },
    "Policy.Read.All": {"Policy.Read.AuthenticationMethod"},
}
"""Which other permissions a higher one includes, by the pages of the requests in Microsoft Graph's reference."""


def test_the_readme_names_every_permission_that_requests_to_microsoft_graph_need():
    from auditor.azure.collectors.directory import ENTRIES
    from auditor.azure.collectors.role_holders import PROBES

    named = set(re.findall(r"`(\w[\w.]*\.Read\.\w+)`", README))
    granted = named.union(*(COVERED_BY[name] for name in named if name in COVERED_BY))

    assert {entry.permission for entry in ENTRIES} | {permission for permission, _ in PROBES.values()} <= granted


def test_the_readme_says_what_is_not_covered():
    _, _, after = README.partition("### What is not covered\n")

    assert "no logs, no traffic" in after.partition("\n#")[0]


def test_the_template_of_pipelines_lies_where_the_documents_say():
    named = set(re.findall(r"template: (\S+)@auditor", DOCUMENTS))
    template = ROOT / "pipelines/azure-pipelines-template.yml"

    assert {ROOT / path for path in named} == {template}
    assert f"template: {template.relative_to(ROOT)}@auditor" in template.read_text()
