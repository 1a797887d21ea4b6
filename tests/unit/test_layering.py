"""The floors of the house: a module imports only from floors below its own, and pure floors have no effects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sync"
FLOORS = {
    "errors": 0,
    "document": 1, "merge": 1, "schema": 1,
    "repository": 2, "stores": 2,
    "engine": 3, "search": 3, "taskmaster": 3,
    "operations": 4,
    "cli": 5, "server": 5, "mcp": 5, "hooks": 5, "integration": 5, "memory": 5, "__init__": 5, "__main__": 5,
}  # fmt: skip
PURE = ("errors", "document", "merge", "stores", "search")
# What search keeps on disk and asks of others; everything else of it is pure.
EFFECTS = (
    "sync.search.index", "sync.search.vectors", "sync.search.http", "sync.search.answer.endpoint",
    "sync.search.structured",
)  # fmt: skip
FORBIDDEN_MODULES = {"subprocess", "os", "socket", "random", "git", "tempfile", "time", "pathlib.Path"}
FORBIDDEN_CALLS = {"open", "print", "input", "now", "utcnow", "today"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def floor_of(module: str) -> int:
    """The floor of a dotted module name below `sync`."""
    parts = module.split(".")
    return FLOORS[parts[1]] if len(parts) > 1 else FLOORS["__init__"]


def is_pure(module: str) -> bool:
    """Whether a module must have no effects."""
    return module.split(".")[1] in PURE and not any(module == one or module.startswith(f"{one}.") for one in EFFECTS)


def dotted(path: Path) -> str:
    """The module name of a file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def imports(path: Path) -> set[str]:
    """Every module that a file imports, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_imports_only_from_its_own_floor_and_below(path: Path) -> None:
    own = floor_of(dotted(path))
    upward = {name for name in imports(path) if name.startswith("sync.") and _floor_or_zero(name) > own}
    assert upward == set()


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_gitpython_is_imported_in_the_repository_floor_only(path: Path) -> None:
    uses_git = any(name == "git" or name.startswith("git.") for name in imports(path))
    assert not uses_git or dotted(path).startswith("sync.repository.")


@pytest.mark.parametrize("path", [path for path in MODULES if is_pure(dotted(path))], ids=dotted)
def test_a_pure_floor_has_no_effects(path: Path) -> None:
    names = {name for name in imports(path) if name.split(".")[0] in FORBIDDEN_MODULES or name in FORBIDDEN_MODULES}
    calls = {
        name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (name := getattr(node.func, "id", getattr(node.func, "attr", ""))) in FORBIDDEN_CALLS
    }
    assert (names, calls) == (set(), set())


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_stays_below_three_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def _floor_or_zero(name: str) -> int:
    parts = name.split(".")
    return FLOORS.get(parts[1], 0) if len(parts) > 1 else 0
