"""What is shipped: everything that is needed, nothing that is not, and few dependencies."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import sync

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD = "import sys; from hatchling import build; build.build_sdist(sys.argv[1]); build.build_wheel(sys.argv[1])"
SCHEMAS = sorted(path.name for path in (ROOT / "schemas").glob("*.json"))
DEPENDENCIES = {
    "click", "detect-secrets", "gitpython", "jsonschema", "pystemmer", "python-frontmatter", "pyyaml", "referencing",
    "rich", "tantivy", "tzdata",
}  # fmt: skip
OF_VECTORS = ("taskmaster/tiers/matrices.py", "taskmaster/tiers/sqlite/semantic.py")
"""What the extra `vectors` is for, besides `search/vectors`."""
HEAVY = {
    "aiohttp", "fastapi", "llama-index", "mcp", "numpy", "onnxruntime", "pandas", "psycopg", "pydantic", "redis",
    "requests", "scikit-learn", "sentence-transformers", "sqlalchemy", "torch", "transformers", "uvicorn",
}  # fmt: skip


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel, built by the project's own back end without a network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def wheel_names(dist: Path) -> set[str]:
    """Paths of the files in the wheel."""
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def metadata(dist: Path) -> Message:
    """The wheel's METADATA."""
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def names_of(requirements: list[str]) -> set[str]:
    """Normalised names of the packages that requirements name."""
    return {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", one, maxsplit=1)[0]).lower() for one in requirements}


def test_every_schema_is_inside_the_package(dist: Path) -> None:
    assert SCHEMAS
    assert {name for name in wheel_names(dist) if name.endswith(".json")} == {f"sync/schemas/{one}" for one in SCHEMAS}


def test_schemas_in_the_wheel_are_those_of_the_project(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name: archive.read(f"sync/schemas/{name}") for name in SCHEMAS}
    assert shipped == {name: (ROOT / "schemas" / name).read_bytes() for name in SCHEMAS}


def test_the_wheel_is_typed(dist: Path) -> None:
    assert "sync/py.typed" in wheel_names(dist)


def test_every_module_of_the_package_is_in_the_wheel(dist: Path) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sync").rglob("*.py")}
    assert {name for name in wheel_names(dist) if name.endswith(".py")} == modules


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    tops = {name.split("/")[0] for name in wheel_names(dist)}
    assert tops == {"sync", f"journal_sync-{sync.__version__}.dist-info"}


def test_the_sdist_holds_what_is_needed_to_build_and_test(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "noxfile.py", "tests/conftest.py", "sync/py.typed"}
    assert wanted | {f"schemas/{name}" for name in SCHEMAS} <= names
    unwanted = re.compile(r"\.(git|nox|augment|venv)/|.*__pycache__/")
    assert {name for name in names if unwanted.match(name)} == set()


def test_the_wheel_names_its_version_command_and_licence(dist: Path) -> None:
    fields = metadata(dist)
    assert (fields["Name"], fields["Version"]) == ("journal-sync", sync.__version__)
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Requires-Python"] == ">=3.11"
    assert PROJECT["scripts"] == {"journal": "sync.cli:main"}


def test_the_command_says_the_version_of_the_package() -> None:
    command = [sys.executable, "-m", "sync", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"journal {sync.__version__}\n"


def test_the_plain_installation_needs_what_is_listed_here_and_nothing_else(dist: Path) -> None:
    requirements = metadata(dist).get_all("Requires-Dist", [])
    assert names_of([one for one in requirements if "extra ==" not in one]) == DEPENDENCIES


def test_nothing_heavy_comes_with_the_plain_installation() -> None:
    assert names_of(PROJECT["dependencies"]) & HEAVY == set()


def imported_by(paths: Iterable[Path]) -> set[str]:
    """The packages that some modules import, but for the standard library and this one."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_bytes()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"sync"}


def test_the_package_imports_only_what_it_requires() -> None:
    modules = {"click", "detect_secrets", "git", "jsonschema", "frontmatter", "yaml", "referencing", "rich", "tzdata"}
    modules |= {"Stemmer", "tantivy"}
    tiers = "taskmaster/tiers"
    extras = [ROOT / "sync" / one for one in ("mcp", "search/vectors", f"{tiers}/redis", f"{tiers}/postgres")]
    extras += [ROOT / "sync" / one for one in (f"{tiers}/objects/s3.py", "taskmaster/redis_events.py", *OF_VECTORS)]
    paths = [path for path in (ROOT / "sync").rglob("*.py") if not any(path.is_relative_to(one) for one in extras)]
    assert imported_by(paths) <= modules


def test_what_comes_with_an_extra_is_imported_where_that_is_for() -> None:
    served = {"mcp", "mcp_types", "anyio", "starlette", "uvicorn", "jsonschema"}
    assert imported_by((ROOT / "sync/mcp").rglob("*.py")) <= served
    meant = {"numpy", "tokenizers", "faiss", "fastembed", "sentence_transformers", "huggingface_hub"}
    assert imported_by((ROOT / "sync/search/vectors").rglob("*.py")) <= meant
    assert imported_by(ROOT / "sync" / one for one in OF_VECTORS) <= meant
    tiers = ROOT / "sync/taskmaster/tiers"
    assert imported_by((tiers / "redis").rglob("*.py")) | imported_by([ROOT / "sync/taskmaster/redis_events.py"]) <= {
        "redis"
    }
    of_postgres = {"sqlalchemy", "psycopg", "pgvector", "alembic", "numpy"}
    assert imported_by((tiers / "postgres").rglob("*.py")) <= of_postgres
    assert imported_by([tiers / "objects/s3.py"]) <= {"obstore"}
