"""Ending conflicts without a store: in the commit alone, or in the work tree and the index of a Git merge."""

from __future__ import annotations

from collections.abc import Sequence

from sync.engine.conflict import Conflict
from sync.engine.guards import refuse_head
from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import commit, take_back
from sync.engine.messages import RESOLVED, TRAILER
from sync.engine.tracked import conflict_path, open_conflicts, with_memories
from sync.errors import RefusedError, RetryError
from sync.operations.journal import Journal
from sync.repository.exchange import swap
from sync.repository.files import read_or_none, refuse_outside
from sync.repository.git import run_git
from sync.repository.objects import resolve, write_blobs
from sync.repository.refs import read_head

Resolution = tuple[Conflict, str | None]
"""A conflict, and the entry's text from now on; None where it goes."""


def commit_resolved(journal: Journal, store: str, resolutions: Sequence[Resolution]) -> str:
    """Commit what was decided for a store that is elsewhere; its next sync sees that the record is gone.

    The caller holds the lock.

    Args:
        journal: the journal.
        store: the store's name.
        resolutions: conflicts that are recorded, `ours` as it was when they were decided.

    Returns:
        The commit's id.

    Raises:
        RefusedError: the repository is in no state for it, or an entry was deleted or renamed.
        RetryError: an entry changed meanwhile.
    """
    root, settings = journal.root, journal.settings
    repository = Repository(root=root, state_folder=journal.lock_folder, folder=settings.journal.removeprefix("."))
    head = read_head(journal.location)
    take_back(repository, head)
    refuse_head(branch=head.branch, in_progress=head.in_progress, is_shallow=False, allow_shallow=True)
    recorded = open_conflicts(root, head.commit, settings)
    for conflict, text in resolutions:
        _refuse_moved(journal, head.commit, recorded, conflict, text)
    entries = {one.path: text for one, text in resolutions if text != one.ours}
    contents: dict[str, bytes | None] = {
        path: None if text is None else text.encode() for path, text in entries.items()
    }
    blobs = resolve(root, [f"{head.commit}:{path}" for path in entries])
    known = {path: blob for path, blob in zip(entries, blobs, strict=True) if blob}
    memories = with_memories(root, head.commit, settings, entries, known)
    generated = {} if memories is None else {settings.memories: memories}
    records: dict[str, bytes | None] = {conflict_path(settings, one): None for one, _text in resolutions}
    paths = sorted(one.path for one, _text in resolutions)
    count = "a conflict" if len(paths) == 1 else f"{len(paths)} conflicts"
    resolved = [f"{RESOLVED}: {one.id}" for one, _text in resolutions]
    message = "\n".join([f"Resolve {count} with {store}", "", *paths, "", *resolved, f"{TRAILER}: {store}", ""])
    done = commit(
        repository, head, {**contents, **generated, **records}, message, author="", generated=tuple(generated)
    )
    return done.commit or ""


def _refuse_moved(
    journal: Journal, commit_id: str | None, recorded: dict[str, Conflict], conflict: Conflict, text: str | None
) -> None:
    record = recorded.get(conflict_path(journal.settings, conflict))
    blob = resolve(journal.root, [f"{commit_id}:{conflict.path}"])[0]
    present = run_git(journal.root, "cat-file", "blob", blob).decode("utf-8", "replace") if blob else None
    if record is None or present != conflict.ours:
        raise RetryError(f"{conflict.path} changed meanwhile", hint="look at it again: journal conflicts")
    if record.ours is not None and present is None and text is not None:
        hint = "if it is to stay deleted: journal resolve … --ours; else resolve it where the store is"
        raise RefusedError(f"{conflict.path} was deleted or renamed since the conflict was recorded", hint=hint)


def add_merged(journal: Journal, conflict: Conflict, text: str | None) -> str:
    """Put the text of an unmerged entry into the work tree and the index: that ends the conflict for Git.

    Args:
        journal: the journal.
        conflict: as it stands in the index.
        text: the merged text; None where the entry goes.

    Returns:
        Id of the blob that keeps what the file held, if that was none of the sides; else empty.

    Raises:
        RetryError: the file is being changed.
        RefusedError: the path leads out of the work tree.
    """
    root, path = journal.root, conflict.path
    file = root / path
    refuse_outside(file, root)
    present = read_or_none(file)
    sides = [side.encode() for side in (conflict.base, conflict.ours, conflict.theirs) if side is not None]
    before = "" if present is None or present in sides else write_blobs(root, [present])[0]
    if text is None:
        swap(file, None, present, exactly=True).close()
        run_git(root, "rm", "--quiet", "--cached", "--ignore-unmatch", "--", f":(literal,top){path}")
        return before
    (blob,) = write_blobs(root, [text.encode()])
    wanted = run_git(root, "cat-file", "--filters", f"--path={path}", blob)
    if wanted != present:
        swap(file, wanted, present, exactly=True).close()
    # A warning about line endings must not stop it, nor a pattern of .gitignore that the entry was added in spite of.
    run_git(root, "-c", "core.safecrlf=false", "add", "--force", "--", f":(literal,top){path}")
    return before
