"""Syncing and pushing: where somebody else pushed meanwhile, the sync is done again on what they did.

Generated files are never rebased or merged: lines of two versions make a third that no entry stands behind. So the
commits of a sync that could not be pushed are taken back, and the sync is computed anew.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.errors import GitError, RefusedError, RetryError
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.places import find_places
from sync.operations.sync import sync
from sync.operations.sync_result import SyncOptions, SyncResult
from sync.repository.git import run_git
from sync.repository.lock import lock
from sync.repository.objects import list_tree, resolve
from sync.repository.refs import Head, RefUpdate, base_ref, read_head, update_refs

TRIES = 5
JITTER_S = 5.0
"""Longest wait after the first refused push, in seconds; after the second twice that, and so on."""

JITTER_VARIABLE = "JOURNAL_PUSH_JITTER"
_FETCHED = "refs/journal-fetched/"  # only until they have been looked at
_RACES = (
    "fetch first",
    "non-fast-forward",
    "stale info",
    "failed to update ref",
    "cannot lock ref",
    "atomic push failed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upstream:
    remote: str
    branch: str  # full name there


def sync_and_push(
    journal: Journal, options: SyncOptions, *, now: datetime, progress: Progress = no_progress
) -> SyncResult:
    """As `sync`, on the newest state of the branch's upstream, and push what came of it.

    Bases of stores that are kept in the repository are pushed with it.

    Raises:
        RetryError: somebody else was quicker, five times.
        RefusedError: the branch and its upstream have diverged; or as `sync`.
        GitError: there is no remote, or it cannot be reached.
    """
    upstream = _upstream(journal)
    for attempt in range(1, TRIES + 1):
        with lock(journal.lock_folder):
            before = _caught_up(journal, upstream)
            bases = _bases(journal)
        result = sync(journal, options, now=now, progress=progress)
        if _push(journal, upstream):
            return result
        with lock(journal.lock_folder):
            _take_back(journal, before, bases)
        time.sleep(random.uniform(0, _jitter_s() * attempt) if attempt < TRIES else 0)
    hint = "nothing was lost; run it again later"
    raise RetryError(f"somebody else was quicker {TRIES} times, so nothing was pushed", hint=hint)


def _upstream(journal: Journal) -> _Upstream:
    head = read_head(journal.location)
    if not head.branch:
        raise RefusedError("no branch is checked out, so there is nothing to push to", hint="run: git switch <branch>")
    name = head.branch.removeprefix("refs/heads/")
    printed = run_git(journal.root, "config", "--get", f"branch.{name}.remote", accept=(0, 1))
    remote = os.fsdecode(printed).strip()
    merge = os.fsdecode(run_git(journal.root, "config", "--get", f"branch.{name}.merge", accept=(0, 1))).strip()
    if not remote:
        remotes = os.fsdecode(run_git(journal.root, "remote")).split()
        if not remotes:
            raise GitError("there is no remote to push to", hint="run: git remote add origin <address>")
        remote = "origin" if "origin" in remotes else remotes[0]
    return _Upstream(remote=remote, branch=merge or head.branch)


def _caught_up(journal: Journal, upstream: _Upstream) -> Head:
    """The branch, moved forward to its upstream."""
    root = journal.root
    there = os.fsdecode(run_git(root, "ls-remote", "--quiet", "--", upstream.remote, upstream.branch, "refs/journal/*"))
    names = there.split()[1::2]
    if upstream.branch not in names:
        return read_head(journal.location)
    kept = {base_ref(name): f"{_FETCHED}{name}" for name in _kept_inside(journal) if base_ref(name) in names}
    wanted = [upstream.branch, *(f"+{ref}:{fetched}" for ref, fetched in kept.items())]
    run_git(root, "fetch", "--quiet", "--no-tags", "--", upstream.remote, *wanted)
    _take_newer_bases(journal, kept)
    head = read_head(journal.location)
    theirs = resolve(root, ["FETCH_HEAD"])[0]
    if theirs is None or head.commit == theirs or _is_ancestor(journal, theirs, head.commit):
        return head
    if not _is_ancestor(journal, head.commit, theirs):
        hint = "bring them together first: git pull"
        raise RefusedError(f"{head.branch} and {upstream.remote} have diverged", hint=hint)
    try:
        run_git(root, "-c", "core.hooksPath=/dev/null", "merge", "--quiet", "--ff-only", theirs)
    except GitError as error:
        raise RefusedError(
            f"the branch cannot be moved forward: {error.message}", hint="commit your changes"
        ) from error
    return read_head(journal.location)


def _take_newer_bases(journal: Journal, fetched: Mapping[str, str]) -> None:
    """Move the bases of stores that are kept in the repository to those of the remote, where those are newer."""
    names = [*fetched, *fetched.values()]
    found = dict(zip(names, resolve(journal.root, names), strict=True))
    newer = [
        RefUpdate(name=ref, new=found[other], old=found[ref])
        for ref, other in fetched.items()
        if found[ref] != found[other] and _is_ancestor(journal, found[ref], found[other])
    ]
    done = [RefUpdate(name=other, new=None, old=found[other]) for other in fetched.values() if found[other]]
    update_refs(journal.root, [*newer, *done], reason="journal sync: fetched")


def _kept_inside(journal: Journal) -> list[str]:
    """Names of the stores whose files the branch has."""
    head = read_head(journal.location)
    if head.commit is None:
        return []
    return [
        name
        for name, place in find_places(journal, ()).items()
        if not isinstance(place, str)
        and place.inside is not None
        and place.ref == base_ref(name)  # a linked work tree has its own
        and any(
            path == f"{place.inside}/{place.file}" or not place.file
            for path in list_tree(journal.root, head.commit, place.inside)
        )
    ]


def _is_ancestor(journal: Journal, older: str | None, newer: str | None) -> bool:
    if older is None or newer is None:
        return older is None
    try:
        run_git(journal.root, "merge-base", "--is-ancestor", older, newer)
    except GitError:
        return False
    return True


def _bases(journal: Journal) -> dict[str, str]:
    printed = run_git(journal.root, "for-each-ref", "--format=%(refname) %(objectname)", "refs/journal/")
    return dict(line.split(" ") for line in os.fsdecode(printed).splitlines())


def _push(journal: Journal, upstream: _Upstream) -> bool:
    """Whether the branch and the bases of the stores in it are pushed; False where somebody else was quicker."""
    present = _bases(journal)
    inside = [base_ref(name) for name in _kept_inside(journal)]
    refs = [f"HEAD:{upstream.branch}", *(f"{ref}:{ref}" for ref in inside if ref in present)]
    told = run_git(journal.root, "push", "--porcelain", "--atomic", "--", upstream.remote, *refs, accept=(0, 1)).decode(
        "utf-8", "replace"
    )
    refused = [line for line in told.splitlines() if line.startswith("!")]
    if refused and not any(sign in line for line in refused for sign in _RACES):
        raise GitError(f"the push was refused: {refused[0].split(chr(9))[-1]}", hint="ask who keeps the remote")
    return not refused


def _take_back(journal: Journal, before: Head, bases: Mapping[str, str]) -> None:
    """Undo the commits of a sync that was not pushed. Stores keep what they were given: it is merged again."""
    head = read_head(journal.location)
    if head.commit != before.commit and before.commit is not None:
        # --keep, unlike --hard, stops rather than overwrite a change that is not committed.
        run_git(journal.root, "reset", "--quiet", "--keep", before.commit)
    update_refs(journal.root, _restored(_bases(journal), bases), reason="journal sync: not pushed")


def _restored(now: Mapping[str, str], before: Mapping[str, str]) -> Sequence[RefUpdate]:
    return [
        RefUpdate(name=ref, new=before.get(ref), old=now.get(ref))
        for ref in {**now, **before}
        if now.get(ref) != before.get(ref)
    ]


def _jitter_s() -> float:
    try:
        return max(0.0, float(os.environ.get(JITTER_VARIABLE, JITTER_S)))
    except ValueError:
        return JITTER_S
