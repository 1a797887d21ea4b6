"""The catalogue follows HEAD: what changed between the commit that it shows and the one that HEAD names is read.

A commit that is gone from the repository, or a catalogue that shows none, means that all entries are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sync.document.naming import skip_reason
from sync.engine.guards import MOST_DELETIONS, MOST_DELETIONS_SHARE
from sync.errors import GitError, RefusedError, RetryError
from sync.repository.git import Location
from sync.repository.objects import list_tree, resolve
from sync.repository.tips import changed_blobs, read_tip
from sync.taskmaster.long_term.broken import load_broken, save_broken
from sync.taskmaster.long_term.copies import ALWAYS, copy_of
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.long_term.port import Followed
from sync.taskmaster.long_term.reading import Broken, Found, Reading, twin_of
from sync.taskmaster.memory import ENTRY, MemoryId
from sync.taskmaster.tiers.protocol import Catalogue, Held
from sync.taskmaster.writing import Write

Progress = Callable[[int, int], None]
_CHUNK = 2_000
_PAGE = 1_000
_TRIES = 5


class Follower:
    """Lets a catalogue follow HEAD. Any process may, at any time; nobody is locked out.

    Args:
        location: the repository.
        state_folder: where faults are kept.
        reading: where entries are read.
        catalogue: as it is, values that are objects not loaded.
    """

    def __init__(self, location: Location, state_folder: Path, reading: Reading, catalogue: Catalogue) -> None:
        self._location, self._state, self._reading = location, state_folder, reading
        self._catalogue = catalogue

    def follow(self, progress: Progress = lambda _done, _total: None) -> Followed | None:
        """Show what HEAD says.

        Args:
            progress: told how many entries have been read, and how many there are, where all are.

        Returns:
            What is new; None where nothing has moved.

        Raises:
            GitError: the repository cannot be read.
            RetryError: others let it follow at the same time, again and again.
        """
        for _ in range(_TRIES):
            commit, before = read_tip(self._location) or "", self._catalogue.commit()
            if commit == before:
                return None
            found = self._changed(before, commit) if before and commit else None
            followed = found.apply() if found else self._rebuilt(before, commit, progress)
            if followed is not None:
                return followed
        raise RetryError("the journal moves all the time", hint="run the command again")

    def faults(self) -> tuple[Broken, ...]:
        """The entries that cannot be read, at the commit that the catalogue shows."""
        return load_broken(self._state, self._catalogue.commit())

    def _changed(self, before: str, commit: str) -> _Step | None:
        """What changed between two commits; None where the one before is gone."""
        try:
            changes = changed_blobs(self._reading.root, before, commit, self._reading.folder)
            was = list(self._reading.read({path: old for path, (old, _new) in changes.items() if old}))
            now = list(self._reading.read({path: new for path, (_old, new) in changes.items() if new}))
        except GitError:
            if resolve(self._reading.root, [f"{commit}^{{commit}}"])[0] is None:
                raise
            return None
        step = _Step(self._catalogue, self._state, self._reading.folder, commit, before, frozenset(changes))
        step.broken = [one for one in load_broken(self._state, before) if one.fault.path not in changes]
        left = {one.record.id for one in was if isinstance(one, Found)}
        heirs = [one.fault.path for one in step.broken if one.is_twin and one.id in left]
        blobs = resolve(self._reading.root, [f"{commit}:{path}" for path in heirs]) if heirs else []
        now += self._reading.read({path: blob for path, blob in zip(heirs, blobs, strict=True) if blob})
        step.broken = [one for one in step.broken if one.fault.path not in heirs]
        step.take(now, left)
        return step

    def _rebuilt(self, before: str, commit: str, progress: Progress) -> Followed | None:
        root, folder = self._reading.root, self._reading.folder
        listed = list_tree(root, commit, folder) if commit else {}
        blobs = {path: blob for path, blob in sorted(listed.items()) if not skip_reason(path)}
        step = _Step(self._catalogue, self._state, folder, commit, before, frozenset(blobs), is_rebuilt=True)
        paths = list(blobs)
        for start in range(0, len(paths), _CHUNK):
            part = {path: blobs[path] for path in paths[start : start + _CHUNK]}
            step.take(list(self._reading.read(part)), ())
            if not step.apply_part():
                return None
            progress(start + len(part), len(paths))
        step.sweep()
        return step.apply()


@dataclass(slots=True)
class _Step:
    """One step of a catalogue, in the making.

    Attributes:
        catalogue, state, folder, commit, before: as of the follower.
        changed: paths that are looked at: what the catalogue shows of others holds.
        is_rebuilt: whether all are.
        owners: the path that each memory is read from.
        told: what was written in parts already.
    """

    catalogue: Catalogue
    state: Path
    folder: str
    commit: str
    before: str
    changed: frozenset[str]
    is_rebuilt: bool = False
    writes: dict[MemoryId, Write] = field(default_factory=dict)
    gone: dict[MemoryId, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    owners: dict[MemoryId, Found | str] = field(default_factory=dict)
    told: list[Write] = field(default_factory=list)

    def take(self, now: Sequence[Found | Broken], left: Iterable[MemoryId]) -> None:
        """Take over what entries say now.

        Args:
            now: entries that are new, or were changed.
            left: memories whose entries are no longer what they were.
        """
        found = [one for one in now if isinstance(one, Found)]
        self.broken += [one for one in now if isinstance(one, Broken)]
        ids = {*(one.record.id for one in found), *left}
        present = self.catalogue.get(ids, ALWAYS) if ids else {}
        kept = self._kept()
        for one in found:
            self._own(one, present.get(one.record.id))
        new = {id(one) for one in found}
        for id_ in ids:
            owner, held = self.owners.get(id_), present.get(id_)
            if isinstance(owner, Found) and id(owner) in new:
                self.writes[id_] = copy_of(owner, held)
            elif owner is None and held is not None and not kept(id_, held) and _path(held) in self.changed:
                self.gone[id_] = held.memory.version

    def sweep(self) -> None:
        """Of a catalogue that is made anew: what it holds and no entry says is gone."""
        kept, after = self._kept(), None
        while page := self.catalogue.page("", ALWAYS, below=True, after=after, limit=_PAGE):
            after = page[-1].memory.id
            self.gone |= {
                held.memory.id: held.memory.version
                for held in page
                if held.memory.id not in self.owners and not kept(held.memory.id, held)
            }

    def apply_part(self) -> bool:
        """Write what there is so far; the catalogue goes on showing the commit before."""
        writes = list(self.writes.values())
        self.told += writes
        self.writes = {}
        return not writes or self.catalogue.follow(self.before, self.before, writes, ())

    def apply(self) -> Followed | None:
        """Show the commit; None where somebody else was quicker."""
        count = self.catalogue.count() if len(self.gone) > MOST_DELETIONS else 0
        broken = sorted(self.broken, key=lambda one: one.fault.path)
        save_broken(self.state, self.commit, broken)
        if not self.catalogue.follow(self.commit, self.before, list(self.writes.values()), self.gone):
            return None
        return Followed(
            commit=self.commit,
            writes=(*self.told, *self.writes.values()),
            gone=self.gone,
            faults=tuple(one.fault for one in broken),
            is_rebuilt=self.is_rebuilt,
            refusal=refusal_of(len(self.gone), count),
        )

    def _own(self, one: Found, held: Held | None) -> None:
        """Of several entries of one memory its own path has it, else the first; the others are faults."""
        id_ = one.record.id
        at = _path(held) if held and not self.is_rebuilt else ""
        before = self.owners.get(id_, at if at and at not in self.changed else None)
        if before is None or before == one.path:
            self.owners[id_] = one
            return
        first = before if isinstance(before, str) else before.path
        if min((first, one.path), key=self._rank(id_)) == first:
            self.owners[id_] = before
            self.broken.append(twin_of(one, first))
        else:
            self.owners[id_] = one
            loser = Found(path=first, blob="", record=one.record) if isinstance(before, str) else before
            self.broken.append(twin_of(loser, one.path))

    def _rank(self, id_: MemoryId) -> Callable[[str], tuple[bool, str]]:
        own = (path_of(self.folder, id_), path_of(self.folder, id_, long=True))
        return lambda path: (path not in own, path)

    def _kept(self) -> Callable[[MemoryId, Held], bool]:
        """Whether a memory stays as it is because its entry is there and cannot be read."""
        ids = {one.id for one in self.broken if one.id and not one.is_twin}
        paths = {one.fault.path for one in self.broken if not one.is_twin}
        return lambda id_, held: id_ in ids or _path(held) in paths


def refusal_of(gone: int, count: int) -> RefusedError | None:
    """Why the tiers keep their copies of memories whose entries are gone; None where they need not.

    Args:
        gone: how many there are.
        count: how many memories the journal had.
    """
    if gone <= max(MOST_DELETIONS, MOST_DELETIONS_SHARE * count):
        return None
    hint = f"if that is right: journal flush --allow-deletes {gone}"
    return RefusedError(f"{gone} of {count} memories are gone from the journal; the other tiers keep them", hint=hint)


def _path(held: Held) -> str:
    return str(held.memory.metadata.get(ENTRY, ""))
