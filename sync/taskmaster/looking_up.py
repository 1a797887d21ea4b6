"""What the tiers above the short-term one hold under some keys: asked at once, where one server holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sync.taskmaster.core import Core, Down, Tiers
from sync.taskmaster.memory import OBJECT, MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held, Mark

Looked: TypeAlias = dict[MemoryId, Held]
"""What a tier holds under some ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the tiers hold under a key before it is written.

    Attributes:
        working, long, short: what each holds; None for nothing.
        short_down: why the short-term tier was not asked.
    """

    working: Held | None
    long: Held | None
    short: Held | None
    short_down: Down | None = None

    @property
    def held(self) -> Held | None:
        """What counts: the working tier decides over what others hold."""
        return self.working or self.long or self.short

    @property
    def is_upstairs(self) -> bool:
        """Whether a tier above the short-term one holds the key, or held it and must still be told of its end."""
        return self.working is not None or self.long is not None


def look_up(core: Core, id_: MemoryId, now: datetime) -> Known:
    """What the tiers hold under a key.

    Raises:
        TierDownError: the working tier does not answer: nobody could tell what the key holds.
    """
    return look_up_all(core, [id_], now)[id_]


def look_up_all(core: Core, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Known]:
    """What the tiers hold under some keys; each tier is asked once.

    Raises:
        TierDownError: as `look_up`.
    """
    working, long = _both(core.tiers, ids, now)
    found = core.health.ask(Tier.SHORT, lambda: core.tiers.short.get(ids, now))
    short, down = ({}, found) if isinstance(found, Down) else (found, None)
    return {
        id_: Known(working=working.get(id_), long=long.get(id_), short=short.get(id_), short_down=down) for id_ in ids
    }


def look_above(core: Core, ids: Collection[MemoryId], now: datetime) -> tuple[Looked | Down, Looked | Down]:
    """What the working tier and the journal hold under some ids, with whole values; each as far as it answers."""
    tiers, health = core.tiers, core.health
    if tiers.together is None:
        working = health.ask(Tier.WORKING, lambda: tiers.working.get(ids, now))
        return working, _whole(core, ids, now)
    both = health.ask(Tier.WORKING, lambda: _both(tiers, ids, now))
    if isinstance(both, Down):
        return both, both
    working, long = both
    is_cut = any(OBJECT in one.memory.metadata for one in long.values())
    return working, _whole(core, ids, now) if is_cut else long


def marks_above(core: Core, tier: Tier, held: Sequence[Held], now: datetime) -> Mapping[MemoryId, Mark]:
    """What the tiers say, that are to know better than another one, of memories that it found.

    Args:
        core: what all parts share.
        tier: the other one: the working tier knows better than it, and the journal better than the short-term tier.
        held: what it found.
        now: aware, UTC.
    """
    tiers, health, ids = core.tiers, core.health, [one.memory.id for one in held]
    if tiers.together is not None:
        together = tiers.together
        both = health.ask(Tier.WORKING, lambda: together.marks(ids, now))
        working, long = ({}, {}) if isinstance(both, Down) else both
        return {**long, **working} if tier is Tier.SHORT else working
    marks = _marks_of(health.ask(Tier.WORKING, lambda: tiers.working.get(ids, now)))
    rest = [one for one in ids if one not in marks]
    if tier is Tier.SHORT and rest and (lookup := tiers.lookup) is not None:
        marks |= _marks_of(health.ask(Tier.LONG, lambda: lookup.get(rest, now)))
    return marks


def _both(tiers: Tiers, ids: Collection[MemoryId], now: datetime) -> tuple[Looked, Looked]:
    if tiers.together is not None:
        return tiers.together.get(ids, now)
    return tiers.working.get(ids, now), tiers.lookup.get(ids, now) if tiers.lookup else {}


def _whole(core: Core, ids: Collection[MemoryId], now: datetime) -> Looked | Down:
    catalogue = core.tiers.catalogue
    if catalogue is None:
        return Down(Tier.LONG, "there is no journal")
    return core.health.ask(Tier.LONG, lambda: catalogue.get(ids, now))


def _marks_of(found: Looked | Down) -> dict[MemoryId, Mark]:
    if isinstance(found, Down):
        return {}
    return {
        id_: Mark(version=one.memory.version, owed=one.owed, base=one.base, rivals=one.rivals)
        for id_, one in found.items()
    }
