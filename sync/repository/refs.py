"""Where HEAD is, and moving refs: all of them or none, and only from where they were seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.errors import GitError, RetryError
from sync.repository.git import Location, run_git
from sync.repository.plumbing import checked_id, is_id

_LOST_RACE = (  # what Git says when a ref is not where it was, or somebody is moving it
    "but expected",
    "reference already exists",
    "unable to resolve reference",
    "reference is missing",
    "File exists",
)
_UNDER_WAY = (  # in Git's own folder, one for each work tree; a rebase leaves CHERRY_PICK_HEAD too
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """One ref to move.

    Attributes:
        name: full name, such as `refs/journal/augment`; or HEAD, which is to be detached.
        new: the commit to point to; None to delete the ref.
        old: where it points to now; None where it must not exist.
    """

    name: str
    new: str | None
    old: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the work tree stands.

    Attributes:
        branch: full name of the ref; empty where HEAD is detached.
        commit: id; None on a branch without commits.
        is_shallow: whether the clone lacks part of the history.
        in_progress: `merge`, `rebase`, `cherry-pick`, `revert` or `bisect`; empty where nothing is under way.
    """

    branch: str
    commit: str | None
    is_shallow: bool
    in_progress: str


def base_ref(store: str, *, own: bool = False) -> str:
    """The ref that keeps what journal and store last agreed on; `own` for one that this work tree has for itself."""
    return f"refs/worktree/journal/{store}" if own else f"refs/journal/{store}"


def update_refs(root: Path, updates: Sequence[RefUpdate], *, reason: str) -> None:
    """Move refs in one transaction: all of them, or none.

    Args:
        root: the work tree.
        updates: each ref at most once.
        reason: one line for the reflogs.

    Raises:
        RetryError: a ref is no longer where it was, or another process is moving it.
        GitError: a name or an object is none, or the repository cannot be written.
    """
    if not updates:
        return
    commands = b"".join([b"start\0", *map(_command, updates), b"prepare\0commit\0"])
    try:
        run_git(root, "update-ref", "-m", reason, "--create-reflog", "-z", "--stdin", stdin=commands)
    except GitError as error:
        if any(sign in error.message for sign in _LOST_RACE):
            said = error.message.partition("cannot lock ref ")[2] or error.message
            raise RetryError(f"somebody else moved a ref: {said}", hint="run the command again") from error
        raise


def read_head(location: Location) -> Head:
    """Where HEAD of this work tree is, and what is under way in it.

    Raises:
        GitError: there is no repository.
    """
    asked = ("--is-shallow-repository", "--absolute-git-dir", "-q", "--verify", "HEAD")
    shallow, *lines = os.fsdecode(run_git(location.root, "rev-parse", *asked, accept=(0, 1))).split("\n")[:-1]
    commit = lines.pop() if is_id(lines[-1]) else None
    branch = run_git(location.root, "symbolic-ref", "-q", "HEAD", accept=(0, 1))
    return Head(
        branch=os.fsdecode(branch).rstrip("\n"),
        commit=commit,
        is_shallow=shallow == "true",
        in_progress=_under_way(Path("\n".join(lines))),
    )


def _under_way(git_dir: Path) -> str:
    for name, verb in _UNDER_WAY:
        if (git_dir / name).exists():
            return verb
    try:  # between two commits of a sequence only its list of things to do is left
        verb = (git_dir / "sequencer" / "todo").read_text(encoding="utf-8", errors="replace").partition(" ")[0]
    except OSError:
        return ""
    return "revert" if verb == "revert" else "cherry-pick"


def _command(update: RefUpdate) -> bytes:
    """For `update-ref -z --stdin`, where a value that is left out must not exist."""
    if not (update.name.startswith("refs/") or update.name == "HEAD") or "\0" in update.name:
        raise GitError(f"{update.name!r} is not the name of a ref")
    name = update.name.encode("utf-8", "surrogateescape")
    new, old = (None if one is None else checked_id(one).encode() for one in (update.new, update.old))
    if new is not None:
        return b"create %s\0%s\0" % (name, new) if old is None else b"update %s\0%s\0%s\0" % (name, new, old)
    return b"verify %s\0\0" % name if old is None else b"delete %s\0%s\0" % (name, old)
