"""Reading: which tiers are asked, in which order, and when it is enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sync.errors import UsageError
from sync.taskmaster.core import JOURNAL, Core, Down
from sync.taskmaster.memory import Memory, MemoryId, Tier, checked_key
from sync.taskmaster.promoting import Promoter
from sync.taskmaster.results import Recall, Recalled
from sync.taskmaster.scoring import Asked, read_asked, scores
from sync.taskmaster.tiers.protocol import Held, Items, TierDownError

T = TypeVar("T")

MAX_LIMIT = 1_000
_FARTHER = 0.95  # what a score keeps for each step up to the context that has the memory: the nearest comes first
_POOL = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked; see `MemoryManager.recall`."""

    context: str
    query: str
    semantic: bool = True
    min_score: float = 0.25
    limit: int = 10
    archived: bool = False

    @property
    def pool(self) -> int:
        """How many memories a tier is asked for."""
        return max(_POOL, self.limit)


@dataclass(frozen=True, slots=True)
class Found:
    """A memory that a tier found, and how well it answers."""

    held: Held
    tier: Tier
    score: float

    @property
    def id(self) -> MemoryId:
        """The memory's."""
        return self.held.memory.id


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
        self.follow()
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
            _add(found, more)
            if _is_enough(found, wanted):
                break
        hits = _best(found, wanted)
        self._promoter.used([(one.held, one.tier, one.score) for one in hits], now)
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
        self.follow()
        ids = [MemoryId(one, checked_key(key)) for one in (core.rules.lineage(own) if inherit else (own,))]
        found = self.newest(ids, now)
        one = next((found[id_] for id_ in ids if id_ in found), None)
        if one is None:
            self._refuse_doubt()
            return None
        self._promoter.used([(one.held, one.tier, one.score)], now)
        return self.shown(one, now)

    def follow(self) -> None:
        """Let all tiers show what the journal says now, as far as the catalogue answers."""
        self._core.health.ask(Tier.LONG, self._follow)

    def newest(self, ids: Sequence[MemoryId], now: datetime, *, archived: bool = False) -> dict[MemoryId, Found]:
        """What keys hold, whichever tier knows best; what is forgotten is left out, and archived unless asked for.

        The working tier knows best while it owes the journal something, else the newest version counts.
        """
        found: dict[MemoryId, Found] = {}
        for tier in (Tier.SHORT, Tier.WORKING, Tier.LONG) if ids else ():
            held = self._ask(tier, lambda items: items.get(ids, now))
            if not isinstance(held, Down):
                _add(found, [Found(one, tier, 1.0) for one in held.values()])
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
        held = self._ask(tier, lambda items: items.search(asked, list(line), wanted.pool, now))
        if isinstance(held, Down):
            return held
        held = [
            one
            for one in (self._current(held, now) if tier is Tier.LONG else held)
            if self._admits(one.memory, archived=wanted.archived)
        ]
        rated = scores(asked, [(one.memory, one.tokens) for one in held])
        return [Found(one, tier, score * line[one.memory.context]) for one, score in zip(held, rated, strict=True)]

    def _by_meaning(self, asked: Asked, line: Mapping[str, float], wanted: Wanted, now: datetime) -> list[Found] | Down:
        semantic = self._core.tiers.semantic
        if semantic is None:
            return []
        near = self._core.health.ask(Tier.SEMANTIC, lambda: semantic.near(asked.text, list(line), wanted.pool))
        if isinstance(near, Down):
            return near
        held = self.newest([one.id for one in near], now, archived=wanted.archived)
        return [
            Found(held[one.id].held, Tier.SEMANTIC, one.score * line[one.id.context]) for one in near if one.id in held
        ]

    def _refuse_doubt(self) -> None:
        """Nothing was found; but a tier that does not answer may hold it."""
        for tier in (Tier.SHORT, Tier.WORKING, Tier.LONG):
            if (down := self._core.health.why_not(tier)) is not None:
                raise TierDownError(down.note, hint="the memory may be held there: ask again when it answers")

    def _admits(self, memory: Memory, *, archived: bool) -> bool:
        return (archived or not memory.metadata.get("_archived")) and self._is_allowed(memory)

    def _current(self, held: Sequence[Held], now: datetime) -> list[Held]:
        """Without what the working tier has changed or forgotten since, which it found by itself."""
        ids = [one.memory.id for one in held]
        above = self._ask(Tier.WORKING, lambda items: items.get(ids, now)) if ids else {}
        if isinstance(above, Down):
            return list(held)
        return [one for one in held if (own := above.get(one.memory.id)) is None or _knows_better(one, own) is one]


def _knows_better(one: Held, other: Held) -> Held:
    """Which of two tiers' versions counts."""
    for held in (one, other):
        if Tier.LONG in held.owed:
            return held
    return other if other.memory.version > one.memory.version else one


def _add(found: dict[MemoryId, Found], more: Sequence[Found]) -> None:
    """Of each memory the version that counts; of the same one the better score, from the tier that had it first."""
    for one in more:
        known = found.get(one.id)
        if known is None or _knows_better(known.held, one.held) is one.held:
            found[one.id] = one
        elif known.held.memory.version == one.held.memory.version and one.score > known.score:
            found[one.id] = replace(known, score=one.score)


def _is_enough(found: dict[MemoryId, Found], wanted: Wanted) -> bool:
    """Whether no further tier need be asked: the key itself was found, or as much as is wanted."""
    if any(one.held.memory.key == wanted.query.strip() and one.score >= wanted.min_score for one in found.values()):
        return True
    return sum(one.score >= wanted.min_score for one in found.values()) >= wanted.limit


def _best(found: dict[MemoryId, Found], wanted: Wanted) -> list[Found]:
    hits = [one for one in found.values() if one.score >= wanted.min_score and not one.held.memory.is_forgotten]
    hits.sort(key=lambda one: (-one.score, -one.held.memory.updated.timestamp(), one.id))
    return hits[: wanted.limit]


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


def refuse_odd(wanted: Wanted) -> None:
    """Stop where a question cannot be one.

    Raises:
        UsageError: it is none.
    """
    if not 1 <= wanted.limit <= MAX_LIMIT:
        raise UsageError(f"the limit {wanted.limit} is none", hint=f"give a number from 1 to {MAX_LIMIT}")
    if not 0 <= wanted.min_score <= 1:
        raise UsageError(f"the least score {wanted.min_score} is none", hint="give a number from 0 to 1")
    try:
        wanted.query.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the question is not Unicode") from error
