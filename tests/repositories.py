"""Real Git repositories for tests."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click
from click.testing import CliRunner, Result

from sync.cli.app import run


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
        result = CliRunner().invoke(_Program("journal"), ["-C", str(self.path), *arguments])
        if code is not None:
            assert result.exit_code == code, result.output + result.stderr
        return result


class _Program(click.Command):
    """The program's own entry point as a command for CliRunner: errors become exit codes there, not in click."""

    def main(self, args: Sequence[str] | None = None, *_: object, **__: object) -> NoReturn:
        """Run and exit."""
        raise SystemExit(run(list(args or ())))


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
