"""Copies that other tiers hold take over what the journal says, where the journal is owed nothing about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync.taskmaster.long_term.copies import ALWAYS, said
from sync.taskmaster.memory import MemoryId, Tier
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
            orphans = _orphans(working, long) if may_drop else {}
            if orphans:
                self._working.drop(orphans)
            stale = self._stale(part, working, long, gone if may_drop else {})
            dropped += dict.fromkeys((*orphans, *stale))
        return Renewed(tuple(renewed), tuple(dropped))

    def orphans(self) -> list[MemoryId]:
        """The memories of the working tier whose entries the journal had, and has no longer."""
        found: list[MemoryId] = []
        after = None
        while page := self._working.page("", ALWAYS, below=True, after=after, limit=_PAGE):
            after = page[-1].memory.id
            held = {one.memory.id: one for one in page if one.base}
            found += _orphans(held, self._catalogue.get(list(held), ALWAYS))
        return found

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
        if entry is None or Tier.LONG in held.owed or held.base == entry.base:
            continue
        owed = held.homes - {Tier.LONG, Tier.WORKING}
        writes.append(
            Write(
                memory=entry.memory, seen=held.memory.version, homes=held.homes | {Tier.LONG}, owed=owed,
                tokens=tokens_of(entry.memory), base=entry.base, is_strict=True,
            )
        )  # fmt: skip
    return writes


def _orphans(working: Mapping[MemoryId, Held], long: Mapping[MemoryId, Held]) -> dict[MemoryId, int]:
    """Copies of entries that are gone, with their versions."""
    return {
        id_: held.memory.version
        for id_, held in working.items()
        if id_ not in long and held.base and Tier.LONG not in held.owed and not held.memory.is_forgotten
    }
