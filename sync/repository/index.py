"""What the user's index knows of some paths, and what their files would be in it. Nothing is changed."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.repository.git import run_git
from sync.repository.listing import hash_objects

_FEW = 64  # so many pathspecs are matched quicker than a whole folder is listed


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """What the index knows of a path.

    Attributes:
        mode: as Git prints it.
        blob: id.
        is_unmerged: a merge left several versions.
        is_touched: the work tree holds something else.
        is_skipped: outside of a sparse checkout.
        is_trusted: the user told Git not to look at the file.
    """

    mode: str
    blob: str
    is_unmerged: bool
    is_touched: bool
    is_skipped: bool
    is_trusted: bool

    @property
    def kept(self) -> tuple[str, str]:
        """What the work tree has to hold to be unchanged."""
        return self.mode, self.blob


def read_index(root: Path, paths: Sequence[str]) -> dict[str, IndexEntry]:
    """The user's index, for those of some paths that it has.

    Tags of `ls-files -v`: H cached, S skip-worktree, M unmerged, R removed, C changed; small where the user has told
    Git to assume that a file is unchanged.
    """
    if not paths:
        return {}
    where = list(paths) if len(paths) <= _FEW else [posixpath.commonpath([posixpath.dirname(path) for path in paths])]
    specs = [f":(literal,top){one}" for one in where if one]
    options = ("-z", "-v", "--stage", "--modified", "--deleted")
    rows = [row.split(b"\t", 1) for row in run_git(root, "ls-files", *options, "--", *specs).split(b"\0")[:-1]]
    wanted = set(paths)
    tags: dict[str, str] = {}
    facts: dict[str, list[str]] = {}
    for row, name in rows:
        path = os.fsdecode(name)
        if path in wanted:
            tag, *facts[path] = row.decode().split(" ")
            tags[path] = tags.get(path, "") + tag
    return {path: _entry(tags[path], *facts[path][:2]) for path in facts}


def _entry(tags: str, mode: str, blob: str) -> IndexEntry:
    upper = set(tags.upper())
    return IndexEntry(
        mode=mode,
        blob=blob,
        is_unmerged="M" in upper,
        is_touched=bool(upper & set("CR")),
        is_skipped="S" in upper,
        is_trusted=not tags.isupper(),
    )


def kept_in(root: Path, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Mode and id that files of the work tree would have in the index; empty where there is no regular file."""
    modes = {}
    for path in paths:
        with contextlib.suppress(OSError):
            mode = os.lstat(root / path).st_mode
            if stat.S_ISREG(mode):
                modes[path] = "100755" if mode & stat.S_IXUSR else "100644"
    ids = dict(zip(modes, clean_ids(root, list(modes)), strict=True))
    return [(modes.get(path, ""), ids.get(path, "")) for path in paths]


def clean_ids(root: Path, paths: Sequence[str]) -> list[str]:
    """The ids that `git add` would give to files."""
    return [blob.decode() for blob in hash_objects(root, [os.fsencode(path) for path in paths])]
