"""What the commands of Git's plumbing take and print: ids, names, rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sync.errors import GitError
from sync.repository.git import run_git

REGULAR = ("100644", "100755")
"""The modes of regular files."""
# A store may forget what the journal took over, so what was taken over has to be on the disk first.
DURABLE = ("-c", "core.fsync=committed,loose-object", "-c", "core.fsyncMethod=batch")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def is_id(name: str) -> bool:
    """Whether a text is an object id in full."""
    return _ID.match(name) is not None


def checked_id(name: str) -> str:
    """An object id, as it is: what is none could be an option or a revision.

    Raises:
        GitError: it is none.
    """
    if not is_id(name):
        raise GitError(f"{name!r} is not the id of an object")
    return name


class RawRow(NamedTuple):
    """Old and new mode, old and new blob, one path, or two where the file was renamed."""

    modes: tuple[str, str]
    blobs: tuple[str, str]
    paths: tuple[bytes, ...]

    @property
    def path(self) -> str:
        """Where the file is now, or was last."""
        return self.paths[-1].decode("utf-8", "surrogateescape")


def raw_rows(printed: bytes) -> Iterator[RawRow]:
    """The rows of `diff-tree -z`. Format: git-diff-tree(1), "Raw output format"."""
    fields = iter(printed.split(b"\0")[:-1])
    for facts in fields:
        old_mode, new_mode, old, new, status = facts[1:].decode().split(" ")
        paths = (next(fields), next(fields)) if status[0] in "RC" else (next(fields),)
        yield RawRow((old_mode, new_mode), (old, new), paths)


def index_line(path: str, mode: str, blob: str) -> bytes:
    """A line for `update-index -z --index-info`; mode 0 removes the path.

    Raises:
        GitError: the path cannot be one of Git's.
    """
    if not path or "\0" in path:
        raise GitError(f"{path!r} is not a path")
    return f"{mode} {checked_id(blob or '0' * 40)}\t{path}\0".encode("utf-8", "surrogateescape")


def look_up(root: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """Id and type of the object that each name stands for; both are empty where it stands for none."""
    askable = [name for name in names if name and not set(name) & {"\n", "\0"}]
    if not askable:
        return [("", "")] * len(names)
    asked = "".join(f"{name}\n" for name in askable).encode("utf-8", "surrogateescape")
    printed = run_git(root, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
    answers = dict(zip(askable, printed.split(b"\n"), strict=False))
    return [_as_found(name, answers.get(name, b"").decode("utf-8", "replace")) for name in names]


def _as_found(name: str, answer: str) -> tuple[str, str]:
    identity, _, kind = answer.rpartition(" ")
    is_one = is_id(identity) and kind in {"blob", "tree", "commit", "tag"}
    # A path that ends with `-g1234567` is read as the commit 1234567 if there is one; paths lead to files and folders.
    return (identity, kind) if is_one and not (":" in name and kind == "commit") else ("", "")
