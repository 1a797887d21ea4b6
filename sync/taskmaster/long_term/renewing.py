"""Copies that other tiers hold take over what the journal says, where the journal is owed nothing about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.taskmaster.long_term.copies import ALWAYS, said
from sync.taskmaster.long_term.record import MISSING
from sync.taskmaster.memory import ENTRY, MemoryId, Tier
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.tiers.protocol import Catalogue, Held, Items, TierDownError, Working
from sync.taskmaster.writing import Write

_CHUNK = 500
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of copies: those that took the journal's value, and those that went."""

    renewed: tuple[MemoryId, ...] = ()
    dropped: tuple[MemoryId, ...] = ()


class Renewer:
    """Brings copies up to what the catalogue shows.

    Args:
        catalogue: with values that are objects loaded.
        working, short: the tiers that hold copies.
    """

    def __init__(self, catalogue: Catalogue, working: Working, short: Items | None) -> None:
        self._catalogue, self._working, self._short = catalogue, working, short

    def renew(self, ids: Iterable[MemoryId], gone: Mapping[MemoryId, int], *, may_drop: bool = True) -> Renewed:
        """Let copies of some memories say what the journal says.

        A copy that is changed at the same moment is left: what the journal is owed is merged by the next flush.

        Args:
            ids: the memories.
            gone: those of them that the journal no longer has, with the versions that they had.
            may_drop: whether copies go whose entries are gone; else they stay as they are.
        """
        wanted = list(dict.fromkeys(ids))
        renewed: list[MemoryId] = []
        dropped: list[MemoryId] = []
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            long, working = self._catalogue.get(part, ALWAYS), self._working.get(part, ALWAYS)
            writes = _takeovers(working, long)
            renewed += [one.memory.id for one in self._written(writes)]
            ending = _valueless(working, long) | (_orphans(working, long) if may_drop else {})
            if ending:
                self._working.drop(ending)
            stale = self._stale(part, working, long, gone if may_drop else {})
            dropped += dict.fromkeys((*ending, *stale))
        return Renewed(tuple(renewed), tuple(dropped))

    def orphans(self) -> dict[MemoryId, int]:
        """Copies whose entries the journal had, and has no longer, with their versions; the newest of each memory."""
        found: dict[MemoryId, int] = {}
        try:
            for page in _pages(self._short) if self._short is not None else ():
                copies = {one.memory.id: one for one in page if ENTRY in one.memory.metadata}
                found |= self._gone(copies) if copies else {}
        except TierDownError:
            pass  # its copies end by themselves
        for page in _pages(self._working):
            working = {one.memory.id: one for one in page}
            found = {id_: version for id_, version in found.items() if id_ not in working}
            found |= _orphans(working, self._catalogue.get(list(working), ALWAYS))
        return found

    def _gone(self, copies: Mapping[MemoryId, Held]) -> dict[MemoryId, int]:
        long = self._catalogue.get(list(copies), ALWAYS)
        return {id_: held.memory.version for id_, held in copies.items() if id_ not in long}

    def _written(self, writes: Sequence[Write]) -> list[Write]:
        stored = self._working.put(writes) if writes else []
        done = [(write, one) for write, one in zip(writes, stored, strict=True) if one.is_winner and one.memory]
        if done:
            self._working.settle(Tier.LONG, {}, {write.memory.id: write.base for write, _one in done})
        return [write for write, _one in done]

    def _stale(
        self,
        ids: Collection[MemoryId],
        working: Mapping[MemoryId, Held],
        long: Mapping[MemoryId, Held],
        gone: Mapping[MemoryId, int],
    ) -> dict[MemoryId, int]:
        """Drop what the short-term tier has of what the journal says otherwise, or no longer."""
        if self._short is None:
            return {}
        try:
            stale = {
                id_: held.memory.version
                for id_, held in self._short.get(ids, ALWAYS).items()
                if not (id_ in working and Tier.LONG in working[id_].owed) and _is_stale(held, long.get(id_), gone)
            }
            if stale:
                self._short.drop(stale)
        except TierDownError:
            return {}  # its copies end by themselves
        return stale


def _is_stale(held: Held, entry: Held | None, gone: Mapping[MemoryId, int]) -> bool:
    if entry is None:
        return held.memory.version <= gone.get(held.memory.id, -1)
    # its time there is another one
    return said(held.memory)[0] != said(entry.memory)[0] and held.memory.version <= entry.memory.version


def _takeovers(working: Mapping[MemoryId, Held], long: Mapping[MemoryId, Held]) -> list[Write]:
    """The writes by which copies take the journal's values."""
    writes = []
    for id_, held in working.items():
        entry = long.get(id_)
        if entry is None or not _is_behind(held, entry) or id_ in _valueless({id_: held}, long):
            continue
        owed = held.homes - {Tier.LONG, Tier.WORKING}
        writes.append(
            Write(
                memory=entry.memory, seen=held.memory.version, homes=held.homes | {Tier.LONG}, owed=owed,
                tokens=tokens_of(entry.memory), base=entry.base, is_strict=True,
            )
        )  # fmt: skip
    return writes


def _valueless(working: Mapping[MemoryId, Held], long: Mapping[MemoryId, Held]) -> dict[MemoryId, int]:
    """Copies that cannot take the journal's value over, since it is not here, with their versions."""
    return {
        id_: held.memory.version
        for id_, held in working.items()
        if id_ in long and _is_behind(held, long[id_]) and long[id_].memory.metadata.get(MISSING) and not held.rivals
    }


def _is_behind(held: Held, entry: Held) -> bool:
    """Whether a copy says something else than the journal, and the journal is not owed it."""
    return Tier.LONG not in held.owed and held.base != entry.base


def _orphans(working: Mapping[MemoryId, Held], long: Mapping[MemoryId, Held]) -> dict[MemoryId, int]:
    """Copies of entries that are gone, with their versions; not those whose rivals somebody has to decide about."""
    return {
        id_: held.memory.version
        for id_, held in working.items()
        if id_ not in long and held.base and not (Tier.LONG in held.owed or held.memory.is_forgotten or held.rivals)
    }


def _pages(items: Items) -> Iterator[list[Held]]:
    after = None
    while page := items.page("", ALWAYS, below=True, after=after, limit=_PAGE):
        yield page
        after = page[-1].memory.id
