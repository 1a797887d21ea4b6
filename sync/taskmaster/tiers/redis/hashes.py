"""Memories as hashes on a Redis server: read, swapped, removed and walked through, many at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.redis.connection import Server
from sync.taskmaster.tiers.redis.records import (
    ABSENT,
    FIELDS,
    Kept,
    arguments_of,
    packed_id,
    read_held,
    read_kept,
    to_bytes,
    to_text,
)  # fmt: skip
from sync.taskmaster.tiers.redis.scripts import REMOVE, SWAP
from sync.taskmaster.tiers.redis.search_scripts import PACKED

BATCH = 500
"""So many memories are asked for at once."""
_FIRST_CONTEXTS = 4

_Item = TypeVar("_Item")


class Hashes:
    """The memories of one space.

    Args:
        server: the server.
        space: what every key begins with, its colon included.
    """

    def __init__(self, server: Server, space: bytes) -> None:
        self.server = server
        self.space = space

    def read(self, ids: Collection[MemoryId]) -> dict[MemoryId, Kept]:
        """What is held under some ids; `ABSENT` where nothing is."""
        found: dict[MemoryId, Kept] = {}
        for some in batches(list(dict.fromkeys(ids)), BATCH):
            commands = [("HMGET", self.space + b"memory:" + packed_id(id_), *FIELDS) for id_ in some]
            answers = zip(some, self.server.ask(commands), strict=True)
            found |= {id_: read_kept(id_, fields) for id_, fields in answers}
        return found

    def swap(
        self, changes: Mapping[MemoryId, Held], known: Mapping[MemoryId, Kept], limit: int
    ) -> dict[MemoryId, Kept]:
        """Write all of it; or, where others have changed any of it meanwhile, nothing.

        Args:
            changes: what is to be held.
            known: what was held when it was decided; what is not there was not.
            limit: a context with more memories is noted for `crowded`.

        Returns:
            What others have changed, as it is now.
        """
        told = [arguments_of(held, known.get(id_, ABSENT).stamp) for id_, held in changes.items()]
        if not told:
            return {}
        others = self.server.run(SWAP, self.space, limit, *(item for one in told for item in one))
        return {id_: read_kept(id_, fields) for id_, fields in ((_id(one), one[2]) for one in others)}

    def remove(self, field: str, expected: Mapping[MemoryId, bytes], tokens: bytes = b"") -> dict[MemoryId, bool]:
        """Remove memories, and every trace of them in the lists.

        Args:
            field: `s` for the stamp, `v` for the version.
            expected: what the field must hold; empty for a memory that is not there any more.
            tokens: packed; such a memory is found by them nevertheless.

        Returns:
            Which of them were removed.
        """
        removed: dict[MemoryId, bool] = {}
        for some in batches(list(expected.items()), BATCH):
            told = [(to_bytes(id_.context), to_bytes(id_.key), value, tokens) for id_, value in some]
            done = self.server.run(REMOVE, self.space, field, *(item for one in told for item in one))
            removed |= {id_: bool(one) for (id_, _), one in zip(some, done, strict=True)}
        return removed

    def contexts(self, prefix: str) -> Iterator[bytes]:
        """Contexts that begin with some text, sorted."""
        start = to_bytes(prefix)
        return self._contexts(b"[" + start, b"(" + start + b"\xff")

    def below(self, context: str, first: str = "") -> Iterator[bytes]:
        """A context, whether it is there or not, and those below it; all, if it is empty.

        Args:
            context: the context.
            first: those that sort before this one are left out.
        """
        own, start = to_bytes(context), to_bytes(first)
        if not own:
            yield from self._contexts(b"[" + start, b"+")
            return
        if start <= own:
            yield own
        yield from self._contexts(b"[" + max(own + b":", start), b"(" + own + b";")

    def walk(self, contexts: Iterable[bytes], after: MemoryId | None, step: int) -> Iterator[list[MemoryId]]:
        """The ids of some contexts, sorted, some at a time.

        Args:
            contexts: sorted; none before that of `after`.
            after: where to begin: behind this id.
            step: so many are asked for in each context at a time.
        """
        start, key = (to_bytes(after.context), to_bytes(after.key)) if after else (b"", b"")
        for some in _growing(contexts):
            begins = [b"(" + key if after and one == start else b"-" for one in some]
            pages = [self._page_of(one, begin, step) for one, begin in zip(some, begins, strict=True)]
            for context, keys in zip(some, self.server.ask(pages), strict=True):
                yield _ids(context, keys)
                if len(keys) == step:
                    yield from self._keys(context, b"(" + keys[-1], step)

    def sizes(self, contexts: Iterable[bytes]) -> Iterator[int]:
        """How many keys some contexts have."""
        for some in batches(list(contexts), BATCH):
            yield from self.server.ask([("ZCARD", self.space + b"keys:" + one) for one in some])

    def _contexts(self, first: bytes, last: bytes) -> Iterator[bytes]:
        while True:
            command = ("ZRANGEBYLEX", self.space + b"contexts", first, last, "LIMIT", 0, BATCH)
            (found,) = self.server.ask([command])
            yield from found
            if len(found) < BATCH:
                return
            first = b"(" + found[-1]

    def _keys(self, context: bytes, first: bytes, step: int) -> Iterator[list[MemoryId]]:
        while True:
            (keys,) = self.server.ask([self._page_of(context, first, step)])
            yield _ids(context, keys)
            if len(keys) < step:
                return
            first = b"(" + keys[-1]

    def _page_of(self, context: bytes, first: bytes, step: int) -> tuple[bytes | str | int, ...]:
        return "ZRANGEBYLEX", self.space + b"keys:" + context, first, b"+", "LIMIT", 0, step


def batches(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """Items, some at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def found_of(answer: bytes) -> list[Held]:
    """The memories that a script returned as found, see `search_scripts.PACKED`."""
    found, at = [], 0
    while at < len(answer):
        sizes, at, fields = PACKED.unpack_from(answer, at), at + PACKED.size, []
        for size in sizes:
            fields.append(answer[at : at + size])
            at += size
        context, key, *rest = fields
        found.append(read_held(MemoryId(to_text(context), to_text(key)), *rest))
    return found


def _id(row: Sequence[bytes]) -> MemoryId:
    return MemoryId(to_text(row[0]), to_text(row[1]))


def _ids(context: bytes, keys: Sequence[bytes]) -> list[MemoryId]:
    name = to_text(context)
    return [MemoryId(name, to_text(key)) for key in keys]


def _growing(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Items in ever larger parts: most readers stop early."""
    rest, size = iter(items), _FIRST_CONTEXTS
    while part := list(islice(rest, size)):
        yield part
        size = min(size * 2, BATCH)
