"""Rules from files: the built-in ones and those given with `--rules`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import Problem, RuleError
from auditor.inventory.model import Json
from auditor.resources import data_path
from auditor.rules.cache import DocumentCache, user_cache
from auditor.rules.model import Framework, Rule
from auditor.rules.parser import parse_rule
from auditor.rules.yaml_source import Document, read_document

_YAML = (".yaml", ".yml")
_LARGEST = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Loaded rules."""

    rules: tuple[Rule, ...]
    """Ordered by id."""
    notices: tuple[str, ...] = ()
    """What the user should know of definitions that do not run."""
    frameworks: tuple[Framework, ...] = ()
    """What the groups of policy initiatives make."""
    policies: tuple[Path, ...] = ()
    """The files of Azure Policy among those that were loaded."""


def builtin_path() -> Path:
    """The folder of the built-in rules."""
    return data_path("rules")


def load_rules(
    paths: Sequence[Path] = (),
    *,
    builtin: bool = True,
    examples: bool = False,
    policy_parameters: Mapping[str, Any] | None = None,
) -> Catalogue:
    """Load rules; `examples` tells whether their examples are read and required too.

    Raises RuleError with every mistake in every file.
    """
    problems: list[Problem] = []
    rules: list[Rule] = []
    if builtin:
        rules += _builtin(problems, examples=examples)
    policies: list[Path] = []
    for path in paths:
        for file in _files(path, problems):
            if file.suffix.lower() == ".json":
                policies.append(file)
            else:
                rules += _load_file(file, str(file), str(file), problems, examples=examples, strict=False)
    notices: tuple[str, ...] = ()
    frameworks: tuple[Framework, ...] = ()
    if policies:
        from auditor.rules.policy import load_policies

        found = load_policies(policies, policy_parameters or {})
        rules += found.rules
        notices, frameworks = found.notices, found.frameworks
    problems += _duplicates(rules)
    if problems:
        raise RuleError(_headline(problems), problems=sorted(problems))
    return Catalogue(tuple(sorted(rules, key=lambda rule: rule.id)), notices, frameworks, tuple(policies))


_loaded: dict[tuple[object, ...], tuple[Rule, ...]] = {}
"""Built-in rules by the state of their files: a process that audits twice reads them once."""


def _builtin(problems: list[Problem], *, examples: bool) -> Sequence[Rule]:
    """The built-in rules; those of an earlier call where no file has changed since."""
    files = sorted(builtin_path().glob("*/*.yaml"))
    state = (examples, *((str(path), path.stat().st_mtime_ns) for path in files))
    if state in _loaded:
        return _loaded[state]
    cache = DocumentCache(None if examples else user_cache())
    before = len(problems)
    rules: list[Rule] = []
    for path in files:
        shown = f"{path.parent.name}/{path.name}"
        names = (f"rules/{shown}", f"builtin:{shown}")
        rules += _load_file(path, *names, problems, examples=examples, strict=True, cache=cache)
    cache.save()
    if len(problems) == before:
        _loaded[state] = tuple(rules)
    return rules


def reloaded(rule: Rule, values: Mapping[str, Json]) -> Rule:
    """A rule of a file with other values of its parameters than the default ones.

    Raises RuleError where its file cannot be read any more, or is no such rule with these values.
    """
    builtin = rule.source.startswith("builtin:")
    path = builtin_path() / rule.source.removeprefix("builtin:") if builtin else Path(rule.source)
    problems: list[Problem] = []
    shown = f"rules/{rule.source.removeprefix('builtin:')}" if builtin else rule.source
    found = _load_file(path, shown, rule.source, problems, examples=False, strict=builtin, values=values)
    if problems or not found:
        raise RuleError(_headline(problems), problems=sorted(problems))
    return found[0]


def _headline(problems: Sequence[Problem]) -> str:
    files = len({problem.file for problem in problems})
    mistakes = f"{len(problems)} mistake" + ("s" if len(problems) > 1 else "")
    return f"the rules cannot be used: {mistakes} in {files} file" + ("s" if files > 1 else "")


def _files(path: Path, problems: list[Problem]) -> Iterator[Path]:
    """The rule files a `--rules` argument names: itself, or everything below a folder."""
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in (*_YAML, ".json") and file.is_file())
        if not found:
            problems.append(Problem(str(path), 0, 0, "the folder holds no rules", "put .yaml or .json files there"))
        yield from found
    elif not path.exists():
        problems.append(Problem(str(path), 0, 0, "there is no such file or folder"))
    elif path.suffix.lower() not in (*_YAML, ".json"):
        problems.append(Problem(str(path), 0, 0, "is neither .yaml nor .json", "name a rule file or a folder of them"))
    else:
        yield path


def _load_file(
    path: Path,
    shown: str,
    source: str,
    problems: list[Problem],
    *,
    examples: bool,
    strict: bool,
    cache: DocumentCache | None = None,
    values: Mapping[str, Json] | None = None,
) -> list[Rule]:
    text = _read(path, shown, problems)
    if text is None:
        return []
    if not examples:
        text = without_examples(text)
    folder = path.parent.name if strict else None
    kept = cache.get(text) if cache else None
    if kept is not None:
        document = Document(shown, kept)
        rule, mistakes = parse_rule(document, stem=path.stem, folder=folder, source=source, with_examples=False)
        if rule and not mistakes:
            return [rule]
    document = read_document(text, shown)
    rule, mistakes = parse_rule(
        document, stem=path.stem, folder=folder, source=source, with_examples=examples, values=values
    )
    if cache and not mistakes:
        cache.put(text, document.value)
    problems += mistakes
    return [rule] if rule else []


def _read(path: Path, shown: str, problems: list[Problem]) -> str | None:
    try:
        if path.stat().st_size > _LARGEST:
            problems.append(Problem(shown, 0, 0, "is larger than 2 MiB, so it is no rule"))
            return None
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problems.append(Problem(shown, 0, 0, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        problems.append(Problem(shown, 0, 0, f"is not UTF-8: byte {error.start}", "save it as UTF-8"))
    return None


def without_examples(text: str) -> str:
    """The text up to its examples, which only tests and `rules show` need: half of a typical file.

    They are the last key at the left margin by convention; where something follows them the text stays whole.
    """
    start = text.find("\nexamples:")
    if start < 0:
        return text
    rest = text[start + 1 :].split("\n")[1:]
    follows = any(line[:1] not in ("", " ", "#", "-", "\r") for line in rest)
    return text if follows else text[: start + 1]


def _duplicates(rules: Sequence[Rule]) -> Iterator[Problem]:
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in seen:
            first = seen[rule.id].source
            yield Problem(rule.source, 0, 0, f"the id {rule.id!r} is taken by {first}", "choose another id")
        seen.setdefault(rule.id, rule)
