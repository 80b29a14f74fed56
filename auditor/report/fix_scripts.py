"""The free fixes of a plan as scripts and as code: nothing here is ever run by this program.

A script prints its commands and runs them only where it is told to: `APPLY=yes bash fix.sh`, `./fix.ps1 -Apply`. Every
command names its subscription, every value is quoted, and one block a fix says why.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence

from auditor.fixes.model import Fix, Plan, Standing
from auditor.report.fix_answer import setting_words
from auditor.report.remedies import fill_names
from auditor.report.text import plain

_WORD = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|VAULT|SUBNET|WORKSPACE|KEY|NAME")
"""What stands in a command for a choice that only the owner can make."""
_SHELL = re.compile(r"[|;&<>`]|\$\(|\$\{?\w")
_LATE = (Standing.NOT_YET, Standing.UNKNOWN, Standing.BY_HAND)


def as_bash(plan: Plan) -> str:
    """The free fixes as a script for bash."""
    lines = [
        "#!/usr/bin/env bash",
        "# Prints what it would do; APPLY=yes makes it do it. Look at each block first.",
        "set -euo pipefail",
        'run() { if [ "${APPLY:-no}" = yes ]; then "$@"; else printf "%q " "$@"; echo; fi; }',
        "",
    ]
    return _script(lines, plan, _bash)


def as_powershell(plan: Plan) -> str:
    """The free fixes as a script for PowerShell, of Windows and of other systems."""
    lines = [
        "# Prints what it would do; -Apply makes it do it. Look at each block first.",
        "param([switch]$Apply)",
        '$ErrorActionPreference = "Stop"',
        "# az is a .cmd file on Windows: one way to pass quotes on every system.",
        '$PSNativeCommandArgumentPassing = "Legacy"',
        "function Invoke-Fix {",
        "  if (-not $Apply) { Write-Output ($args -join ' '); return }",
        "  $command, $rest = $args",
        "  & $command @rest",
        '  if ($LASTEXITCODE -ne 0) { throw "az ended with $LASTEXITCODE" }',
        "}",
        "",
    ]
    return _script(lines, plan, _powershell)


def as_bicep(plan: Plan) -> str:
    """What to change in Bicep code: the rules' own snippets, with the names filled in."""
    return _code(plan, "bicep", "//")


def as_terraform(plan: Plan) -> str:
    """What to change in Terraform code: the rules' own snippets, with the names filled in."""
    return _code(plan, "terraform", "#")


def _script(head: Sequence[str], plan: Plan, quoted: Callable[[list[str] | str], str]) -> str:
    lines = list(head)
    for number, fix in enumerate(plan.fixes, start=1):
        if fix.standing is Standing.FREE:
            lines += [*_why(number, fix, "#"), *map(quoted, _commands(fix)), ""]
    return _whole(lines, plan, "#")


def _whole(lines: Sequence[str], plan: Plan, mark: str) -> str:
    late = sum(len(plan.standing(standing)) for standing in _LATE)
    told = (
        [f"{mark} {late} more fixes are not here: they wait for somebody or need a choice. See the table."]
        if late
        else []
    )
    return "\n".join([*lines, *told]).rstrip() + "\n"


def _why(number: int, fix: Fix, mark: str) -> Iterator[str]:
    """A comment that says which fix this is, and what it sets; nothing in a name can end the comment."""
    rules = ", ".join(dict.fromkeys(result.rule.id for result in fix.results))
    yield _comment(mark, f"{number}. {fix.subject.name}: {rules}")
    if fix.results:
        yield _comment(mark, fix.results[0].message)
    for setting in fix.settings:
        yield _comment(mark, setting_words(setting, fix))
    for remark in fix.remarks:
        yield _comment(mark, f"note: {remark}")


def _comment(mark: str, text: str) -> str:
    return f"{mark} {' '.join(plain(text).split())}"


def _commands(fix: Fix) -> list[list[str] | str]:
    """The commands as lists of words; a text where one needs a choice, or more than words."""
    found: list[list[str] | str] = []
    for line in fix.command.splitlines():
        try:
            words = shlex.split(line)
        except ValueError:
            words = []
        if not words or words[0] != "az" or _SHELL.search(line) or any(_open(word) for word in words):
            found.append(line)
        else:
            subscription = ["--subscription", fix.subject.subscription_id]
            has_one = "--subscription" in words or not fix.subject.subscription_id or words[1:2] in (["rest"], ["ad"])
            found.append(words if has_one or "--ids" in words else [*words, *subscription])
    return found or ["(the rule has no command for it)"]


def _open(word: str) -> bool:
    return bool(_WORD.fullmatch(word) or re.search(r"\{[a-z_]+\}", word) or word.startswith("@"))


def _bash(command: list[str] | str) -> str:
    if isinstance(command, str):
        return _comment("#", f"needs a choice of yours: {command}")
    return "run " + " ".join(shlex.quote(word) for word in command)


def _powershell(command: list[str] | str) -> str:
    if isinstance(command, str):
        return _comment("#", f"needs a choice of yours: {command}")
    return "Invoke-Fix " + " ".join(_single_quoted(word) for word in command)


def _single_quoted(word: str) -> str:
    """A word that PowerShell passes on as it is; typographic quotes end a text there as plain ones do."""
    if re.fullmatch(r"[\w./:=-]+", word, re.ASCII):
        return word
    doubled = re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", word)
    return "'" + doubled.replace('"', '\\"') + "'"


def _code(plan: Plan, language: str, mark: str) -> str:
    lines: list[str] = []
    for number, fix in enumerate(plan.fixes, start=1):
        if fix.standing is not Standing.FREE:
            continue
        lines += list(_why(number, fix, mark))
        text = getattr(fix.remediation, language, "") if fix.remediation else ""
        lines += _named(text, fix, language) if text else [_comment(mark, "the rule has no code for it")]
        lines.append("")
    return _whole(lines, plan, mark)


def _named(text: str, fix: Fix, language: str) -> list[str]:
    """The snippet with the resource's name in it: declared names stay the author's, labels become the resource's."""
    name = fix.subject.name.rpartition("/")[2]
    if not re.fullmatch(r"[\w.()-]+", name, re.ASCII):
        return fill_names(text, fix.subject).splitlines()
    filled = fill_names(text, fix.subject)
    if language == "terraform":
        label = re.sub(r"\W", "_", name)
        filled = re.sub(
            r'^(resource "\w+") "example" \{$', rf'\1 "{label}" {{\n  name = "{name}"', filled, count=1, flags=re.M
        )
    elif "name:" not in filled:
        filled = re.sub(r"^(resource \w+ '[^']+' = \{)$", rf"\1\n  name: '{name}'", filled, count=1, flags=re.M)
    return filled.rstrip().splitlines()
