"""Where HEAD is, read from Git's files, at the cost of two small ones; and in what two commits differ.

Refs lie in files or packed, in the common folder of all work trees; HEAD lies in each work tree's own (gitrepository-
layout(5)). Whatever cannot be read so - refs kept in tables, a damaged file - Git itself is asked for.
"""

from __future__ import annotations

import os
from pathlib import Path

from sync.errors import GitError
from sync.repository.git import Location, run_git
from sync.repository.plumbing import REGULAR, checked_id, is_id, raw_rows

_LINK = "gitdir: "
_REF = "ref: "
_DEPTH = 5  # of refs that name refs; Git's own limit
_MOST = 8192  # bytes: a path, or the name of a ref


def read_tip(location: Location) -> str | None:
    """The id of the commit that HEAD of this work tree names; None on a branch without commits, and without Git.

    Raises:
        GitError: Git is asked, and refuses.
    """
    if location.git_dir is None:
        return None
    found = _from_files(location.root, location.git_dir)
    return _from_git(location.root) if found is None else found


def changed_blobs(root: Path, old: str, new: str, folder: str) -> dict[str, tuple[str | None, str | None]]:
    """The regular files below a folder that differ between two commits: path -> blob id before and after.

    A file that was renamed is one that went and one that came. Names that are not UTF-8 are left out.

    Args:
        root: the work tree.
        old, new: ids of commits or trees.
        folder: POSIX, from the top of the repository.

    Raises:
        GitError: one of them is not in the repository.
    """
    trees = checked_id(old), checked_id(new)
    below = f":(literal,top){folder.rstrip('/')}/"
    printed = run_git(root, "diff-tree", "-r", "-z", "--no-abbrev", "--no-renames", *trees, "--", below)
    found = {}
    for row in raw_rows(printed):
        before, after = (blob if mode in REGULAR else None for blob, mode in zip(row.blobs, row.modes, strict=True))
        try:
            path = row.paths[0].decode("utf-8")
        except UnicodeDecodeError:
            continue
        if before != after:
            found[path] = before, after
    return found


def _from_files(root: Path, common: Path) -> str | None:
    """The commit; None where the files do not tell it. Paths are texts here: it is asked all the time."""
    try:
        head = _text(f"{_own_folder(root)}/HEAD")
        for _ in range(_DEPTH):
            if not head.startswith(_REF):
                return head if is_id(head) else None
            name = head.removeprefix(_REF)
            if not name.startswith("refs/") or ".." in name:
                return None
            head = _loose_or_packed(common, name)
    except (OSError, ValueError):
        pass
    return None


def _own_folder(root: Path) -> str:
    """Git's folder of this work tree: `.git` itself, or what the file of that name leads to."""
    link = f"{root}/.git"
    return link if os.path.isdir(link) else os.path.join(root, _text(link).removeprefix(_LINK))


def _loose_or_packed(common: Path, name: str) -> str:
    try:
        return _text(f"{common}/{name}")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        wanted = f" {name}".encode()
        with (common / "packed-refs").open("rb") as lines:
            return next((os.fsdecode(line[: -len(wanted) - 1]) for line in lines if line[:-1].endswith(wanted)), "")


def _text(path: str) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, _MOST).decode("utf-8").rstrip("\n")
    finally:
        os.close(handle)


def _from_git(root: Path) -> str | None:
    said = run_git(root, "rev-parse", "-q", "--verify", "HEAD", accept=(0, 1)).decode().strip()
    if said and not is_id(said):
        raise GitError(f"HEAD names {said!r}, which is no commit")
    return said or None
