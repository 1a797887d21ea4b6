"""Where the stores lie on this machine.

`journal.toml` comes with pull requests, so a path in it stays inside the repository. Where a store of this machine
lies, Git's own configuration says, which no clone carries: `git config journal.claude.path ~/notes`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sync.document.settings import STORES
from sync.errors import UsageError
from sync.operations.journal import Journal
from sync.repository.git import run_git
from sync.repository.refs import base_ref

_SLUG = re.compile(r"[^A-Za-z0-9-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a store lies.

    Attributes:
        name: the store's.
        folder: the folder of its files.
        file: the one file of a store that has one; empty for a folder.
        inside: the folder relative to the repository, POSIX; None for a store of this machine alone.
        ref: where its base is. A linked work tree has the stores inside it for itself, and their bases too.
    """

    name: str
    folder: Path
    file: str = ""
    inside: str | None = None
    ref: str = ""

    @property
    def is_folder_read(self) -> bool:
        """Whether more than one file of the folder matters: a store of many, or one whose neighbours are imported."""
        return not self.file or self.name == "augment"


def find_spots(journal: Journal, names: Sequence[str]) -> dict[str, Spot | str]:
    """The stores by name, each with its place, or with why it has none.

    Args:
        journal: the journal, in a repository.
        names: of the stores that are asked for; none for all that are enabled.

    Raises:
        UsageError: there is no such store, or one that was asked for is not enabled.
    """
    for name in names:
        if name not in STORES:
            raise UsageError(f"there is no store {name!r}", hint=f"known are {', '.join(STORES)}")
        if not journal.settings.store(name).enabled:
            hint = f"write into journal.toml: [stores.{name}] enabled = true"
            raise UsageError(f"the store {name!r} is not enabled", hint=hint)
    enabled = [name for name in STORES if journal.settings.store(name).enabled and (not names or name in names)]
    configured = _configured(journal) if set(enabled) - {"augment"} else {}
    # In a linked work tree `.git` is a file; refs below refs/worktree are its own (gitrepository-layout(5)).
    is_linked = (journal.root / ".git").is_file()
    found = {name: _find(journal, name, configured) for name in enabled}
    return {
        name: spot if isinstance(spot, str) else replace(spot, ref=base_ref(name, own=is_linked and bool(spot.inside)))
        for name, spot in found.items()
    }


def _find(journal: Journal, name: str, configured: Mapping[str, str]) -> Spot | str:
    path = journal.settings.store(name).path
    if name == "augment":
        delivered = journal.absolute(journal.settings.delivered)
        return Spot(name=name, folder=delivered.parent, file=delivered.name, inside=path)
    written = configured.get(f"journal.{name}.path", "")
    full = Path(written).expanduser() if written else journal.absolute(path) if path else None
    if full is None and name == "claude":
        full = _claude_folder(journal.root)
    if full is None:
        return f"nothing says where it is; run: git config journal.{name}.path <path>"
    full = journal.root / full
    folder, file = (full, "") if name == "claude" else (full.parent, full.name)
    inside = None if written or not path else os.path.dirname(path) if file else path
    return Spot(name=name, folder=folder, file=file, inside=inside)


def _configured(journal: Journal) -> dict[str, str]:
    printed = run_git(journal.root, "config", "-z", "--get-regexp", r"^journal\.", accept=(0, 1))
    pairs = (row.partition("\n") for row in os.fsdecode(printed).split("\0")[:-1])
    return {key: value for key, _, value in pairs}


def _claude_folder(root: Path) -> Path:
    """Claude Code's memory folder of a project: its path with everything but letters, digits and hyphens as hyphens."""
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    return home / "projects" / _SLUG.sub("-", str(root)) / "memory"
