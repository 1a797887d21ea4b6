"""The short-term tier on a Redis server: holds memories until they expire or others are used more.

How safe a write is when the call returns is the server's business: with `appendonly yes` it outlives the server's
process, with `appendfsync always` the machine too. `maxmemory-policy` is to be `noeviction`: what a server drops by
itself it has told nobody.

The keys of a space are not tied to hash slots: one server holds them all, a Redis cluster cannot.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sync.errors import JournalError, RetryError, SettingsError
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.moments import micros
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.protocol import Held, Use
from sync.taskmaster.tiers.redis.connection import Server
from sync.taskmaster.tiers.redis.hashes import BATCH, Hashes, batches
from sync.taskmaster.tiers.redis.records import FORGOTTEN_FOR, Kept, to_bytes, to_text, unpacked_id
from sync.taskmaster.tiers.redis.scripts import TOUCH
from sync.taskmaster.tiers.redis.searching import newest, search
from sync.taskmaster.tiers.uses import UseBuffer
from sync.taskmaster.writing import Stored, Write, decide_write

LIMIT = 1_000
"""Memories of a context that outlive a sweep."""
_SPACE = re.compile(r"[A-Za-z0-9_.-]+")
_ATTEMPTS = 200
_PATIENT = 3
_PAUSE_S = 0.002


class RedisShortTerm:
    """Memories by context and key on a Redis server; an `Items`.

    Args:
        url: of the server, see `Server`. It is asked nothing before the first call.
        space: what every key there begins with, before a colon: letters, digits, `_`, `.` and `-`.
        per_context: memories of a context that outlive a sweep.
        timeout_s: a call fails after so many seconds without an answer.
        connections: so many at most; further threads wait for one.

    Raises:
        SettingsError: the URL or the space is none.
    """

    def __init__(
        self,
        url: str,
        *,
        space: str = "journal",
        per_context: int = LIMIT,
        timeout_s: float = 2.0,
        connections: int = 32,
    ) -> None:
        if not _SPACE.fullmatch(space):
            raise SettingsError(f"{space!r} is no prefix for Redis", hint="use letters, digits, `_`, `.` and `-`")
        self._server = Server(url, timeout_s=timeout_s, connections=connections)
        self._hashes = Hashes(self._server, f"{space}:".encode())
        self._space = self._hashes.space
        self._limit = per_context
        self._uses = UseBuffer(keeps_times=False)

    def put(self, writes: Sequence[Write]) -> list[Stored]:
        """See `Items.put`. One round trip for what is new and for copies of what is not held, two otherwise.

        More where others write the same keys.
        """
        known = self._hashes.read({one.memory.id for one in writes if one.seen > 0})
        for attempt in range(_ATTEMPTS):
            stored, changes = decide(writes, known)
            others = self._hashes.swap(changes, known, self._limit)
            if not others:
                return stored
            known |= others
            if attempt >= _PATIENT:
                time.sleep(random.random() * _PAUSE_S)
        raise RetryError("too many write the same memory at once", hint="run the same again")

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """See `Items.get`."""
        found = ((id_, kept.held) for id_, kept in self._hashes.read(ids).items())
        return {
            id_: self._uses.with_uses(held)
            for id_, held in found
            if held is not None and not held.memory.is_expired(now)
        }

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """See `Items.search`. One round trip for every 32 contexts."""
        places = list(dict.fromkeys(contexts))
        if not places or limit < 1:
            return []
        found = (search if asked.words else newest)(self._hashes, asked, places, limit, now)
        return [self._uses.with_uses(one) for one in found]

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """See `Items.page`."""
        contexts = self._hashes.below(context, after.context if after else "") if below else [to_bytes(context)]
        page: list[Held] = []
        for ids in self._hashes.walk(contexts, after, limit):
            kept = (one.held for one in self._hashes.read(ids).values())
            page += [one for one in kept if one and not (one.memory.is_expired(now) or one.memory.is_forgotten)]
            if len(page) >= limit:
                break
        return [self._uses.with_uses(one) for one in page[:limit]]

    def contexts(self, prefix: str = "") -> list[str]:
        """See `Items.contexts`."""
        return [to_text(one) for one in self._hashes.contexts(prefix)]

    def touch(self, uses: Sequence[Use]) -> None:
        """See `Items.touch`; they are written when they are many or old, before a sweep, or at the end."""
        if self._uses.add(uses):
            self._write_uses()

    def drop(self, versions: Mapping[MemoryId, int]) -> int:
        """See `Items.drop`."""
        expected = {id_: b"%d" % version for id_, version in versions.items()}
        return sum(self._hashes.remove("v", expected).values())

    def sweep(self, now: datetime) -> list[Memory]:
        """See `Items.sweep`."""
        self._write_uses()
        self._sweep_due(now)
        (crowded,) = self._server.ask([("SMEMBERS", self._space + b"over")])
        return [memory for context in crowded for memory in self._sweep_crowd(context)]

    def count(self, context: str = "") -> int:
        """See `Items.count`."""
        return sum(self._hashes.sizes(self._hashes.below(context)))

    def check(self) -> None:
        """See `Items.check`."""
        self._server.ask([("PING",)])

    def close(self) -> None:
        """See `Items.close`."""
        with suppress(JournalError):  # uses need not be durable
            self._write_uses()
        self._server.close()

    def _write_uses(self) -> None:
        for some in batches(list(self._uses.take().items()), BATCH):
            told = [(to_bytes(id_.context), to_bytes(id_.key), last, count) for id_, (count, last, _) in some]
            self._server.run(TOUCH, self._space, *(item for one in told for item in one))

    def _sweep_due(self, now: datetime) -> None:
        due = ("ZRANGEBYSCORE", self._space + b"due", "-inf", micros(now), "LIMIT", 0, BATCH)
        while names := self._server.ask([due])[0]:
            kept = self._hashes.read([unpacked_id(name) for name in names])
            over = {id_: one.stamp for id_, one in kept.items() if one.held is None or _is_over(one.held, now)}
            if not any(self._hashes.remove("s", over).values()):
                return

    def _sweep_crowd(self, context: bytes) -> list[Memory]:
        """Remove what a context has too much of; what others use or write meanwhile stays."""
        keys, used = self._space + b"keys:" + context, self._space + b"use:" + context
        _, size = self._server.ask([("SREM", self._space + b"over", context), ("ZCARD", keys)])
        if size <= self._limit:
            return []
        (names,) = self._server.ask([("ZRANGE", used, 0, size - self._limit - 1)])
        kept = self._hashes.read([MemoryId(to_text(context), to_text(name)) for name in names])
        free = {id_: one for id_, one in kept.items() if one.held is None or not one.held.owed}
        removed = self._hashes.remove("s", {id_: one.stamp for id_, one in free.items()})
        if sum(removed.values()) < size - self._limit:
            self._server.ask([("SADD", self._space + b"over", context)])
        return [one.held.memory for id_, one in free.items() if removed[id_] and one.held is not None]


def decide(writes: Sequence[Write], known: Mapping[MemoryId, Kept]) -> tuple[list[Stored], dict[MemoryId, Held]]:
    """What becomes of writes, in order, and what is to be held then where it is not held already. Pure.

    Args:
        writes: the writes.
        known: what is held; what is not there is not.
    """
    before = {id_: kept.held for id_, kept in known.items() if kept.held is not None}
    after, stored = dict(before), []
    for write in writes:
        present = after.get(write.memory.id)
        one = decide_write(present.memory if present else None, write)
        if one.memory is not None:
            after[write.memory.id] = _following(present, one.memory, write, is_winner=one.is_winner)
        stored.append(one)
    return stored, {id_: held for id_, held in after.items() if held != before.get(id_)}


def _following(present: Held | None, memory: Memory, write: Write, *, is_winner: bool) -> Held:
    if present is not None and not is_winner:
        return replace(present, memory=memory, owed=present.owed | write.owed)
    owed = write.owed | (present.owed if present else frozenset())
    return Held(memory=memory, tokens=frozenset(write.tokens), homes=write.homes, owed=owed, base=write.base)


def _is_over(held: Held, now: datetime) -> bool:
    if held.memory.is_forgotten:
        return not held.owed and held.memory.updated + FORGOTTEN_FOR <= now
    return not held.owed and held.memory.is_expired(now)
