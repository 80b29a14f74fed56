"""The command that mends a finding, with all names in it that the finding knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from auditor.evaluate.wording import values_of
from auditor.inventory import ids
from auditor.rules.model import Context, Evidence, Remediation
from auditor.rules.vocabulary import COMMAND_PATH

_SAFE_IN_SHELL = re.compile(r"[\w@%+=:,./-]*", re.ASCII)
_MOST = 5
"""Commands of one finding: a machine can be open in many ways."""


def command_for(remediation: Remediation, context: Context, evidence: Sequence[Evidence]) -> str:
    """The Azure CLI commands for one finding, a line each; "" where there are none.

    What facts say of the very thing that decided comes before the rule's own command. Names that are not known stay
    words in capitals.
    """
    found = [text for text in _texts(remediation.mend, context, evidence) if text]
    if not found and "{" not in remediation.az:
        return remediation.az.strip()
    if found:
        # A rule that opens IPv4 and IPv6 alike is mended once.
        one_each = {text.partition(" --source-address")[0]: text for text in reversed(found)}
        return "\n".join(list(reversed(one_each.values()))[:_MOST])

    def known(match: re.Match[str]) -> str:
        texts = _texts(match["path"], context, evidence)
        return next((text for text in texts if text and _SAFE_IN_SHELL.fullmatch(text)), match["otherwise"])

    resource = context.resource
    text = COMMAND_PATH.sub(known, remediation.az) if "|" in remediation.az else remediation.az
    return fill_places(text, places(resource.id, resource.type, resource.location)).strip()


def _texts(path: str, context: Context, evidence: Sequence[Evidence]) -> Iterator[str]:
    if path:
        yield from (str(value) for value in values_of(path, context, evidence) if isinstance(value, str | int))


def places(resource_id: str, resource_type: str, location: str = "") -> Mapping[str, str]:
    """What stands for the places of a command, by place: of a child its own name, its parents' names apart."""
    names = ids.below_provider(resource_id).split("/")[2::2]
    own = names[-1] if names else resource_id.rstrip("/").rpartition("/")[2]
    return {
        "{name}": own,
        "{parent}": names[-2] if len(names) > 1 else "",
        "{grandparent}": names[-3] if len(names) > 2 else "",
        "{root}": names[0] if names else "",
        "{id}": resource_id,
        "{type}": resource_type,
        "{location}": location,
        "{resource_group}": ids.resource_group_of(resource_id),
        "{subscription_id}": ids.subscription_of(resource_id),
    }


def fill_places(template: str, names: Mapping[str, str]) -> str:
    """A shell command with names filled in.

    A name comes from Azure and the command is meant to be pasted: one that a shell would not take as a single plain
    word stays a placeholder.
    """
    for place, value in names.items():
        if value and place in template and _SAFE_IN_SHELL.fullmatch(value):
            template = template.replace(place, value)
    return template


def without_paths(template: str) -> str:
    """A command for no finding in particular: what only a finding knows stays words in capitals."""
    return COMMAND_PATH.sub(lambda match: match["otherwise"], template)
