"""The branch's upstream: where it is, and catching up with it before a sync that is to be pushed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sync.engine.base import Base, load_base
from sync.engine.place import Place
from sync.errors import GitError, RefusedError
from sync.operations.journal import Journal, open_journal
from sync.operations.places import find_places
from sync.repository.checkout import dirty_paths
from sync.repository.git import run_git
from sync.repository.objects import list_tree
from sync.repository.refs import Head, RefUpdate, base_ref, read_head, update_refs

BASES = "refs/journal/"
OWN_BASES = "refs/worktree/journal/"
"""Where a linked work tree has those that are its alone."""

_FETCHED = "refs/journal-fetched/"  # only until they have been looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where the branch is pushed to.

    Attributes:
        remote: its name or address.
        branch: full name of the branch there.
    """

    remote: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a try begins with.

    Attributes:
        journal: the journal, with the settings of the commit that it begins at.
        head: where the branch is.
        bases: ref -> id of the bases here.
        pushed: ref -> id of the bases that the remote has.
        edited: files of stores in the repository that are not as they were committed.
    """

    journal: Journal
    head: Head
    bases: Mapping[str, str]
    pushed: Mapping[str, str]
    edited: frozenset[str]


def find_upstream(journal: Journal) -> Upstream:
    """Where `git push` would push to.

    Raises:
        RefusedError: no branch is checked out, or it follows one of another name.
        GitError: there is no remote.
    """
    head = read_head(journal.location)
    if not head.branch:
        raise RefusedError("no branch is checked out, so there is nothing to push to", hint="run: git switch <branch>")
    name = head.branch.removeprefix("refs/heads/")
    tracked = _config(journal, f"branch.{name}.remote")
    remote = _config(journal, f"branch.{name}.pushRemote") or _config(journal, "remote.pushDefault") or tracked
    merge = _config(journal, f"branch.{name}.merge") if remote == tracked else ""
    if merge not in {"", head.branch} and _config(journal, "push.default") not in {"upstream", "tracking"}:
        other = merge.removeprefix("refs/heads/")
        hint = f"run: git push --set-upstream {remote} {name}; or, if it is meant so: git config push.default upstream"
        raise RefusedError(f"{name} follows a branch of another name, {other} of {remote}", hint=hint)
    if not remote:
        remotes = os.fsdecode(run_git(journal.root, "remote")).split()
        if not remotes:
            raise GitError("there is no remote to push to", hint="run: git remote add origin <address>")
        remote = "origin" if "origin" in remotes else remotes[0]
    return Upstream(remote=remote, branch=merge or head.branch)


def _config(journal: Journal, key: str) -> str:
    return os.fsdecode(run_git(journal.root, "config", "--get", key, accept=(0, 1))).strip()


def catch_up(journal: Journal, upstream: Upstream) -> Start:
    """Move the branch forward to its upstream, and the bases of stores in the repository with it.

    The caller holds the lock.

    Raises:
        RefusedError: branch and upstream have diverged, or changes that are not committed are in the way.
        GitError: the remote cannot be reached.
    """
    root = journal.root
    _forget_fetched(journal)  # of a run that died
    try:
        there = os.fsdecode(run_git(root, "ls-remote", "--quiet", "--", upstream.remote, upstream.branch)).split()
        branch = [f"+{upstream.branch}:{_FETCHED}branch"] if upstream.branch in there[1::2] else []
        # In one go, so that branch and bases are of one push.
        wanted = [f"+{BASES}*:{_FETCHED}bases/*", *branch]
        run_git(root, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", upstream.remote, *wanted)
        fetched = read_refs(journal, _FETCHED)
        _move_forward(journal, upstream, fetched.get(f"{_FETCHED}branch"))
        journal = open_journal(root)  # the settings may have come with it
        stores = kept_inside(journal)
        prefix = f"{_FETCHED}bases/"
        pushed = {BASES + ref.removeprefix(prefix): at for ref, at in fetched.items() if ref.startswith(prefix)}
        _take_newer_bases(journal, with_shared_bases(stores), pushed)
    finally:
        _forget_fetched(journal)
    head = read_head(journal.location)
    edited = frozenset(path for place in stores.values() for path in _edited(journal, head, place))
    return Start(
        journal=journal, head=head, bases=read_refs(journal, BASES, OWN_BASES), pushed=pushed, edited=edited
    )  # fmt: skip


def _move_forward(journal: Journal, upstream: Upstream, theirs: str | None) -> None:
    head = read_head(journal.location)
    if theirs is None or head.commit == theirs or _is_ancestor(journal, theirs, head.commit):
        return
    if not _is_ancestor(journal, head.commit, theirs):
        hint = "bring them together first: git pull"
        raise RefusedError(f"{head.branch} and {upstream.remote} have diverged", hint=hint)
    plain = ("-c", "core.hooksPath=/dev/null", "-c", "merge.autoStash=false")
    try:
        run_git(journal.root, *plain, "merge", "--quiet", "--ff-only", theirs)
    except GitError as error:
        raise RefusedError(
            f"the branch cannot be moved forward: {error.message}", hint="commit your changes"
        ) from error


def _take_newer_bases(journal: Journal, stores: Mapping[str, Place], pushed: Mapping[str, str]) -> None:
    """Move the bases of stores that are kept in the repository to those of the remote, where those are newer."""
    present = read_refs(journal, BASES)
    updates = []
    for name, place in stores.items():
        ours, theirs = present.get(place.ref), pushed.get(place.ref)
        if theirs is not None and (new := _newer(journal, name, ours, theirs)) != ours:
            updates.append(RefUpdate(name=place.ref, new=new, old=ours))
    update_refs(journal.root, updates, reason="journal sync: fetched")


def _newer(journal: Journal, store: str, ours: str | None, theirs: str) -> str | None:
    """The newer one of two bases. Of branches that have been merged it is the one before both; None without such."""
    if _is_ancestor(journal, ours, theirs) or ours is None:
        return theirs
    if _is_ancestor(journal, theirs, ours):
        return ours
    mine, other = (load_base(journal.root, store, one) for one in (ours, theirs))
    if not isinstance(mine, Base) or not isinstance(other, Base) or _is_ancestor(journal, other.journal, mine.journal):
        return ours
    if _is_ancestor(journal, mine.journal, other.journal):
        return theirs
    shared = run_git(journal.root, "merge-base", "--all", ours, theirs, accept=(0, 1)).decode().split()
    return next((one for one in shared if isinstance(load_base(journal.root, store, one), Base)), None)


def with_shared_bases(stores: Mapping[str, Place]) -> dict[str, Place]:
    """Those of some stores whose bases are not one work tree's own."""
    return {name: place for name, place in stores.items() if place.ref == base_ref(name)}


def kept_inside(journal: Journal) -> dict[str, Place]:
    """The stores whose files the branch has."""
    head = read_head(journal.location)
    places = {name: one for name, one in find_places(journal, ()).items() if isinstance(one, Place)}
    return {
        name: place
        for name, place in places.items()
        if head.commit is not None and any(_committed(journal, head.commit, place))
    }


def _committed(journal: Journal, commit: str, place: Place) -> Iterator[tuple[str, str]]:
    """(path, blob id) of the files of a store that a commit has."""
    if place.inside is not None:
        file = f"{place.inside}/{place.file}".removeprefix("/")
        for path, blob in list_tree(journal.root, commit, place.inside).items():
            if not place.file or path == file:
                yield path, blob


def _edited(journal: Journal, head: Head, place: Place) -> list[str]:
    """Files of a store in the repository that hold what no commit has."""
    committed = dict(_committed(journal, head.commit or "", place))
    names = [place.file] if place.file else [one.name for one in place.folder.glob("*") if one.is_file()]
    present = [f"{place.inside}/{name}".removeprefix("/") for name in names]
    return dirty_paths(journal.root, list(dict.fromkeys([*committed, *present])), committed)


def _is_ancestor(journal: Journal, older: str | None, newer: str | None) -> bool:
    if older is None or newer is None:
        return older is None
    try:
        run_git(journal.root, "merge-base", "--is-ancestor", older, newer)
    except GitError:
        return False
    return True


def read_refs(journal: Journal, *prefixes: str) -> dict[str, str]:
    """Name -> id of the refs below some prefixes."""
    printed = run_git(journal.root, "for-each-ref", "--format=%(refname) %(objectname)", *prefixes)
    return dict(line.split(" ") for line in os.fsdecode(printed).splitlines())


def _forget_fetched(journal: Journal) -> None:
    gone = [RefUpdate(name=ref, new=None, old=at) for ref, at in read_refs(journal, _FETCHED).items()]
    update_refs(journal.root, gone, reason="journal sync: looked at")
