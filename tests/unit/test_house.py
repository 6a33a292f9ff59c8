"""The house: which room may import which, how large a module may be, and what the package shows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rolloutsim

PACKAGE = Path(rolloutsim.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {
    "errors": 0, "quantities": 0, "randomness": 0, "files": 0,
    "conditions": 1, "manifest": 1, "scenario": 1,
    "control": 2, "record": 3, "frames": 4, "record_files": 3, "world": 4, "simulation": 5, "invariants": 5, "library": 6,
    "answers": 6, "studies": 7, "gate": 8, "diagnostics": 8, "views": 6, "planning": 9, "splitting": 9, "report": 9, "plots": 9, "cli": 10, "__main__": 10,
}  # fmt: skip
ANSWERS_MAY = {"errors", "quantities", "manifest", "control", "record", "answers"}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def name_of(path: Path) -> str:
    return ".".join(["rolloutsim", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(n) for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) for n in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = f"{node.module}.{node.names[0].name}" if node.module == "rolloutsim" else node.module
            found.add(inner)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path: Path) -> None:
    own = room(name_of(path))
    if not own:
        return  # the package itself only names things
    assert own in FLOORS, f"{own} has no place in the house"
    for imported in imports(path):
        if imported.startswith("rolloutsim"):
            theirs = room(imported)
            assert FLOORS[theirs] <= FLOORS[own], f"{name_of(path)} imports {imported}"
            if own == "answers":
                assert theirs in ANSWERS_MAY, f"answers import {imported}"


@pytest.mark.parametrize("path", [p for p in MODULES if room(name_of(p)) == "control"], ids=name_of)
def test_control_is_pure(path: Path) -> None:
    foreign = {module.split(".")[0] for module in imports(path)}
    assert not foreign & {"simpy", "numpy", "pandas", "time", "random", "datetime", "os", "pydantic"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_rooms_not_halls(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert not {"manager", "helper", "helpers", "util", "utils", "base", "common", "misc"} & set(path.stem.split("_"))


def test_public_names() -> None:
    assert len(rolloutsim.__all__) <= 16
    for name in rolloutsim.__all__:
        assert getattr(rolloutsim, name) is not None
    with pytest.raises(AttributeError):
        rolloutsim.nothing  # noqa: B018


def test_import_is_quick() -> None:
    code = "import sys, rolloutsim; print(sorted({'pandas', 'matplotlib', 'rich', 'typer', 'numpy', 'simpy', 'pydantic', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
