"""The catalogue with values that are objects loaded: what readers of memories are given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sync.errors import GitError
from sync.taskmaster.long_term.record import MISSING
from sync.taskmaster.memory import NOTHING, OBJECT, Kind, Memory, MemoryId
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.protocol import Catalogue, Held, Objects, TierDownError, Use
from sync.taskmaster.writing import Stored, Write


class LoadingCatalogue:
    """A catalogue whose memories have their whole values; a `Catalogue`.

    A value that cannot be had hides no other memory: its own is shown as far as it is here, see `as_far_as_here`.

    Args:
        catalogue: it.
        objects: where values lie that are objects.
    """

    def __init__(self, catalogue: Catalogue, objects: Objects) -> None:
        self.plain, self._objects = catalogue, objects

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """See `Items.get`.

        Raises:
            TierDownError: one memory was asked for, and the store that its value lies in does not answer.
        """
        found = self.plain.get(ids, now)
        if len(ids) > 1:
            return {id_: self._loaded(held) for id_, held in found.items()}
        return {id_: self._loaded(held, must_answer=True) for id_, held in found.items()}

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """See `Items.search`."""
        return [self._loaded(held) for held in self.plain.search(asked, contexts, limit, now)]

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """See `Items.page`."""
        return [self._loaded(held) for held in self.plain.page(context, now, below=below, after=after, limit=limit)]

    def put(self, writes: Sequence[Write]) -> list[Stored]:
        """See `Items.put`."""
        return self.plain.put(writes)

    def contexts(self, prefix: str = "") -> list[str]:
        """See `Items.contexts`."""
        return self.plain.contexts(prefix)

    def touch(self, uses: Sequence[Use]) -> None:
        """See `Items.touch`."""
        self.plain.touch(uses)

    def drop(self, versions: Mapping[MemoryId, int]) -> int:
        """See `Items.drop`."""
        return self.plain.drop(versions)

    def sweep(self, now: datetime) -> list[Memory]:
        """See `Items.sweep`."""
        return self.plain.sweep(now)

    def count(self, context: str = "") -> int:
        """See `Items.count`."""
        return self.plain.count(context)

    def commit(self) -> str:
        """See `Catalogue.commit`."""
        return self.plain.commit()

    def follow(self, commit: str, before: str, writes: Sequence[Write], gone: Collection[MemoryId]) -> bool:
        """See `Catalogue.follow`."""
        return self.plain.follow(commit, before, writes, gone)

    def clear(self) -> None:
        """See `Catalogue.clear`."""
        self.plain.clear()

    def check(self) -> None:
        """See `Items.check`."""
        self.plain.check()

    def close(self) -> None:
        """See `Items.close`."""
        self.plain.close()

    def _loaded(self, held: Held, *, must_answer: bool = False) -> Held:
        memory = as_far_as_here(held.memory, self._objects, must_answer=must_answer)
        return held if memory is held.memory else replace(held, memory=memory)


def as_far_as_here(memory: Memory, objects: Objects, *, must_answer: bool = False) -> Memory:
    """As `loaded`; a value that is damaged, or in a store that does not answer, is shown as one that is not there.

    Args:
        memory, objects: see there.
        must_answer: whether the store has to answer.

    Raises:
        TierDownError: it has to, and does not.
    """
    try:
        return loaded(memory, objects)
    except TierDownError:
        if must_answer:
            raise
    except GitError:
        pass  # it can be mended from another clone, and is no more use than none until then
    return _without_value(memory)


def loaded(memory: Memory, objects: Objects) -> Memory:
    """A memory of the catalogue with its whole value.

    Returns:
        The same where the value is no object. Where the object is not there, the memory with its first lines, and with
        metadata that says so.

    Raises:
        TierDownError: the objects' store does not answer.
        GitError: what it holds is not what its digest says.
    """
    told: Mapping[str, Any] | None = memory.metadata.get(OBJECT)
    if told is None:
        return memory
    data = objects.get(str(told["digest"]))
    if data is None:
        return _without_value(memory)
    metadata = {key: value for key, value in memory.metadata.items() if key != OBJECT}
    kept = MappingProxyType(metadata) if metadata else NOTHING
    return replace(memory, kind=Kind(told["kind"]), data=data, metadata=kept)


def _without_value(memory: Memory) -> Memory:
    return replace(memory, metadata=MappingProxyType({**memory.metadata, MISSING: True}))
