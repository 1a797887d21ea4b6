"""Every test runs with a home folder of its own and without the user's Git configuration."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from click.testing import CliRunner, Result

from sync.cli.app import root

hypothesis.settings.register_profile("default", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("default")

GIT_CONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.org
[init]
    defaultBranch = main
[commit]
    gpgsign = false
"""


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own, no GIT_* variables, fixed identity and dates, no colours."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(GIT_CONFIG, encoding="utf-8")
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    variables = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "2025-04-05T12:00:00Z",
        "GIT_COMMITTER_DATE": "2025-04-05T12:00:00Z",
        "GIT_CEILING_DIRECTORIES": str(tmp_path_factory.getbasetemp()),
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return home


@dataclass(frozen=True)
class Repo:
    """A real Git repository in a temporary folder."""

    path: Path

    def git(self, *arguments: str, check: bool = True) -> str:
        """What a git command prints."""
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def write(self, path: str, content: str | bytes) -> Path:
        """Write a file below the repository; folders are made."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def read(self, path: str) -> str:
        """A file's text, line endings as they are."""
        return (self.path / path).read_bytes().decode()

    def commit(self, message: str = "change") -> str:
        """Commit everything and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def journal(self, *arguments: str, code: int | None = 0) -> Result:
        """Run `journal` in this process, as if started in the repository; `code` None accepts any exit code."""
        result = CliRunner().invoke(_Run(), ["-C", str(self.path), *arguments])
        if code is not None:
            assert result.exit_code == code, result.output + result.stderr
        return result


class _Run:
    """What CliRunner needs of a command, around the program's own entry point: errors become exit codes there."""

    name = "journal"

    def main(self, args: list[str], prog_name: str, **extra: object) -> None:
        from sync.cli.app import run

        assert root.name
        raise SystemExit(run(list(args)))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    made = Repo(tmp_path / "repo")
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    return made


ENTRY = """\
---
date: 2025-04-05
heure: 14-30
title: {title}
tags: [{tags}]
related: []
---

# {title}

{body}
"""


def entry_text(title: str = "A title", *, tags: str = "one, two", body: str = "Something was learned.") -> str:
    """The text of a plain entry."""
    return ENTRY.format(title=title, tags=tags, body=body)
