"""Reading: which tiers are asked, in which order, and when it is enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sync.taskmaster.core import JOURNAL, Core, Down
from sync.taskmaster.hits import Found, Wanted, add, best, current, is_enough, refuse_odd
from sync.taskmaster.looking_up import look_above, marks_above
from sync.taskmaster.memory import Memory, MemoryId, Tier, checked_key
from sync.taskmaster.promoting import Promoter
from sync.taskmaster.results import Recall, Recalled
from sync.taskmaster.scoring import Asked, read_asked, scores
from sync.taskmaster.tiers.protocol import Held, Items, Mark, TierDownError

T = TypeVar("T")

_FARTHER = 0.95  # what a score keeps for each step up to the context that has the memory: the nearest comes first
_HOLDERS = (Tier.SHORT, Tier.WORKING, Tier.LONG)


class Reader:
    """Recalls.

    Args:
        core: what all parts share.
        promoter: keeps what was found one tier closer.
        follow: lets the catalogue of the long-term tier show what the journal says now.
        is_allowed: whether a memory may be shown: not where it was shared by a rule that is gone.
    """

    def __init__(
        self, core: Core, promoter: Promoter, follow: Callable[[], None], is_allowed: Callable[[Memory], bool]
    ) -> None:
        self._core, self._promoter = core, promoter
        self._follow, self._is_allowed = follow, is_allowed

    def recall(self, wanted: Wanted) -> Recall:
        """See `MemoryManager.recall`."""
        line = line_of(self._core, wanted.context)
        return self.recall_in(line, replace(wanted, context=next(iter(line))))

    def recall_in(self, line: Mapping[str, float], wanted: Wanted) -> Recall:
        """What some contexts know.

        Args:
            line: full ids of contexts, each with what the score of its memories is multiplied by.
            wanted: what is asked of them.
        """
        refuse_odd(wanted)
        self._follow()
        now, asked = self._core.clock(), read_asked(wanted.query)
        found: dict[MemoryId, Found] = {}
        tiers: list[Tier] = []
        notes: list[str] = []
        for tier in self._tiers(wanted):
            tiers.append(tier)
            more = self._search(tier, asked, line, wanted, now)
            if isinstance(more, Down):
                notes.append(more.note)
                continue
            add(found, more)
            if is_enough(found, wanted, line):
                break
        hits = best(found, wanted)
        self._promoter.used(hits, now)
        asked_tiers = [tier.value for tier in tiers]
        self._core.tell("memory:recalled", MemoryId(wanted.context, ""), hits=len(hits), tiers=asked_tiers)
        return Recall(
            context=wanted.context,
            query=wanted.query,
            hits=tuple(self.shown(one, now) for one in hits),
            tiers=tuple(tiers),
            notes=tuple(notes),
        )

    def get(self, context: str, key: str, *, inherit: bool) -> Recalled | None:
        """See `MemoryManager.get`."""
        core, now = self._core, self._core.clock()
        own = core.rules.expand(context)
        self._follow()
        ids = [MemoryId(one, checked_key(key)) for one in (core.rules.lineage(own) if inherit else (own,))]
        found = self.newest(ids, now)
        one = next((found[id_] for id_ in ids if id_ in found), None)
        if one is None:
            self._refuse_doubt()
            return None
        self._promoter.used([one], now)
        return self.shown(one, now)

    def newest(self, ids: Sequence[MemoryId], now: datetime, *, archived: bool = False) -> dict[MemoryId, Found]:
        """What keys hold, whichever tier knows best; what is forgotten is left out, and archived unless asked for.

        The working tier knows best while it owes the journal something, else the newest version counts.
        """
        found: dict[MemoryId, Found] = {}
        rivals: dict[MemoryId, int] = {}
        if not ids:
            return {}
        short = self._ask(Tier.SHORT, lambda items: items.get(ids, now))
        above = look_above(self._core, ids, now)
        known = {id_ for held in above if not isinstance(held, Down) for id_ in held}
        for tier, held in zip(_HOLDERS, (short, *above), strict=True):
            if not isinstance(held, Down):
                add(found, [Found(one, tier, 1.0, is_alone=id_ not in known) for id_, one in held.items()])
                rivals |= {id_: one.rivals for id_, one in held.items() if one.rivals}
        found |= {id_: replace(found[id_], held=replace(found[id_].held, rivals=n)) for id_, n in rivals.items()}
        shown = {id_: one for id_, one in found.items() if not one.held.memory.is_forgotten}
        return {id_: one for id_, one in shown.items() if self._admits(one.held.memory, archived=archived)}

    def page(
        self, tier: Tier, context: str, now: datetime, *, below: bool, after: MemoryId | None, limit: int
    ) -> list[Held] | Down:
        """A page of one tier, see `Items.page`; nothing of a long-term tier that is not there."""
        if tier is Tier.LONG and self._core.tiers.catalogue is None:
            return []
        return self._ask(tier, lambda items: items.page(context, now, below=below, after=after, limit=limit))

    def shown(self, one: Found, now: datetime) -> Recalled:
        """A memory as callers get it; from now on they know its version."""
        memory = one.held.memory
        self._core.seen.note(memory.id, memory.version, one.held.base)
        return Recalled(
            memory=memory,
            tier=one.tier,
            score=round(one.score, 6),
            provenance=provenance(memory),
            age_s=max(0.0, (now - memory.updated).total_seconds()),
            rivals=one.held.rivals,
        )

    def _tiers(self, wanted: Wanted) -> list[Tier]:
        tiers = self._core.tiers
        has_long = tiers.catalogue is not None
        by_meaning = wanted.semantic and tiers.semantic is not None and bool(wanted.query.strip())
        return [Tier.SHORT, Tier.WORKING, *[Tier.LONG] * has_long, *[Tier.SEMANTIC] * by_meaning]

    def _ask(self, tier: Tier, work: Callable[[Items], T]) -> T | Down:
        tiers = self._core.tiers
        items = {Tier.SHORT: tiers.short, Tier.WORKING: tiers.working, Tier.LONG: tiers.catalogue}[tier]
        if items is None:
            return Down(tier, "there is no journal")
        return self._core.health.ask(tier, lambda: work(items))

    def _search(
        self, tier: Tier, asked: Asked, line: Mapping[str, float], wanted: Wanted, now: datetime
    ) -> list[Found] | Down:
        if tier is Tier.SEMANTIC:
            return self._by_meaning(asked, line, wanted, now)
        held: list[Held] = []
        marks: Mapping[MemoryId, Mark] = {}
        for pool in wanted.pools:
            found = self._ask(tier, lambda items, pool=pool: items.search(asked, list(line), pool, now))  # type: ignore[misc]
            if isinstance(found, Down):
                return found
            marks = marks_above(self._core, tier, found, now) if found and tier is not Tier.WORKING else {}
            held = [one for one in current(found, marks) if self._admits(one.memory, archived=wanted.archived)]
            if len(held) >= wanted.limit or len(found) < pool:
                break
        rated = scores(asked, [(one.memory, one.tokens) for one in held])
        is_short = tier is Tier.SHORT
        return [
            Found(one, tier, score * line[one.memory.context], is_alone=is_short and one.memory.id not in marks)
            for one, score in zip(held, rated, strict=True)
        ]

    def _by_meaning(self, asked: Asked, line: Mapping[str, float], wanted: Wanted, now: datetime) -> list[Found] | Down:
        semantic = self._core.tiers.semantic
        if semantic is None:
            return []
        near = self._core.health.ask(Tier.SEMANTIC, lambda: semantic.near(asked.text, list(line), wanted.pool))
        if isinstance(near, Down):
            return near
        newest = self.newest([one.id for one in near], now, archived=wanted.archived)
        return [
            Found(known.held, Tier.SEMANTIC, one.score * line[one.id.context], is_close=known.tier is not Tier.LONG)
            for one in near
            if (known := newest.get(one.id)) is not None
        ]

    def _refuse_doubt(self) -> None:
        """Nothing was found; but a tier that does not answer may hold it."""
        for tier in (Tier.SHORT, Tier.WORKING, Tier.LONG):
            if (down := self._core.health.why_not(tier)) is not None:
                raise TierDownError(down.note, hint="the memory may be held there: ask again when it answers")

    def _admits(self, memory: Memory, *, archived: bool) -> bool:
        return (archived or not memory.metadata.get("_archived")) and self._is_allowed(memory)


def provenance(memory: Memory) -> str:
    """Where a memory comes from, for people: what it was shared from, its entry, or its writer."""
    if shared := memory.metadata.get("_shared_from"):
        return f"shared from {shared}"
    if entry := memory.metadata.get("_entry"):
        return str(entry)
    return "the journal" if memory.writer == JOURNAL else f"written by {memory.writer}" if memory.writer else ""


def line_of(core: Core, context: str) -> dict[str, float]:
    """The contexts that one sees, nearest first, each with what the score of its memories is multiplied by."""
    lineage = core.rules.lineage(core.rules.expand(context))
    return {one: _FARTHER**steps for steps, one in enumerate(lineage)}
