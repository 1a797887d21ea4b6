"""Values that lost against another one: showing them, and letting somebody decide."""

from __future__ import annotations

from dataclasses import replace

from sync.errors import UsageError
from sync.taskmaster.core import Core
from sync.taskmaster.long_term.copies import ALWAYS
from sync.taskmaster.memory import Memory, MemoryId, Tier, checked_key
from sync.taskmaster.remembering import Writer
from sync.taskmaster.results import Remembered


class Rivals:
    """The rivals in the working tier.

    Args:
        core: what all parts share.
        writer: writes what was decided.
    """

    def __init__(self, core: Core, writer: Writer) -> None:
        self._core, self._writer = core, writer

    def all(self, context: str, key: str) -> tuple[Memory, ...]:
        """See `MemoryManager.rivals`."""
        return tuple(self._core.tiers.working.rivals(self._id(context, key)))

    def settle(self, context: str, key: str, keep: str) -> Remembered | None:
        """See `MemoryManager.settle`."""
        id_, working, now = self._id(context, key), self._core.tiers.working, self._core.clock()
        held = working.get([id_], ALWAYS).get(id_)
        rivals = working.rivals(id_)
        named = [one for one in ([held.memory] if held else []) + rivals if keep and one.digest.startswith(keep)]
        if len(named) != 1 or held is None:
            hint = "give the beginning of one digest: journal recall --rivals shows them"
            raise UsageError(f"{id_.context} {id_.key}: {keep!r} names {len(named)} of its values", hint=hint)
        chosen, done = named[0], None
        if chosen is not held.memory:
            expires = None if held.memory.is_expired(now) else held.memory.expires
            again = replace(chosen, updated=now, writer=self._core.writer, expires=expires)
            done = self._writer.amend(again, held, held.homes | {Tier.WORKING})
        working.settle_rivals(id_, [one.digest for one in rivals])
        return done

    def _id(self, context: str, key: str) -> MemoryId:
        return MemoryId(self._core.rules.expand(context), checked_key(key))
