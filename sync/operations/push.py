"""Syncing and pushing: where somebody else pushed meanwhile, the sync is done again on what they did.

Generated files are never rebased or merged: lines of two versions make a third that no entry stands behind. So the
commits of a sync that could not be pushed are taken back, and the sync is computed anew.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import take_back
from sync.errors import GitError, JournalError, RetryError, UsageError
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.sync import sync
from sync.operations.sync_result import SyncOptions, SyncResult
from sync.operations.upstream import (
    BASES,
    OWN_BASES,
    Start,
    Upstream,
    catch_up,
    find_upstream,
    kept_inside,
    read_refs,
    with_shared_bases,
)
from sync.repository.checkout import FileChange, bring_in
from sync.repository.files import write_atomic
from sync.repository.git import run_git
from sync.repository.lock import lock
from sync.repository.objects import changed_files
from sync.repository.plumbing import index_line
from sync.repository.refs import Head, RefUpdate, read_head, update_refs

TRIES = 5
JITTER_S = 5.0
"""Longest wait after the first refused push, in seconds; after the second twice that, and so on."""

JITTER_VARIABLE = "JOURNAL_PUSH_JITTER"
_RACES = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "failed to update ref",
    "cannot lock ref",
    "atomic push failed",
    "atomic transaction failed",
)


def sync_and_push(
    journal: Journal, options: SyncOptions, *, now: datetime, progress: Progress = no_progress
) -> SyncResult:
    """As `sync`, on the newest state of the branch's upstream, and push what came of it.

    Bases of stores that are kept in the repository are pushed with it.

    Raises:
        RetryError: somebody else was quicker, five times.
        RefusedError: the branch and its upstream have diverged; or as `sync`.
        GitError: there is no remote, it cannot be reached, or it refuses.
        UsageError: nothing is to be committed; or as `sync`.
    """
    if not options.commits:
        raise UsageError("what is not committed cannot be pushed", hint="leave out --push or --no-commit")
    upstream = find_upstream(journal)
    for attempt in range(1, TRIES + 1):
        with lock(journal.lock_folder):
            start = catch_up(journal, upstream)
        result = sync(start.journal, options, now=now, progress=progress)
        synced = read_refs(journal, BASES, OWN_BASES)
        if _push(start, upstream, result.commit):
            return result
        with lock(journal.lock_folder):
            _take_back(start, result.commit, synced)
        time.sleep(random.uniform(0, _jitter_s() * attempt) if attempt < TRIES else 0)
    hint = "nothing was lost; run it again later"
    raise RetryError(f"somebody else was quicker {TRIES} times, so nothing was pushed", hint=hint)


def _push(start: Start, upstream: Upstream, commit: str) -> bool:
    """Whether the branch and the bases of the stores in it are pushed; False where somebody else was quicker."""
    if not commit:
        return True
    journal = start.journal
    present = read_refs(journal, BASES)
    bases = [place.ref for place in with_shared_bases(kept_inside(journal)).values() if place.ref in present]
    # A base need not come from the one before it, but nobody may have moved it since it was looked at.
    leases = [f"--force-with-lease={ref}:{start.pushed.get(ref, '')}" for ref in bases]
    refs = [f"{commit}:{upstream.branch}", *(f"{ref}:{ref}" for ref in bases)]
    told = run_git(
        journal.root, "push", "--porcelain", "--atomic", *leases, "--", upstream.remote, *refs, accept=(0, 1)
    ).decode("utf-8", "replace")
    rows = told.splitlines()
    refused = [line for line in rows if line.startswith("!")]
    if any(sign in line for line in refused for sign in _RACES):
        return False
    if refused or "Done" not in rows:
        why = refused[0].split("\t")[-1] if refused else "by a hook of this repository"
        raise GitError(f"the push was refused: {why}", hint="what was synced is committed, and pushed by the next run")
    return True


def _take_back(start: Start, commit: str, synced: Mapping[str, str]) -> None:
    """Undo the commits of a sync that was not pushed. Stores keep what they were given: it is merged again."""
    journal, root, before = start.journal, start.journal.root, start.head
    head = read_head(journal.location)
    if (head.branch, head.commit or "") != (before.branch, commit):
        raise RetryError(f"{before.branch} was moved while it was pushed", hint="run the command again")
    if before.commit is None:
        return  # there is nothing to go back to
    moved = [] if head.commit == before.commit else [RefUpdate(name=head.branch, new=before.commit, old=head.commit)]
    changes = list(_changes(journal, head, before))
    repository = Repository(
        root=root, state_folder=journal.lock_folder, folder=journal.settings.journal.removeprefix(".")
    )
    told = {"commit": before.commit, "changes": [[one.path, one.old, one.new] for one in changes]}
    write_atomic(repository.intent, [json.dumps(told).encode()])
    try:
        # What an assistant wrote to a store in the repository is in no commit then: the file stays, Git's line goes.
        bring_in(root, [one for one in changes if one.path not in start.edited], keep=repository.folder)
        _unstage(journal, [one for one in changes if one.path in start.edited])
        update_refs(root, [*moved, *_restored(synced, start.bases)], reason="journal sync: not pushed")
    except JournalError:
        take_back(repository, head)
        raise
    repository.intent.unlink(missing_ok=True)


def _changes(journal: Journal, head: Head, before: Head) -> Iterator[FileChange]:
    for one in changed_files(journal.root, head.commit or "", before.commit or ""):
        if one.renamed_from:
            yield FileChange(one.renamed_from, one.old, None)
        yield FileChange(one.path, None if one.renamed_from else one.old, one.new)


def _unstage(journal: Journal, changes: Sequence[FileChange]) -> None:
    if changes:
        lines = [index_line(one.path, "100644" if one.new else "0", one.new or "") for one in changes]
        run_git(journal.root, "update-index", "-z", "--index-info", stdin=b"".join(lines))


def _restored(now: Mapping[str, str], before: Mapping[str, str]) -> list[RefUpdate]:
    return [
        RefUpdate(name=ref, new=before.get(ref), old=now.get(ref))
        for ref in {**now, **before}
        if now.get(ref) != before.get(ref)
    ]


def _jitter_s() -> float:
    try:
        return min(max(0.0, float(os.environ.get(JITTER_VARIABLE, JITTER_S))), 3600.0)
    except ValueError:
        return JITTER_S
