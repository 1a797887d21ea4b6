"""Telling tiers what they have not been told yet: after an outage, after a crash, and a little behind every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from types import MappingProxyType

from sync.document.memory_settings import duration
from sync.taskmaster.context import tenant_of
from sync.taskmaster.core import Core, Down
from sync.taskmaster.lifting import lift
from sync.taskmaster.long_term.port import Followed
from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.results import CaughtUp
from sync.taskmaster.scoring import text_of, tokens_of
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.writing import COPY, Stored, Write

_BATCH = 256
_UNSETTLED = 64
NO_TOKENS: Mapping[MemoryId, Iterable[int]] = MappingProxyType({})
_ONLY_SHORT = frozenset({Tier.SHORT})


class CatchUp:
    """Tells the short-term and the semantic tier; the journal is told by a flush."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._told: dict[MemoryId, int] = {}
        self._lock = Lock()

    def run(self) -> CaughtUp:
        """Tell everything that is owed to the short-term and the semantic tier, and keep all within their limits.

        Raises:
            TierDownError: the working tier, which knows what is owed, does not answer.
        """
        self.settle()
        counts, notes = {}, []
        for tier, tell in ((Tier.SHORT, self._all_short), (Tier.SEMANTIC, self._all_semantic)):
            done = tell()
            counts[tier] = done[0]
            if done[1] is not None:
                notes.append(done[1].note)
        self.keep_limits()
        return CaughtUp(counts=counts, notes=tuple(notes))

    def keep_limits(self) -> None:
        """Let go of what has expired or is held elsewhere, and move on what is over the working tier's limits.

        What is held nowhere else goes on to the journal: nothing is lost for want of room.
        """
        core, now = self._core, self._core.clock()
        core.health.ask(Tier.SHORT, lambda: core.tiers.short.sweep(now))
        core.tiers.working.sweep(now)
        over = core.tiers.working.overflow(_BATCH) if core.tiers.catalogue is not None else []
        if over:
            core.tiers.working.put([self._moved(one, now) for one in over])

    def _moved(self, held: Held, now: datetime) -> Write:
        """To the journal; the time limit that the working tier gave ends there, one of the writer's own does not.

        What is over stays over: consolidating archives it there.
        """
        memory, long = held.memory, frozenset({Tier.LONG})
        given = memory.updated + duration(self._core.settings.limits.working_ttl)
        expires = None if memory.expires == given and not memory.is_expired(now) else memory.expires
        return Write(
            memory=replace(memory, expires=expires), seen=COPY, homes=long, owed=long, base=held.base,
            tokens=tuple(held.tokens),
        )  # fmt: skip

    def tell_short(self, memories: Sequence[Memory]) -> Down | None:
        """Bring the short-term tier copies of what the working tier holds.

        That it was told is written down later, with others: told twice, it holds the same.

        Returns:
            Why it could not be told; None where it was.
        """
        if (down := self.copy_short(memories)) is None:
            self._note(memories)
        return down

    def hide_short(self, memories: Sequence[Memory]) -> Down | None:
        """As `tell_short`, of memories that the short-term tier is not to hold: they are read where they are kept."""
        core = self._core

        def work() -> None:
            held = core.tiers.short.get([one.id for one in memories], core.clock())
            core.tiers.short.drop({id_: one.memory.version for id_, one in held.items()})

        if isinstance(done := core.health.ask(Tier.SHORT, work), Down):
            return done
        self._note(memories)
        return None

    def _note(self, memories: Sequence[Memory]) -> None:
        with self._lock:
            self._told |= {one.id: one.version for one in memories}
            is_many = len(self._told) >= _UNSETTLED
        if is_many:
            self.settle()

    def copy_short(
        self, memories: Iterable[Memory], tokens: Mapping[MemoryId, Iterable[int]] = NO_TOKENS
    ) -> Down | None:
        """As `tell_short`, of memories that the short-term tier is not owed.

        Args:
            memories: what it is to hold.
            tokens: what some of them are found by; of the others it is worked out.
        """
        core = self._core
        latest = core.clock() + duration(core.settings.limits.short_term_ttl)
        writes = [
            Write(
                memory=replace(one, expires=min(one.expires or latest, latest)), seen=COPY, homes=_ONLY_SHORT,
                tokens=tuple(tokens[one.id]) if one.id in tokens else () if one.is_forgotten else tokens_of(one),
            )
            for one in memories
        ]  # fmt: skip
        done = core.health.ask(Tier.SHORT, lambda: core.tiers.short.put(writes)) if writes else None
        return done if isinstance(done, Down) else None

    def settle(self) -> None:
        """Write down what the short-term tier was told."""
        with self._lock:
            told, self._told = self._told, {}
        try:
            if told:
                self._core.tiers.working.settle(Tier.SHORT, told)
        except Exception:
            with self._lock:
                self._told = told | self._told
            raise

    def _all_short(self) -> tuple[int, Down | None]:
        working, count, after = self._core.tiers.working, 0, None
        while page := working.owed(Tier.SHORT, _BATCH, after=after):
            after = page[-1].memory.id
            held = self._taken_up(page)
            down = self.copy_short(one.memory for one in held if not one.rivals)
            if down := down or self.hide_short([one.memory for one in held if one.rivals]):
                return count, down
            working.settle(Tier.SHORT, _versions(held))
            count += len(held)
        return count, None

    def _taken_up(self, page: Sequence[Held]) -> list[Held]:
        """The same; of keys written while the short-term tier did not answer, what they hold once both met."""
        core, alone = self._core, [one for one in page if one.homes == _ONLY_SHORT]
        for one in alone:
            lift(core, Stored(memory=one.memory), frozenset())
        again = core.tiers.working.get([one.memory.id for one in alone], core.clock()) if alone else {}
        return [*again.values(), *(one for one in page if one.homes != _ONLY_SHORT)]

    def _all_semantic(self) -> tuple[int, Down | None]:
        working, count, after = self._core.tiers.working, 0, None
        if self._core.tiers.semantic is None:
            return 0, None
        while page := working.owed(Tier.SEMANTIC, _BATCH, after=after):
            if down := self.tell_semantic([one.memory for one in page]):
                return count, down
            working.settle(Tier.SEMANTIC, _versions(page))
            count, after = count + len(page), page[-1].memory.id
        return count, None

    def journal_moved(self, followed: Followed) -> None:
        """Let go of the vectors of what the journal now says otherwise; consolidating gives them anew."""
        semantic = self._core.tiers.semantic
        stale = [write.memory.id for write in followed.writes] + list(followed.gone)
        if semantic is not None and stale:
            self._core.health.ask(Tier.SEMANTIC, lambda: semantic.remove(stale))

    def tell_semantic(self, memories: Sequence[Memory]) -> Down | None:
        """Give vectors to memories, and take those of forgotten ones away.

        A tenant that has as many as it may is given no more: its newer memories are found by their words.
        """
        semantic = self._core.tiers.semantic
        if semantic is None:
            return None
        gone = [one.id for one in memories if one.is_forgotten]
        texts = {one.id: text_of(one) for one in memories if not one.is_forgotten}
        most = self._core.settings.limits.vectors

        def work() -> None:
            if gone:
                semantic.remove(gone)
            room = {tenant: most - semantic.count(tenant) for tenant in {_tenant(one) for one in texts}}
            fitting = {id_: text for id_, text in texts.items() if room[_tenant(id_)] > 0}
            if fitting:
                semantic.add(fitting)

        done = self._core.health.ask(Tier.SEMANTIC, work)
        return done if isinstance(done, Down) else None


def _tenant(id_: MemoryId) -> str:
    return tenant_of(id_.context) or id_.context


def _versions(page: Sequence[Held]) -> dict[MemoryId, int]:
    return {one.memory.id: one.memory.version for one in page}
