"""Undoing the last sync, on both sides: with new commits, nothing is rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.engine.base import Base, load_base, load_files, load_undo
from sync.engine.guards import refuse_head
from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import commit, file_changes, refuse_dirty, take_back
from sync.engine.messages import TRAILER, author_of
from sync.engine.place import Place, read_whole, write_place
from sync.engine.sides import differing
from sync.engine.tracked import conflicts_folder, refuse_staged_store, tracked_store, with_memories
from sync.errors import JournalError, RefusedError, RetryError, UsageError
from sync.merge.entry import merge_texts
from sync.operations.journal import Journal
from sync.operations.places import find_places
from sync.repository.git import read_blob, run_git
from sync.repository.lock import lock
from sync.repository.objects import Changed, changed_files, commit_tree, make_tree, resolve
from sync.repository.refs import Head, RefUpdate, read_head, update_refs
from sync.stores.ledger import FOLDER as LEDGER
from sync.stores.protocol import Chunks, Files

_ROUNDS = 10  # how often a store that others write to at the same time is taken up again
_BY_HAND = "change it back by hand, or leave it as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was undone, or would be, with one store.

    Attributes:
        store: the store's name.
        entries: paths that are again what they were in the journal.
        records: keys that are again what they were in the store.
    """

    store: str
    entries: tuple[str, ...]
    records: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as the object that `--json` prints."""
        return {"store": self.store, "entries": list(self.entries), "records": list(self.records)}


def undo(journal: Journal, *, dry_run: bool = False) -> tuple[Undone, ...]:
    """Undo what the last run of `journal sync` did, with every store that it synced.

    What the sync changed is changed back, by a merge: later edits of other places stay. The next sync finds both sides
    as it found them before, and does the same again unless something is changed.

    Args:
        journal: the journal, in a repository.
        dry_run: write nothing.

    Returns:
        What was undone, the store that was synced last first.

    Raises:
        UsageError: there was no sync.
        RefusedError: what the sync changed has been changed again, or has changes that are not committed; nothing was
            written.
        RetryError: another run is at work.
    """
    if journal.location.git_dir is None:
        raise UsageError("there is no repository, so nothing can be undone")
    with lock(journal.lock_folder):
        return _Undo(journal, dry_run=dry_run).go()


@dataclass(slots=True, kw_only=True)
class _Store:
    """One store while its part of a run is undone.

    Attributes:
        place: where it lies.
        files: its files as they were read.
        found, now: its records as they were read, and without what the run did.
        last: its base.
        before: the base before the run; None where there was none.
        entries: paths of entries that become what they were.
    """

    place: Place
    files: Files
    found: Chunks
    now: dict[str, bytes]
    last: Base
    before: Base | None = None
    entries: set[str] = field(default_factory=set)


class _Undo:
    """A run is undone in memory, from its last agreement to its first, before anything is written.

    Then the bases go back first. From then on a death is harmless: both sides hold what the next sync finds equal, or
    does again. With the bases last, what the journal holds no more would count as deleted there.
    """

    def __init__(self, journal: Journal, *, dry_run: bool) -> None:
        self._journal, self._root, self._is_dry = journal, journal.root, dry_run
        self._repository = Repository(
            root=journal.root, state_folder=journal.lock_folder, folder=journal.settings.journal.removeprefix(".")
        )
        self._contents: dict[str, bytes | None] = {}

    def go(self) -> tuple[Undone, ...]:
        head = read_head(self._journal.location)
        if not self._is_dry:
            take_back(self._repository, head)
        refuse_head(branch=head.branch, in_progress=head.in_progress, is_shallow=head.is_shallow, allow_shallow=False)
        steps = self._last_run()
        stores: dict[str, _Store] = {}
        for place, base in steps:
            name = place.store.name
            store = stores[name] = stores.get(name) or self._read(place, base)
            self._undo_entries(head, store, base)
            self._undo_records(store, base)
            previous = load_base(self._root, name, base.previous) if base.previous else None
            store.before = previous if isinstance(previous, Base) else None
        self._refuse_dirty(head, stores)
        if not self._is_dry:
            self._write(head, stores)
        return tuple(
            Undone(
                store=name,
                entries=tuple(sorted(one.entries)),
                records=tuple(sorted(differing(one.found, one.now))),
            )
            for name, one in stores.items()
        )

    def _last_run(self) -> list[tuple[Place, Base]]:
        """What the last run agreed on, the last first: once with a store in each of its passes."""
        places = [one for one in find_places(self._journal, ()).values() if isinstance(one, Place)]
        found = [(place, load_base(self._root, place.store.name, place.ref)) for place in places]
        bases = [(place, one) for place, one in found if isinstance(one, Base) and one.place == place.identity]
        if not bases:
            raise UsageError("there was no sync yet, so there is nothing to undo", hint="run: journal log")
        run = max((one for _place, one in bases), key=self._age).run
        steps = []
        for place, last in bases:
            base: object = last
            while isinstance(base, Base) and base.run == run:
                steps.append((place, base))
                base = load_base(self._root, place.store.name, base.previous) if base.previous else None
        return sorted(steps, key=lambda step: step[1].step, reverse=True)

    def _age(self, base: Base) -> tuple[int, int, str]:
        """What is greater for a later run. A base that an undo brought back is younger than the sync that made it."""
        count = run_git(self._root, "rev-list", "--count", base.journal).strip()
        made = run_git(self._root, "show", "-s", "--format=%ct", base.commit).strip()
        return int(count), int(made), base.run

    def _read(self, place: Place, base: Base) -> _Store:
        files = read_whole(place)
        if files is None:
            raise RefusedError(f"{place.store.name}: the store is not on this machine", hint="put it back first")
        found = place.store.split(files)
        return _Store(place=place, files=files, found=found, now=dict(found), last=base)

    def _undo_entries(self, head: Head, store: _Store, base: Base) -> None:
        """The journal's files as they are without what the sync did."""
        settings = self._journal.settings
        since = base.since or make_tree(self._root, None, {})
        changed = changed_files(self._root, since, base.journal, settings.entries)
        changed += changed_files(self._root, since, base.journal, conflicts_folder(settings))
        changed += changed_files(self._root, since, base.journal, f"{settings.journal}/{LEDGER}".removeprefix("./"))
        for one in changed:
            wanted = {one.path: self._before(head, one)}
            if one.renamed_from:
                wanted = {one.renamed_from: wanted[one.path], one.path: None}
            for path, data in wanted.items():
                if data != self._present(head, path):
                    self._contents[path] = data
                    store.entries.add(path)

    def _before(self, head: Head, change: Changed) -> bytes | None:
        present, synced, before = self._present(head, change.path), self._text(change.new), self._text(change.old)
        there = self._present(head, change.renamed_from) if change.renamed_from else None
        if there is None and present == synced:
            return before
        if before == (there if change.renamed_from and present is None else present):
            return before  # somebody has changed it back already
        if there is None and present is not None and synced is not None and before is not None:
            merged = merge_texts(synced.decode(), present.decode(), before.decode()).text
            if merged is not None:
                return merged.encode()
        raise RefusedError(f"{change.path} has been changed again since the sync", hint=_BY_HAND)

    def _present(self, head: Head, path: str) -> bytes | None:
        if path not in self._contents:
            return self._text(resolve(self._root, [f"{head.commit}:{path}"])[0])
        return self._contents[path]

    def _text(self, blob: str | None) -> bytes | None:
        return None if blob is None else read_blob(self._root, blob)

    def _undo_records(self, store: _Store, base: Base) -> None:
        agreed = store.place.store.split(load_files(self._root, base, {}))
        for key, chunk in load_undo(self._root, base).items():
            if store.now.get(key) == chunk:
                continue
            if store.now.get(key) != agreed.get(key):
                message = f"{store.place.store.name}: {key} has been changed again since the sync"
                raise RefusedError(message, hint=_BY_HAND)
            if chunk is None:
                del store.now[key]
            else:
                store.now[key] = chunk

    def _refuse_dirty(self, head: Head, stores: Mapping[str, _Store]) -> None:
        refuse_dirty(self._repository, file_changes(self._repository, head, self._contents))
        for one in stores.values():
            refuse_staged_store(self._root, head.commit, one.place)

    def _write(self, head: Head, stores: Mapping[str, _Store]) -> None:
        moved = [self._base_before(head, one) for one in stores.values()]
        update_refs(self._root, moved, reason="journal undo")
        try:
            head = self._commit(head, stores)
        except JournalError:
            again = [RefUpdate(name=one.name, new=one.old, old=one.new) for one in moved]
            update_refs(self._root, again, reason="journal undo: given up")
            raise
        for name, one in stores.items():
            written = self._write_store(one)
            if contents := tracked_store(self._root, head.commit, one.place, written):
                message = f"Write {name}\n\n{TRAILER}: {name}\n"
                head = commit(self._repository, head, contents, message, author=author_of(name), written=True)

    def _base_before(self, head: Head, store: _Store) -> RefUpdate:
        """The base before the run is the base again, as a new commit; before the first one there is none.

        A base that others may have fetched is replaced even then, by a commit that is none, since a base that is
        missing here would be fetched from them.
        """
        place, name = store.place, store.place.store.name
        tree = None
        if store.before:
            tree = resolve(self._root, [f"{store.before.commit}^{{tree}}"])[0]
        elif tracked_store(self._root, head.commit, place, store.files):
            tree = make_tree(self._root, None, {})
        message = f"Agree again on what was before with {name}\n\n{TRAILER}: {name}\n"
        made = commit_tree(self._root, tree, [store.last.commit], message) if tree else None
        return RefUpdate(name=place.ref, new=made, old=store.last.commit)

    def _commit(self, head: Head, stores: Mapping[str, _Store]) -> Head:
        settings = self._journal.settings
        texts = {
            path: None if data is None else data.decode()
            for path, data in self._contents.items()
            if path.startswith(f"{settings.entries}/")
        }
        memories = with_memories(self._root, head.commit, settings, texts)
        generated = {} if memories is None else {settings.memories: memories}
        trailers = [f"{TRAILER}: {name}" for name in stores]
        subject = f"Undo the last sync with {', '.join(stores)}"
        message = "\n".join([subject, "", *sorted(self._contents), "", *trailers, ""])
        contents = {**self._contents, **generated}
        return commit(self._repository, head, contents, message, author="", generated=tuple(generated))

    def _write_store(self, one: _Store) -> Files:
        """Write a store without what the run did; what others write at the same moment stays."""
        store, changes = one.place.store, differing(one.found, one.now)
        before, others = one.files, one.files
        for _ in range(_ROUNDS):
            now = store.split(others)
            left = {key: chunk for key, chunk in changes.items() if now.get(key) == one.found.get(key)}
            joined = {**others, **store.join(others, left)}
            wanted = {name: data for name, data in joined.items() if data is not None}
            written = write_place(one.place, before, differing(before, wanted))
            if written.others is None:
                return written.present
            before, others = written.present, written.others
        raise RetryError(f"{one.place.shown} is being written all the time", hint="run: journal sync")
