"""Syncing the journal with every store, both ways."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from itertools import count
from uuid import uuid4

from sync.engine.guards import Allowed, refuse_head
from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import commit, take_back
from sync.engine.messages import TRAILER, author_of
from sync.engine.options import Options
from sync.engine.place import Place
from sync.engine.syncing import StoreSync
from sync.engine.tree import Trees
from sync.errors import JournalError, UsageError
from sync.operations.gate import refuse_incoming
from sync.operations.import_ import ImportResult, has_foreign, import_locked, import_memories
from sync.operations.journal import Journal, Progress, no_progress
from sync.operations.places import find_places
from sync.operations.quick import made_from, marks, remember, uncommitted_entries
from sync.operations.recognising import Recogniser
from sync.operations.settling import settle_for
from sync.operations.spots import Spot, find_spots
from sync.operations.sync_result import StoreResult, SyncOptions, SyncResult, joined
from sync.repository.files import read_or_none, remove_leftovers
from sync.repository.git import run_git
from sync.repository.lock import lock
from sync.repository.refs import Head, read_head
from sync.stores.ledger import FOLDER as LEDGER
from sync.stores.ledger import load_ledger

__all__ = ["StoreResult", "SyncOptions", "SyncResult", "sync"]

_PASSES = 3  # what one store says reaches those before it in the second pass


def sync(journal: Journal, options: SyncOptions, *, now: datetime, progress: Progress = no_progress) -> SyncResult:
    """Sync the journal's branch with the stores, both ways.

    Args:
        journal: the journal, in a repository.
        options: what is to be done.
        now: aware; the date of entries that are imported by theme and whose memories name none. Nothing else depends
            on it.
        progress: told how many records have been decided.

    Returns:
        What was done. A store that a guard stopped is in it with its error, and keeps no other from being synced.

    Raises:
        RetryError: another run is at work.
        RefusedError: the repository is in no state to be committed to.
        UsageError: there is no such store.
    """
    if journal.location.git_dir is None:
        raise UsageError("a two-way sync takes its base from Git, and there is no repository", hint="run: journal init")
    run = _Run(journal, options, now, progress)
    if options.dry_run:
        return run.go()
    with lock(journal.lock_folder):
        # Marks are taken before the stores are read, so that what others write meanwhile shows.
        spots = find_spots(journal, options.stores)
        seen = {name: marks(spot) for name, spot in spots.items() if isinstance(spot, Spot)}
        result = run.go()
        _remember(journal, result, seen)
        return result


class _Run:
    def __init__(self, journal: Journal, options: SyncOptions, now: datetime, progress: Progress) -> None:
        self._journal, self._options, self._now, self._progress = journal, options, now, progress
        # The name sorts by time: `journal undo` asks which of two runs was later, nothing else does.
        self._name, self._steps = f"{time.time_ns():020}-{uuid4().hex}", count()
        self._repository = Repository(
            root=journal.root, state_folder=journal.lock_folder, folder=journal.settings.journal.removeprefix(".")
        )

    def go(self) -> SyncResult:
        journal, options = self._journal, self._options
        places = find_places(journal, options.stores)
        head = read_head(journal.location)
        left = [] if options.dry_run else self._take_back(places, head)
        refuse_head(
            branch=head.branch,
            in_progress=head.in_progress,
            is_shallow=head.is_shallow,
            allow_shallow=options.allow_shallow,
        )
        began: Head | None = head  # what is imported belongs to the first step, and is undone with it
        imported, head = self._import(places, head)
        results: dict[str, StoreResult] = {
            name: StoreResult(name=name, absent=place) for name, place in places.items() if isinstance(place, str)
        }
        synced_at: dict[str, Head] = {}
        for _ in range(_PASSES):
            for name, place in places.items():
                if isinstance(place, str) or (name in results and results[name].error) or synced_at.get(name) == head:
                    continue
                found, head = self._sync_one(place, head, began or head)
                began = None
                synced_at[name] = head
                results[name] = joined(results.get(name), found)
            if options.dry_run:
                break
        return SyncResult(
            stores=tuple(results[name] for name in places),
            imported=imported,
            commit=head.commit or "",
            uncommitted=uncommitted_entries(journal),
            left=tuple(left),
        )

    def _take_back(self, places: Mapping[str, Place | str], head: Head) -> list[str]:
        """Undo what a run that died had begun; other clones do not write where files of this repository lie."""
        inside = [place.folder for place in places.values() if isinstance(place, Place) and place.inside is not None]
        remove_leftovers([self._journal.lock_folder, *inside])
        return take_back(self._repository, head)

    def _sync_one(self, place: Place, head: Head, since: Head) -> tuple[StoreResult, Head]:
        journal, store = self._journal, place.store
        trees = Trees(journal.root, journal.state_folder, store.name, store.key, journal.settings.entries)
        options = Options(
            settle=settle_for(journal, place, head, self._options),
            allowed=Allowed(deletes=self._options.allow_deletes, all_changed=self._options.allow_all_changed),
            is_dry=self._options.dry_run,
            commits=self._options.commits,
            is_restored=self._options.restore,
            made_from=made_from(journal.settings, store.name),
            run=self._name,
            step=next(self._steps),
            since=since.commit or "",
            refuse_secrets=partial(refuse_incoming, journal),
            recognise=Recogniser(journal).in_plan,
            progress=self._progress,
        )
        try:
            done = StoreSync(self._repository, journal.settings, place, trees, options).run(head)
        except JournalError as error:
            return StoreResult(name=store.name, place=place.shown, error=error), read_head(journal.location)
        if done is None:
            return StoreResult(name=store.name, place=place.shown, absent="not on this machine"), head
        return StoreResult(name=store.name, place=place.shown, synced=done), done.head

    def _import(self, places: Mapping[str, Place | str], head: Head) -> tuple[ImportResult, Head]:
        """Import what stands in other files of Augment's folder, and commit it."""
        journal = self._journal
        if "augment" not in places:
            return ImportResult(absent="not asked for"), head
        if self._options.dry_run:
            return import_memories(journal, now=self._now, dry_run=True), head
        if not journal.absolute(journal.settings.augment).is_dir():
            return ImportResult(absent="not on this machine"), head
        if not has_foreign(journal):
            return ImportResult(), head
        imported = import_locked(journal, now=self._now)
        contents = self._imported_files() if self._options.commits else {}
        if not contents:
            return imported, head
        message = "\n".join(["Import from augment", "", *sorted(contents), "", f"{TRAILER}: augment", ""])
        return imported, commit(
            self._repository, head, contents, message, author=author_of("augment"),
            written=True,
        )  # fmt: skip

    def _imported_files(self) -> dict[str, bytes | None]:
        """Ledgers that are not committed yet, and their entries."""
        journal = self._journal
        folder = f"{journal.settings.journal}/{LEDGER}".removeprefix("./")
        found: dict[str, bytes | None] = {}
        for ledger in _untracked(journal, folder):
            data = read_or_none(journal.absolute(ledger)) or b""
            rows = load_ledger(data, ledger)
            entries = {f"{journal.settings.entries}/{row.entry}" for row in rows}
            present = {path: read_or_none(journal.absolute(path)) for path in entries}
            found |= {ledger: data, **{path: data for path, data in present.items() if data is not None}}
        return found


def _remember(journal: Journal, result: SyncResult, seen: Mapping[str, dict[str, list[int]]]) -> None:
    """Let the next sync see at once that nothing has changed, for stores that were found as they were agreed on."""
    agreed = {}
    for one in result.stores:
        base = one.synced.base if one.synced else None
        if base is not None and result.imported and result.imported.is_clean:
            agreed[one.name] = {
                "entries": base.entries,
                "base": base.commit,
                "count": base.count,
                "recalled": one.counts()["recalled"],
                "files": seen.get(one.name, {}),
            }
    remember(journal, agreed)


def _untracked(journal: Journal, folder: str) -> list[str]:
    where = f":(literal,top){folder}"
    rows = run_git(journal.root, "ls-files", "-z", "--others", "--exclude-standard", "--", where).split(b"\0")[:-1]
    return [row.decode("utf-8", "surrogateescape") for row in rows]
