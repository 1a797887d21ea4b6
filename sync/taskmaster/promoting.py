"""Keeping what is used closer: what one tier found, the tier before it holds from then on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.taskmaster.catching_up import CatchUp
from sync.taskmaster.core import Core, Down
from sync.taskmaster.hits import Found
from sync.taskmaster.memory import Tier
from sync.taskmaster.tiers.protocol import Held, Use
from sync.taskmaster.writing import COPY_NEW, Write

_RELEVANT = 0.5
"""From which score on a memory that was found by its meaning alone is kept closer."""


class Promoter:
    """Counts uses and promotes; a tier that does not answer is left as it is.

    Args:
        core: what all parts share.
        catch_up: brings the short-term tier copies.
    """

    def __init__(self, core: Core, catch_up: CatchUp) -> None:
        self._core, self._catch_up = core, catch_up

    def used(self, hits: Sequence[Found], now: datetime) -> None:
        """Memories were recalled.

        Args:
            hits: what was found.
            now: when the recall began, aware, UTC.

        Effects:
            What was found in the long-term tier is held by the working tier too, and what was found there, by the
            short-term one; what was found by its meaning, where it answers well. Memories with rivals stay where those
            are kept, so that every recall tells of them. Events `memory:promoted`.
        """
        if not hits:
            return
        self._count(hits, now)
        if far := [one.held for one in hits if _is_far(one)]:
            self._to_working(far)
        if near := [one.held for one in hits if one.tier is Tier.WORKING and not one.held.rivals]:
            self._to_short(near)

    def _count(self, hits: Sequence[Found], now: datetime) -> None:
        took_s = max(0.0, (self._core.clock() - now).total_seconds())
        uses = [Use(id=one.id, at=now, took_s=took_s) for one in hits]
        health, tiers = self._core.health, self._core.tiers
        health.ask(Tier.SHORT, lambda: tiers.short.touch(uses))
        if above := [use for use, one in zip(uses, hits, strict=True) if not one.is_alone]:
            health.ask(Tier.WORKING, lambda: tiers.working.touch(above))

    def _to_working(self, far: Sequence[Held]) -> None:
        homes = frozenset({Tier.LONG, Tier.WORKING})
        writes = [
            Write(memory=one.memory, seen=COPY_NEW, homes=homes, tokens=tuple(one.tokens), base=one.base) for one in far
        ]
        done = self._core.health.ask(Tier.WORKING, lambda: self._core.tiers.working.put(writes))
        if not isinstance(done, Down):
            for held, stored in zip(far, done, strict=True):
                if stored.is_winner:
                    self._core.tell("memory:promoted", held.memory.id, tier=Tier.WORKING.value)

    def _to_short(self, near: Sequence[Held]) -> None:
        tokens = {one.memory.id: one.tokens for one in near}
        if self._catch_up.copy_short([one.memory for one in near], tokens) is None:
            for one in near:
                self._core.tell("memory:promoted", one.memory.id, tier=Tier.SHORT.value)


def _is_far(found: Found) -> bool:
    if found.tier is Tier.SEMANTIC:
        return found.score >= _RELEVANT and Tier.LONG in found.held.homes and not found.is_close
    return found.tier is Tier.LONG
