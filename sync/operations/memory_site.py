"""Where the memories of a journal are held: what journal.toml says, and what this clone or this process says instead.

journal.toml comes with the repository, which somebody else may have made: a server that it names is only used where
this clone or this process trusts the host. What the environment names is trusted, and may hold a password.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.document.memory_settings import EMBEDDED, MemorySettings
from sync.document.memory_urls import PLACES, host_of, is_socket
from sync.errors import RefusedError, UsageError
from sync.operations.journal import Journal
from sync.operations.model_choice import chosen_model
from sync.repository.git import run_git
from sync.taskmaster.tiers.registry import Site

if TYPE_CHECKING:
    from sync.search.vectors.embedder import Embedder

FOLDER = "journal-memory"
"""In Git's own folder. Unlike what lies in `journal` there, it cannot be made again: memories wait in it."""


def find_site(journal: Journal, *, environment: Mapping[str, str] = os.environ) -> Site:
    """Where the tiers of a journal are.

    JOURNAL_MEMORY_SHORT_TERM, JOURNAL_MEMORY_WORKING, JOURNAL_MEMORY_OBJECTS and JOURNAL_MEMORY_EVENTS come before
    journal.toml. Hosts that journal.toml may name are trusted by `git config --add journal.memory.trust HOST`, or by
    JOURNAL_MEMORY_TRUST, a list with commas; this machine itself always is.

    Args:
        journal: the journal.
        environment: see above.

    Raises:
        RefusedError: journal.toml names a server that nobody here trusts.
        UsageError: the environment names something that is no place for memories.
    """
    settings = _overridden(journal, environment)
    inside = None if "://" in settings.objects else journal.absolute(settings.objects)
    return Site(
        settings=settings,
        folder=folder_of(journal),
        objects=inside,
        tree=_tree(journal),
        embedder=_embedder(journal, settings),
    )


def _tree(journal: Journal) -> str:
    if journal.location.git_dir is None:
        return ""
    return sha256(str(journal.root).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def folder_of(journal: Journal) -> Path:
    """Where the embedded tiers' files lie; it may not be there yet."""
    git_dir = journal.location.git_dir
    return git_dir / FOLDER if git_dir else journal.root / ".journal" / "memory"


def _overridden(journal: Journal, environment: Mapping[str, str]) -> MemorySettings:
    settings = journal.settings.memory
    said = {key: environment.get(f"JOURNAL_MEMORY_{key.upper()}", "") for key in PLACES}
    foreign = [key for key in PLACES if not said[key] and not _is_here(getattr(settings, key))]
    if foreign:
        _refuse_strangers(journal, {key: getattr(settings, key) for key in foreign}, environment)
    for key, value in said.items():
        if value and key != "objects" and "://" not in value and value != EMBEDDED:
            raise UsageError(f"JOURNAL_MEMORY_{key.upper()} is no URL", hint=f"{EMBEDDED}, or see docs/settings.md")
    changed: dict[str, Any] = {key: value for key, value in said.items() if value}
    return replace(settings, **changed)


def _refuse_strangers(journal: Journal, urls: Mapping[str, str], environment: Mapping[str, str]) -> None:
    named = environment.get("JOURNAL_MEMORY_TRUST", "").split(",")
    trusted = {one.strip().lower() for one in named if one.strip()} | _configured(journal)
    for key, url in urls.items():
        host = host_of(url)
        if not host or host not in trusted:
            raise RefusedError(
                f"journal.toml: memory.{key} names {host}, which this clone does not trust with memories",
                hint=f"if you do: git config --add journal.memory.trust {host}",
            )


def _configured(journal: Journal) -> set[str]:
    if journal.location.git_dir is None:
        return set()
    printed = run_git(journal.root, "config", "-z", "--get-all", "journal.memory.trust", accept=(0, 1))
    return {one.strip().lower() for one in printed.decode("utf-8", "replace").split("\0") if one.strip()}


def _is_here(url: str) -> bool:
    """Whether a place is on this machine."""
    if "://" not in url or is_socket(url):
        return True
    from ipaddress import ip_address  # most journals name no server

    host = host_of(url)
    if url.startswith("s3://") or not host:
        return False
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _embedder(journal: Journal, settings: MemorySettings) -> Callable[[], Embedder] | None:
    """What opens the embedder; None where no model is wanted or installed."""
    model = chosen_model(journal) if settings.semantic != "off" else "off"
    if model == "off":
        return None

    def load() -> Embedder:
        from sync.operations.endpoint import embedder_settings
        from sync.search.vectors.embedder import Missing
        from sync.search.vectors.registry import open_embedder

        folder = (journal.state_folder or journal.lock_folder) / "vectors"
        found = open_embedder(embedder_settings(journal, model), folder)
        if isinstance(found, Missing):
            raise UsageError(found.reason, hint=found.remedy)
        return found

    return load
