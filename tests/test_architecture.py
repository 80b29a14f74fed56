"""The rooms import one way, and importing a module does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "auditor"
VALUES = {"errors", "resources"}
ALLOWED = {
    "errors": set(),
    "inventory": VALUES,
    "expressions": set(),
    "secrets": {"inventory", *VALUES},
    "iac": {"inventory", "expressions", *VALUES},
    "rules": {"inventory", "expressions", *VALUES},
    "facts": {"inventory", *VALUES},
    "snapshot": {"inventory", "secrets", *VALUES},
    "azure": {"snapshot", "inventory", "secrets", *VALUES},
    "evaluate": {"rules", "facts", "snapshot", "inventory", "expressions", *VALUES},
    "pictures": {"evaluate", "facts", "rules", "inventory", *VALUES},
    "fixes": {"evaluate", "rules", "facts", "iac", "inventory", *VALUES},
    "report": {"fixes", "evaluate", "pictures", "facts", "iac", "inventory", "rules", *VALUES},
    "api": {
        *(
            "azure",
            "evaluate",
            "facts",
            "fixes",
            "iac",
            "inventory",
            "secrets",
            "pictures",
            "report",
            "rules",
            "snapshot",
        ),
        *VALUES,
    },
    "spark": {"api", "evaluate", "inventory", "report", "rules", "snapshot", *VALUES},
    "cli": {
        "api",
        "azure",
        "rules",
        "evaluate",
        "pictures",
        "report",
        "facts",
        "iac",
        "snapshot",
        "inventory",
        "secrets",
        *VALUES,
    },
}
HEAVY = ("azure", "aiohttp", "rich", "yaml", "netaddr", "jinja2", "orjson", "sqlite3", "asyncio")


def imports_of(path: Path, *, everywhere: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if everywhere else tree.body
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_point_one_way(room: str):
    files = [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else sorted((ROOT / room).rglob("*.py"))
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in imports_of(path, everywhere=True)
        if name.startswith("auditor.") and name.split(".")[1] not in ALLOWED[room] | {room, "__version__"}
    }

    assert files
    assert wrong == set()


def test_the_report_room_takes_values_only():
    """A format may name the evaluator's and the code readers' values, never call an evaluator, a reader or a fact."""
    values = {
        "rules": {"model"},
        "evaluate": {"model", "difference", "trend", "wording", "commands"},
        "inventory": {"model", "ids", "inventory"},
        "iac": {"place", "declaration", "layout"},
        "fixes": {"model"},
    }
    wrong = {
        f"{path.name}: {name}"
        for path in (ROOT / "report").rglob("*.py")
        for name in imports_of(path, everywhere=True)
        if len(parts := name.split(".")) > 2  # `from auditor.inventory import ids` names the package too
        and parts[0] == "auditor"
        and parts[2] not in values.get(parts[1], {parts[2]})
    }

    assert wrong == set()


def test_no_files_import_each_other_in_a_circle():
    """Also those imports count that happen inside functions or for types alone: a circle is a file in two pieces."""
    files = {".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path for path in ROOT.rglob("*.py")}
    files = {name.removesuffix(".__init__"): path for name, path in files.items()}
    waiting = {name: imports_of(path, everywhere=True) & set(files) - {name} for name, path in files.items()}
    for name, found in waiting.items():
        # `from auditor.inventory import ids` needs the package's own code only where that package has some.
        waiting[name] = {other for other in found if not any(deeper.startswith(other + ".") for deeper in found)}

    while leaves := {name for name, found in waiting.items() if not found & set(waiting)}:
        waiting = {name: found for name, found in waiting.items() if name not in leaves}

    assert waiting == {}


def test_only_the_command_line_knows_a_terminal():
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] not in ("cli", "__main__.py")
        for name in imports_of(path, everywhere=True)
        if name.split(".")[0] == "typer" or name.startswith("auditor.cli") or name.startswith("rich.progress")
    }

    assert wrong == set()


def test_the_interface_for_python_starts_without_the_libraries_of_a_terminal_or_of_azure():
    heavy = ("typer", "rich", "aiohttp", "azure", "yaml")
    code = f"import sys; import auditor.api; print([m for m in {heavy!r} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_command_line_starts_without_the_libraries_that_only_some_commands_need():
    code = (
        f"import sys; import auditor.cli.app; print([m for m in {HEAVY!r} if m in sys.modules and m not in ('rich',)])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_nothing_that_is_read_is_run():
    """No code from data: no `eval`, no `exec`, no pickle and its kind, no YAML that makes objects.

    One file makes code, of words that are its own, as `tests/rules/conditions/test_generated.py` shows.
    """
    wrong = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="exec" | "compile")) if path == GENERATED:
                    pass
                case ast.Call(func=ast.Name(id="eval" | "exec" | "compile" | "__import__" as name)):
                    wrong.add(f"{path.name}: {name}")
                case ast.Import(names=names):
                    wrong |= {f"{path.name}: {n.name}" for n in names if n.name.split(".")[0] in CARELESS}
                case ast.ImportFrom(module=str(module)) if module.split(".")[0] in CARELESS:
                    wrong.add(f"{path.name}: {module}")
                case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "unsafe_load" | "full_load")):
                    wrong.add(f"{path.name}: yaml.load")

    assert wrong == set()


GENERATED = ROOT / "rules" / "conditions" / "generated.py"
CARELESS = {"pickle", "cPickle", "dill", "shelve", "marshal", "jsonpickle", "joblib", "cloudpickle"}
