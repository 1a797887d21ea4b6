"""Every test runs with a home folder of its own and without the user's Git configuration."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
from repositories import Repo, entry_text

__all__ = ["Repo", "entry_text"]

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
    """A home folder of its own, no GIT_* variables, fixed identity and dates, no colours, no model by chance."""
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
        "JOURNAL_SEARCH_MODEL": "off",
        "LC_ALL": "C.UTF-8",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository on branch main."""
    made = Repo(tmp_path / "repo")
    made.path.mkdir()
    made.git("init", "-q", "-b", "main")
    return made
