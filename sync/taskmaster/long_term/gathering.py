"""What the journal holds of the memories that it is owed: read with a few Git processes, however many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync.repository.git import read_blobs
from sync.repository.objects import resolve
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.long_term.deciding import Case
from sync.taskmaster.long_term.intent import Intent, current_base
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.long_term.reading import Broken, Reading
from sync.taskmaster.memory import ENTRY, MemoryId
from sync.taskmaster.tiers.protocol import Catalogue, Held


class Gatherer:
    """Gathers what is known of memories at the commit that the catalogue shows.

    Args:
        reading: where entries are read.
        catalogue: it.
        broken: the entries that cannot be read.
        last: the last flush.
    """

    def __init__(
        self, reading: Reading, catalogue: Catalogue, broken: Sequence[Broken], last: Intent | None = None
    ) -> None:
        self._reading, self._catalogue, self._last = reading, catalogue, last
        self._faults = {one.fault.path: one for one in broken}
        self._broken_ids = {one.id: one.fault.path for one in broken if one.id and not one.is_twin}

    def gather(self, commit: str | None, owed: Sequence[Held]) -> list[Case]:
        """One case for each memory, in the same order.

        Args:
            commit: the branch's; None where it has none.
            owed: what the working tier holds of them.
        """
        long = self._catalogue.get([one.memory.id for one in owed], ALWAYS)
        stated = {one.memory.id: one.base for one in owed}
        owed = [self._based(one, long.get(one.memory.id)) for one in owed]
        paths = {one.memory.id: self._path(one.memory.id, long) for one in owed}
        bases = list(dict.fromkeys(one.base for one in owed if one.base))
        names = [*(f"{commit}:{path}" for path in paths.values()), *bases] if commit else []
        found = resolve(self._reading.root, names) if names else [None] * len(paths)
        blobs = dict(zip(paths, found, strict=False))
        present = {blob for blob in found[len(paths) :] if blob}
        texts = self._texts({blob for blob in blobs.values() if blob} | present)
        taken: dict[str, MemoryId] = {}
        cases = []
        for one in owed:
            id_ = one.memory.id
            case = self._case(one, paths[id_], blobs.get(id_) or "", long.get(id_), texts)
            if case.path in taken or (case.ours is not None and not case.trouble and id_ not in long):
                case = self._longer(commit, one, texts)
            taken[case.path] = id_
            cases.append(replace(case, stated=stated[id_]))
        return cases

    def _based(self, one: Held, held: Held | None) -> Held:
        return replace(one, base=current_base(one, self._last, held.base if held else ""))

    def _path(self, id_: MemoryId, long: Mapping[MemoryId, Held]) -> str:
        """Where the entry lies, wherever a person has put it; else where it is to lie."""
        if id_ in long:
            return str(long[id_].memory.metadata[ENTRY])
        return self._broken_ids.get(id_) or path_of(self._reading.folder, id_)

    def _case(self, one: Held, path: str, blob: str, held: Held | None, texts: Mapping[str, str | None]) -> Case:
        base, ours = texts.get(one.base), texts.get(blob)
        trouble = ""
        if path in self._faults:
            trouble = f"its entry cannot be read: {self._faults[path].fault}"
        elif held is not None and held.base != blob:
            trouble = f"{path} is not what it was a moment ago"
        elif blob and ours is None:
            trouble = f"{path} is not UTF-8"
        return Case(held=one, path=path, base=base, ours=ours, blob=blob, trouble=trouble)

    def _longer(self, commit: str | None, one: Held, texts: Mapping[str, str | None]) -> Case:
        """The case of a memory whose short name another memory's entry has."""
        path = path_of(self._reading.folder, one.memory.id, long=True)
        blob = resolve(self._reading.root, [f"{commit}:{path}"])[0] if commit else None
        trouble = f"{path} is in the way" if blob else ""
        return Case(held=one, path=path, base=texts.get(one.base), trouble=trouble, is_long=True)

    def _texts(self, blobs: set[str]) -> dict[str, str | None]:
        wanted = sorted(blobs)
        contents = read_blobs(self._reading.root, [blob.encode() for blob in wanted])
        return {blob: _decoded(data) for blob, data in zip(wanted, contents, strict=True)}


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
