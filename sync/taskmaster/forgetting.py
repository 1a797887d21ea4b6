"""Forgetting: a write like any other; it leaves a mark that travels to all tiers, so that no copy comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sync.document.memory_settings import duration
from sync.taskmaster.core import Core
from sync.taskmaster.looking_up import Known, look_up
from sync.taskmaster.making import ONLY_SHORT
from sync.taskmaster.memory import ANY_TIME, Kind, Memory, MemoryId, Tier, checked_key
from sync.taskmaster.remembering import Writer
from sync.taskmaster.results import Forgotten
from sync.taskmaster.storing import Intent

_WORKING = frozenset({Tier.WORKING})


class Forgetter:
    """Forgets.

    Args:
        core: what all parts share.
        writer: writes to the tiers.
        follow: lets the catalogue of the long-term tier show what the journal says now.
        is_allowed: whether a memory may be shown.
    """

    def __init__(
        self, core: Core, writer: Writer, follow: Callable[[], None], is_allowed: Callable[[Memory], bool]
    ) -> None:
        self._core, self._writer = core, writer
        self._follow, self._is_allowed = follow, is_allowed

    def forget(self, context: str, key: str, expected: int | None = None) -> Forgotten:
        """See `MemoryManager.forget`."""
        self._follow()
        core, now = self._core, self._core.clock()
        id_ = MemoryId(core.rules.checked(context), checked_key(key))
        known = look_up(core, id_, ANY_TIME)  # what has expired may still be forgotten
        held = known.held
        if held is None and known.short_down:
            return self._forget_unseen(id_, known, now)
        if held is None or held.memory.is_forgotten:
            return Forgotten(was=None, is_forgotten=True)
        grave = held.memory.forgotten(now, core.writer)
        if known.is_upstairs:
            done = self._writer.to_working(Intent(memory=grave, homes=_WORKING, known=known, expected=expected))
        else:
            ttl = duration(core.settings.limits.short_term_ttl)
            done = self._writer.to_short(
                Intent(memory=replace(grave, expires=now + ttl), homes=ONLY_SHORT, known=known, expected=expected)
            )
        if done.memory.is_forgotten:
            core.tell("memory:forgotten", id_)
        was = held.memory if self._is_allowed(held.memory) else None
        return Forgotten(was=was, is_forgotten=done.memory.is_forgotten, owed=done.owed, notes=done.notes)

    def _forget_unseen(self, id_: MemoryId, known: Known, now: datetime) -> Forgotten:
        """Only the short-term tier could hold the key, and it does not answer: it is told when it does."""
        grave = Memory(
            context=id_.context, key=id_.key, kind=Kind.MARKDOWN, data=b"", importance=0.0, created=now, updated=now,
            writer=self._core.writer, is_forgotten=True,
        )  # fmt: skip
        done = self._writer.to_working(Intent(memory=grave, homes=_WORKING, known=known))
        return Forgotten(was=None, is_forgotten=done.memory.is_forgotten, owed=done.owed, notes=done.notes)
