"""Bringing committed changes into the user's work tree and index, and touching nothing else there."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.errors import GitError, RefusedError, RetryError
from sync.repository.exchange import snapshot, swap
from sync.repository.files import refuse_outside
from sync.repository.git import run_git
from sync.repository.index import IndexEntry, clean_ids, kept_in, read_index
from sync.repository.listing import blob_id
from sync.repository.plumbing import index_line

_TRIES, _PAUSE_S = 10, 0.2  # how long somebody else's index.lock is waited for
_FEW, _WORKERS = 64, 16  # each file waits for the disk; more than a few wait side by side
_AGAIN = "run the command again"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file to change.

    Attributes:
        path: POSIX, relative to the root.
        old: id of the blob that it holds; None where there is none.
        new: id of the blob that it is to hold; None where there is to be none.
    """

    path: str
    old: str | None
    new: str | None

    @property
    def undone(self) -> FileChange:
        """The change that takes this one back."""
        return FileChange(self.path, self.new, self.old)


def dirty_paths(root: Path, paths: Sequence[str], tree_of: Mapping[str, str | None]) -> list[str]:
    """Which of some paths are not, in the index and in the work tree, what a commit has there.

    Args:
        root: the work tree.
        paths: POSIX, relative to the root.
        tree_of: path -> id of the blob in the commit; None or left out where there is none.

    Returns:
        Paths that are staged, unmerged, modified, deleted, or where something untracked or a folder is in the way; in
        the order given. Line endings and filters are taken into account as Git does.
    """
    index = read_index(root, paths)
    # What `ls-files` calls changed may be so in its size only, by line endings; what is trusted was not looked at.
    unclear = [path for path, entry in index.items() if entry.is_trusted or entry.is_touched]
    same = {path for path, kept in zip(unclear, kept_in(root, unclear), strict=True) if kept == index[path].kept}
    folders: dict[str, bool] = {}
    dirty = []
    for path in paths:
        entry, expected = index.get(path), tree_of.get(path)
        found = entry.blob if entry else None
        if found != expected or _is_in_the_way(root, posixpath.dirname(path), folders):
            dirty.append(path)
        elif entry is None or entry.is_skipped:
            if os.path.lexists(root / path):
                dirty.append(path)
        elif entry.is_unmerged or ((entry.is_touched or entry.is_trusted) and path not in same):
            dirty.append(path)
    return dirty


def bring_in(root: Path, changes: Sequence[FileChange], *, keep: str = "", index_only: bool = False) -> None:
    """Change files in the work tree and in the user's index, so that `git status` shows them clean in the new commit.

    A file that has been changed already is left as it is, so that a call that was interrupted can be made again, and
    one that was not finished can be taken back by a call with every change undone. Files outside of a sparse checkout
    change in the index only.

    Args:
        root: the work tree.
        changes: each path at most once. The blobs are in the repository.
        keep: folder that stays even where it becomes empty, POSIX; those below it do not.
        index_only: leave the work tree as it is, whatever it holds.

    Raises:
        RetryError: a file is not what it should be, or somebody else holds the index. Files may have been changed.
        RefusedError: a path leads out of the work tree.
        UsageError: the disk refuses, or a link or a folder is in a file's place.
    """
    if not changes:
        return
    for change in changes:
        _refuse_odd(root, change.path)
    index = read_index(root, [change.path for change in changes])
    _check_index(changes, index)
    if index_only:
        _wait_for_index(root)
    else:
        _bring_into_work_tree(root, changes, index, keep)
    _update_index(root, changes, index)


def _bring_into_work_tree(
    root: Path, changes: Sequence[FileChange], index: Mapping[str, IndexEntry], keep: str
) -> None:
    shown = [change for change in changes if not (change.path in index and index[change.path].is_skipped)]
    present = _present_of(root, shown)
    _wait_for_index(root)
    due = [change for change in shown if change.path in present]
    wanted = _checked_out(root, {change.path: change.new for change in due if change.new is not None})
    gone = [change for change in due if change.new is None]
    _swap_each(root, gone, wanted, present)  # what goes makes room for what comes
    for change in gone:
        _remove_empty(root, posixpath.dirname(change.path), keep)
    _swap_each(root, [change for change in due if change.new is not None], wanted, present)


def _refuse_odd(root: Path, path: str) -> None:
    if path != posixpath.normpath(path) or path.startswith("/") or path in {".", ".."} or "\0" in path:
        raise RefusedError(f"{path!r} is not a path of a file in the repository")
    refuse_outside(root / path, root)


def _check_index(changes: Sequence[FileChange], index: Mapping[str, IndexEntry]) -> None:
    for change in changes:
        entry = index.get(change.path)
        if entry and entry.is_unmerged:
            raise RetryError(f"{change.path} is unmerged", hint="resolve the merge first")
        if (entry.blob if entry else None) not in {change.old, change.new}:
            raise RetryError(f"{change.path} has been staged", hint="commit it, or take it back out of the index")


def _present_of(root: Path, changes: Sequence[FileChange]) -> dict[str, bytes | None]:
    """The bytes of the files that are still to be changed; those that hold what they should are left out."""
    present: dict[str, bytes | None] = {}
    ids: dict[str, str | None] = {}
    for change in changes:
        with snapshot(root / change.path) or contextlib.nullcontext() as seen:
            data = seen.data if seen else None
        present[change.path] = data
        ids[change.path] = None if data is None else _raw_id(data, change.old or change.new or "")
    # Bytes that are no blob's own may be another form of it, by line endings or a filter: Git knows.
    unclear = [change.path for change in changes if ids[change.path] not in {None, change.old, change.new}]
    ids |= zip(unclear, clean_ids(root, unclear), strict=True)
    for change in changes:
        if ids[change.path] == change.new:
            del present[change.path]
        elif ids[change.path] != change.old:
            raise RetryError(f"{change.path} was changed by another program", hint=_AGAIN)
    return present


def _raw_id(data: bytes, like: str) -> str:
    return blob_id(data, sha256=len(like) == 64).decode()


def _swap_each(
    root: Path, changes: Sequence[FileChange], wanted: Mapping[str, bytes], present: Mapping[str, bytes | None]
) -> None:
    def work(change: FileChange) -> None:
        swap(root / change.path, wanted.get(change.path), present[change.path], exactly=True).close()

    if len(changes) <= _FEW:
        for change in changes:
            work(change)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_WORKERS) as pool:
        try:
            for done in [pool.submit(work, change) for change in changes]:
                done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _remove_empty(root: Path, folder: str, keep: str) -> None:
    with contextlib.suppress(OSError):  # it is not empty
        while folder and folder != keep.strip("/"):
            os.rmdir(root / folder)
            folder = posixpath.dirname(folder)


def _is_in_the_way(root: Path, folder: str, known: dict[str, bool]) -> bool:
    """Whether something that is no folder, a link to one included, has the place of a folder or of one above it."""
    if not folder:
        return False
    if folder not in known:
        try:
            is_other = not stat.S_ISDIR(os.lstat(root / folder).st_mode)
        except OSError:
            is_other = False
        known[folder] = is_other or _is_in_the_way(root, posixpath.dirname(folder), known)
    return known[folder]


def _checked_out(root: Path, blobs: Mapping[str, str]) -> dict[str, bytes]:
    """The bytes that a checkout would write: path -> the blob's, with the path's line endings and filters."""
    odd = {path for path in blobs if "\n" in path or path[:1].isspace()}
    found = {path: run_git(root, "cat-file", "--filters", f"--path={path}", blobs[path]) for path in odd}
    plain = [path for path in blobs if path not in odd]
    # The sizes that are printed are those before filtering, so an object that cannot be there marks every end.
    mark = uuid.uuid4().hex
    asked = "".join(f"{blobs[path]} {path}\n{mark}\n" for path in plain).encode()
    printed = run_git(root, "cat-file", "--batch", "--buffer", "--filters", stdin=asked) if plain else b""
    for path, answer in zip(plain, printed.split(f"\n{mark} missing\n".encode())[:-1], strict=True):
        header, is_there, content = answer.partition(b"\n")
        if not is_there:
            hint = "fetch the whole history: git fetch --unshallow"
            raise GitError(f"object {header.decode().split()[0]} is missing from the repository", hint=hint)
        found[path] = content
    return found


def _wait_for_index(root: Path) -> None:
    """Before anything is written: a commit may be waiting for its message, and holds the index for as long."""
    index = os.fsdecode(run_git(root, "rev-parse", "--git-path", "index")[:-1])
    for _ in range(_TRIES):
        if not os.path.lexists(root / (index + ".lock")):
            return
        time.sleep(_PAUSE_S)
    raise RetryError("another git command holds the index", hint="wait for it to end, then run the command again")


def _update_index(root: Path, changes: Sequence[FileChange], index: Mapping[str, IndexEntry]) -> None:
    lines = []
    for change in changes:
        entry = index.get(change.path)
        mode = entry.mode if entry else "100644"
        lines.append(index_line(change.path, mode, change.new) if change.new else index_line(change.path, "0", ""))
    _with_index(root, "--index-info", stdin=b"".join(lines))
    left = [change.path for change in changes if change.new is not None and change.path in index]
    for flag, paths in (
        ("--skip-worktree", [path for path in left if index[path].is_skipped]),
        ("--assume-unchanged", [path for path in left if index[path].is_trusted]),
    ):
        if paths:  # a new line in the index has lost it
            _with_index(root, flag, "--stdin", stdin="".join(f"{path}\0" for path in paths).encode())
    with contextlib.suppress(GitError):  # else the next git command that trusts the index would take them for changed
        run_git(root, "update-index", "-q", "--unmerged", "--refresh", accept=(0, 1))


def _with_index(root: Path, *arguments: str, stdin: bytes) -> None:
    for _ in range(_TRIES):
        try:
            run_git(root, "update-index", "-z", *arguments, stdin=stdin)
        except GitError as error:
            if "File exists" not in error.message:
                raise
            _wait_for_index(root)
        else:
            return
    raise RetryError("another git command holds the index", hint="wait for it to end, then run the command again")
