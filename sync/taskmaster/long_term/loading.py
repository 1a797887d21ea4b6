"""The catalogue with values that are objects loaded: what readers of memories are given."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sync.taskmaster.long_term.record import MISSING, OBJECT
from sync.taskmaster.memory import NOTHING, Kind, Memory, MemoryId
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.protocol import Catalogue, Held, Objects, Use
from sync.taskmaster.writing import Stored, Write


class LoadingCatalogue:
    """A catalogue whose memories have their whole values; a `Catalogue`.

    Args:
        catalogue: it.
        objects: where values lie that are objects.
    """

    def __init__(self, catalogue: Catalogue, objects: Objects) -> None:
        self.plain, self._objects = catalogue, objects

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """See `Items.get`."""
        return {id_: self._loaded(held) for id_, held in self.plain.get(ids, now).items()}

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

    def _loaded(self, held: Held) -> Held:
        memory = loaded(held.memory, self._objects)
        return held if memory is held.memory else replace(held, memory=memory)


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
        return replace(memory, metadata=MappingProxyType({**memory.metadata, MISSING: True}))
    metadata = {key: value for key, value in memory.metadata.items() if key != OBJECT}
    kept = MappingProxyType(metadata) if metadata else NOTHING
    return replace(memory, kind=Kind(told["kind"]), data=data, metadata=kept)
