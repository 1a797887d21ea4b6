"""Undoing the last sync, on both sides: with new commits, nothing is rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.engine.base import Base, load_base, load_files, load_undo
from sync.engine.guards import refuse_head
from sync.engine.journal_commit import Journal as Repository
from sync.engine.journal_commit import commit, file_changes, refuse_dirty, take_back
from sync.engine.messages import TRAILER
from sync.engine.place import Place, read_whole, write_place
from sync.engine.tracked import conflicts_folder, with_memories
from sync.errors import RefusedError, RetryError, UsageError
from sync.merge.entry import merge_texts
from sync.operations.journal import Journal
from sync.operations.places import find_places
from sync.repository.git import read_blob, run_git
from sync.repository.lock import lock
from sync.repository.objects import Changed, changed_files, commit_tree, make_tree, resolve
from sync.repository.refs import Head, RefUpdate, read_head, update_refs


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
        dry_run: write nothing; only the last agreement of each store is told then.

    Returns:
        What was undone, the last first.

    Raises:
        UsageError: there was no sync.
        RefusedError: what the sync changed has been changed again, or has changes that are not committed.
        RetryError: another run is at work.
    """
    if journal.location.git_dir is None:
        raise UsageError("there is no repository, so nothing can be undone")
    with lock(journal.lock_folder):
        return _Undo(journal, dry_run=dry_run).go()


class _Undo:
    def __init__(self, journal: Journal, *, dry_run: bool) -> None:
        self._journal, self._is_dry = journal, dry_run
        self._repository = Repository(
            root=journal.root, state_folder=journal.lock_folder, folder=journal.settings.journal.removeprefix(".")
        )

    def go(self) -> tuple[Undone, ...]:
        head = read_head(self._journal.location)
        if not self._is_dry:
            take_back(self._repository, head)
        refuse_head(branch=head.branch, in_progress=head.in_progress, is_shallow=head.is_shallow, allow_shallow=False)
        places = {name: one for name, one in find_places(self._journal, ()).items() if isinstance(one, Place)}
        found = self._bases(places)
        if not found:
            raise UsageError("there was no sync yet, so there is nothing to undo", hint="run: journal log")
        run = max(found.values(), key=lambda base: (self._made_at(base), base.step)).run
        done = []
        while last := max(
            ((base.step, name) for name, base in found.items() if base.run == run), default=None
        ):  # a run agrees with a store once in each of its passes
            name = last[1]
            done.append(self._undo_one(places[name], found[name]))
            found = {} if self._is_dry else self._bases(places)
        return tuple(done)

    def _bases(self, places: Mapping[str, Place]) -> dict[str, Base]:
        found = {name: load_base(self._journal.root, name, place.ref) for name, place in places.items()}
        return {name: base for name, base in found.items() if isinstance(base, Base)}

    def _made_at(self, base: Base) -> int:
        return int(run_git(self._journal.root, "show", "-s", "--format=%ct", base.commit).strip() or 0)

    def _undo_one(self, place: Place, base: Base) -> Undone:
        head = read_head(self._journal.location)
        contents = self._entries_before(head, base)
        changes, files = self._store_before(place, base)
        done = Undone(store=place.store.name, entries=tuple(sorted(contents)), records=tuple(sorted(changes)))
        if self._is_dry:
            return done
        refuse_dirty(self._repository, file_changes(self._repository, head, contents))
        name = place.store.name
        message = "\n".join([f"Undo the last sync with {name}", "", *sorted(contents), "", f"{TRAILER}: {name}", ""])
        memories = self._memories(head, contents)
        head = commit(self._repository, head, {**contents, **memories}, message, author="", generated=tuple(memories))
        written = write_place(place, files, place.store.join(files, changes))
        if written.others is not None:
            raise RetryError(f"{place.shown} was written by others at the same moment", hint="run: journal sync")
        self._move_base(place, base, head)
        return done

    def _entries_before(self, head: Head, base: Base) -> dict[str, bytes | None]:
        """The journal's files as they are without what the sync did."""
        settings, root = self._journal.settings, self._journal.root
        since = base.since or make_tree(root, None, {})
        changed = changed_files(root, since, base.journal, settings.entries)
        changed += changed_files(root, since, base.journal, conflicts_folder(settings))
        contents: dict[str, bytes | None] = {}
        for one in changed:
            contents[one.path] = self._before(head, one)
            if one.renamed_from:
                contents[one.renamed_from] = contents[one.path]
                contents[one.path] = None
        return contents

    def _before(self, head: Head, change: Changed) -> bytes | None:
        present = resolve(self._journal.root, [f"{head.commit}:{change.path}"])[0]
        if present == change.new:
            return self._text(change.old)
        ours, synced, before = (self._text(blob) for blob in (present, change.new, change.old))
        if ours is not None and synced is not None and before is not None:
            merged = merge_texts(synced.decode(), ours.decode(), before.decode()).text
            if merged is not None:
                return merged.encode()
        hint = "change it back by hand, or leave it as it is"
        raise RefusedError(f"{change.path} has been changed again since the sync", hint=hint)

    def _text(self, blob: str | None) -> bytes | None:
        return None if blob is None else read_blob(self._journal.root, blob)

    def _store_before(self, place: Place, base: Base) -> tuple[dict[str, bytes | None], dict[str, bytes]]:
        """(the records as they were before the sync, the store's files)."""
        before = load_undo(self._journal.root, base)
        files = read_whole(place)
        if files is None:
            raise RefusedError(f"{place.store.name}: the store is not on this machine", hint="put it back first")
        now, agreed = place.store.split(files), place.store.split(load_files(self._journal.root, base))
        for key in before:
            if now.get(key) != agreed.get(key):
                hint = "change it back by hand, or leave it as it is"
                raise RefusedError(f"{place.store.name}: {key} has been changed again since the sync", hint=hint)
        return before, files

    def _memories(self, head: Head, contents: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        settings = self._journal.settings
        texts = {
            path: None if data is None else data.decode()
            for path, data in contents.items()
            if path.startswith(f"{settings.entries}/")
        }
        memories = with_memories(self._journal.root, head.commit, settings, texts)
        return {} if memories is None else {settings.memories: memories}

    def _move_base(self, place: Place, base: Base, head: Head) -> None:
        """The base before it is the base again, as a new commit; before the first one there is none."""
        root = self._journal.root
        before = load_base(root, place.store.name, base.previous) if base.previous else None
        made = None
        if isinstance(before, Base):
            tree = resolve(root, [f"{before.commit}^{{tree}}"])[0] or ""
            message = f"Agree again on what was before with {place.store.name}\n\n{TRAILER}: {place.store.name}\n"
            made = commit_tree(root, tree, [base.commit, *([head.commit] if head.commit else [])], message)
        update_refs(root, [RefUpdate(name=place.ref, new=made, old=base.commit)], reason="journal undo")
