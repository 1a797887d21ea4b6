"""Committing to the journal: from a private index, only the journal's own paths, nothing half-done after a crash.

Objects are stored first. The plan of what changes is then written down, the work tree's clean files and their lines in
the index follow, and the branch moves last, by compare-and-swap: until it has, a run that died is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from sync.errors import JournalError, RefusedError, RetryError
from sync.repository.checkout import FileChange, bring_in, dirty_paths
from sync.repository.exchange import swap
from sync.repository.files import read_or_none, refuse_outside, remove_leftovers, write_atomic
from sync.repository.objects import commit_tree, make_tree, resolve, write_blobs
from sync.repository.refs import Head, RefUpdate, update_refs


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The repository that is committed to.

    Attributes:
        root: the work tree.
        state_folder: where the plan of a commit is kept until it is done.
        folder: the journal's folder, which stays even where it becomes empty.
    """

    root: Path
    state_folder: Path
    folder: str

    @property
    def intent(self) -> Path:
        """The plan's file; work trees share the folder, each has a plan of its own."""
        name = sha256(str(self.root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return self.state_folder / f"syncing-{name}.json"


def commit(
    journal: Journal,
    head: Head,
    contents: Mapping[str, bytes | None],
    message: str,
    *,
    author: str,
    generated: Sequence[str] = (),
    written: bool = False,
    known: Mapping[str, str] | None = None,
) -> Head:
    """Commit some files, and bring them into the work tree and the user's index.

    Args:
        journal: the repository.
        head: where the branch is now.
        contents: path -> new bytes, None for a file that goes.
        message: the commit's.
        author: `Name <address>`.
        generated: paths that are made from others: left out where they have changes, since they can be made again.
        written: the work tree holds the new bytes already.
        known: path -> blob id of the commit's entries, where the caller has them.

    Returns:
        Where the branch is then; the same where nothing changes.

    Raises:
        RefusedError: a file has changes that are not committed.
        RetryError: the branch moved, or a file was changed meanwhile; everything is as it was.
    """
    root = journal.root
    found = file_changes(journal, head, contents, known=known)
    changes = [one for one in found if one.path not in generated or not _is_dirty(journal, one)]
    if not changes:
        return head
    if not written:
        refuse_dirty(journal, [one for one in changes if one.path not in generated])
    tree = make_tree(root, head.commit, {one.path: one.new for one in changes})
    made = commit_tree(root, tree, [head.commit] if head.commit else [], message, author=author)
    told = {"commit": made, "written": written, "changes": [[one.path, one.old, one.new] for one in changes]}
    write_atomic(journal.intent, [json.dumps(told).encode()])
    try:
        bring_in(root, changes, keep=journal.folder, index_only=written)
        update_refs(root, [RefUpdate(name=head.branch, new=made, old=head.commit)], reason=message.splitlines()[0])
    except JournalError:
        take_back(journal, head)
        raise
    journal.intent.unlink(missing_ok=True)
    return Head(branch=head.branch, commit=made, is_shallow=head.is_shallow, in_progress="")


def put_in_work_tree(journal: Journal, head: Head, contents: Mapping[str, bytes | None]) -> None:
    """Write some files without a commit; the index stays as it is.

    Raises:
        RefusedError: a file has changes that are not committed.
    """
    changes = file_changes(journal, head, contents)
    refuse_dirty(journal, changes)
    for change in changes:
        refuse_outside(journal.root / change.path, journal.root)
        before = read_or_none(journal.root / change.path)
        swap(journal.root / change.path, contents[change.path], before, exactly=True).close()


def file_changes(
    journal: Journal, head: Head, contents: Mapping[str, bytes | None], *, known: Mapping[str, str] | None = None
) -> list[FileChange]:
    """What differs from the branch's commit; the blobs are stored."""
    present: dict[str, str | None] = dict.fromkeys(contents)
    asked = [] if head.commit is None else [path for path in contents if known is None or path not in known]
    if asked:
        present |= zip(asked, resolve(journal.root, [f"{head.commit}:{path}" for path in asked]), strict=True)
    present |= {path: blob for path, blob in (known or {}).items() if path in contents}
    wanted = [path for path, data in contents.items() if data is not None]
    blobs = dict(zip(wanted, write_blobs(journal.root, [contents[path] or b"" for path in wanted]), strict=True))
    return [FileChange(path, present[path], blobs.get(path)) for path in contents if present[path] != blobs.get(path)]


def refuse_dirty(journal: Journal, changes: Sequence[FileChange]) -> None:
    """Stop before a change that is not committed would be overwritten.

    Raises:
        RefusedError: one of the files is staged, modified, or in the way.
    """
    paths = [one.path for one in changes]
    if dirty := dirty_paths(journal.root, paths, {one.path: one.old for one in changes}):
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        hint = "commit them or put them aside (git stash), then run the command again"
        raise RefusedError(
            f"{dirty[0]}{more} has changes that are not committed, and the sync would change it", hint=hint
        )


def take_back(journal: Journal, head: Head) -> list[str]:
    """Undo what a commit that never came about left in the work tree and the index.

    Returns:
        Paths that were changed again since, and are left as they are.
    """
    data = read_or_none(journal.intent)
    if data is None:
        return []
    left: list[str] = []
    try:
        told = json.loads(data)
        changes = [FileChange(path, old, new) for path, old, new in told["changes"]]
        remove_leftovers({(journal.root / one.path).parent for one in changes})
        if told["commit"] != head.commit:
            present = resolve(journal.root, [f"{head.commit}:{one.path}" for one in changes])
            for one, blob in zip(changes, present, strict=True):
                back = FileChange(one.path, one.new, blob)
                try:  # what stood in the work tree before stays there: it may be all there is of it
                    bring_in(journal.root, [back], keep=journal.folder, index_only=bool(told.get("written")))
                except (RetryError, RefusedError):
                    left.append(one.path)
    except (ValueError, KeyError, TypeError):
        pass  # the plan itself was never finished, so nothing of it was begun
    journal.intent.unlink(missing_ok=True)
    return left


def _is_dirty(journal: Journal, change: FileChange) -> bool:
    return bool(dirty_paths(journal.root, [change.path], {change.path: change.old}))
