"""The short-term tier in a file, and what all tiers in files have in common."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from sync.errors import JournalError
from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.moments import micros
from sync.taskmaster.scoring import Asked
from sync.taskmaster.tiers.protocol import Held, Use
from sync.taskmaster.tiers.sqlite import paging, postings, sweeping, writes
from sync.taskmaster.tiers.sqlite.database import WAIT_S, Database
from sync.taskmaster.tiers.sqlite.search import search
from sync.taskmaster.tiers.sqlite.sweeping import Limit
from sync.taskmaster.tiers.sqlite.writes import Writer
from sync.taskmaster.tiers.uses import UseBuffer
from sync.taskmaster.writing import COPY, COPY_NEW, Stored, Write

Result = TypeVar("Result")

_OFTEN = 4
"""After so many searches of a context, again and again, it is looked at whether it should be quicker to search."""
_COUNTED = 10_000


class SqliteTier:
    """Memories in one file: `Items`, for any tier.

    Args:
        path: of the file; made where it is missing, readable for its owner only.
        writer: how it writes.
        limit: how much it holds.
        remedy: what to do where the file is damaged, one line.
        is_durable: whether what was written survives a power cut.
        wait_s: how long to wait for other processes, in seconds.

    Raises:
        UsageError, RefusedError, DamagedTierError, TierDownError: see `Database`; so does every method.
    """

    def __init__(
        self, path: Path, *, writer: Writer, limit: Limit, remedy: str, is_durable: bool = True, wait_s: float = WAIT_S
    ) -> None:
        self._writer, self._limit = writer, limit
        self._uses = UseBuffer()
        self._searches: Counter[str] = Counter()
        self._database = Database(path, is_durable=is_durable, remedy=remedy, wait_s=wait_s)

    def put(self, asked: Sequence[Write]) -> list[Stored]:
        """As `Items.put`."""
        return self._write(lambda db: self._writer.put(db, asked)) if asked else []

    def get(self, ids: Collection[MemoryId], now: datetime) -> dict[MemoryId, Held]:
        """As `Items.get`."""
        if not ids:
            return {}
        read = self._database.read_once if paging.is_of_one_moment(ids) else self._database.read
        found = read(lambda db: paging.get(db, ids, micros(now)))
        return {id_: self._uses.with_uses(held) for id_, held in found.items()}

    def search(self, asked: Asked, contexts: Sequence[str], limit: int, now: datetime) -> list[Held]:
        """As `Items.search`."""
        found = self._database.read(lambda db: _search(db, asked, contexts, limit, micros(now)))
        self._settle_often(contexts)
        return [self._uses.with_uses(one) for one in found]

    def page(
        self, context: str, now: datetime, *, below: bool = False, after: MemoryId | None = None, limit: int = 100
    ) -> list[Held]:
        """As `Items.page`."""
        read = partial(paging.page, context=context, now=micros(now), below=below, after=after, limit=limit)
        return [self._uses.with_uses(one) for one in self._database.read(read)]

    def contexts(self, prefix: str = "") -> list[str]:
        """As `Items.contexts`."""
        return self._database.read(lambda db: paging.contexts(db, prefix))

    def touch(self, uses: Sequence[Use]) -> None:
        """As `Items.touch`; they are written with the next write, when they are many, or at the end."""
        if self._uses.add(uses):
            self._write_uses()

    def drop(self, versions: Mapping[MemoryId, int]) -> int:
        """As `Items.drop`."""
        return self._write(lambda db: writes.drop(db, versions)) if versions else 0

    def sweep(self, now: datetime) -> list[Memory]:
        """As `Items.sweep`; in steps, so that others can write meanwhile."""
        after: int | None = -1
        while after is not None:
            after = self._write(partial(sweeping.remove_ended, now=micros(now), after=after, limit=self._limit))
        groups = self._database.read(self._limit.crowded)
        steps = (partial(sweeping.remove_surplus, group=group, limit=self._limit) for group in groups)
        return [memory for step in steps for memory in self._write(step)]

    def count(self, context: str = "") -> int:
        """As `Items.count`."""
        return self._database.read(lambda db: paging.count(db, context))

    def check(self) -> None:
        """As `Items.check`."""
        self._database.read_once(lambda db: db.execute("select 1 from contexts").fetchone())

    def close(self) -> None:
        """As `Items.close`."""
        with suppress(JournalError):  # uses need not be durable
            self._write_uses()
        self._database.close()

    def _write(self, work: Callable[[sqlite3.Connection], Result], *, lightly: bool = False) -> Result:
        """Some writing, and the uses that were counted before; `lightly` what need not survive a power cut."""

        def both(db: sqlite3.Connection) -> Result:
            if uses := self._uses.take():
                writes.count_uses(db, uses)
            return work(db)

        return self._database.write_lightly(both) if lightly else self._database.write(both)

    def _write_uses(self) -> None:
        if uses := self._uses.take():
            self._database.write_lightly(lambda db: writes.count_uses(db, uses))

    def _settle_often(self, contexts: Sequence[str]) -> None:
        """Leave contexts that are searched again and again few rows to be read through."""
        for one in contexts:
            self._searches[one] += 1
        often = [one for one in contexts if self._searches[one] % _OFTEN == 0]
        if len(self._searches) > _COUNTED:
            self._searches = Counter()
        if often and (many := self._database.read_once(lambda db: postings.crowded(db, often))):
            with suppress(JournalError):  # the search is done, and need not write
                self._database.write_lightly(lambda db: postings.settle(db, many))


class SqliteItems(SqliteTier):
    """The short-term tier.

    Args:
        path: of its file.
        per_context: memories that a context holds at most; `sweep` removes the others.
        tenant_of: the id of a context's tenant, of the context's id.
        wait_s: how long to wait for other processes, in seconds.
    """

    def __init__(
        self, path: Path, *, tenant_of: Callable[[str], str], per_context: int = 1_000, wait_s: float = WAIT_S
    ) -> None:
        super().__init__(
            path, writer=Writer(tenant_of=tenant_of), limit=Limit(most=per_context), wait_s=wait_s,
            remedy=f"delete {path}: what was held nowhere else was to expire anyway",
        )  # fmt: skip

    def put(self, asked: Sequence[Write]) -> list[Stored]:
        """As `Items.put`; copies of what another tier holds need not survive a power cut."""
        are_copies = all(one.seen in (COPY, COPY_NEW) for one in asked)
        return self._write(lambda db: self._writer.put(db, asked), lightly=are_copies) if asked else []


def _search(db: sqlite3.Connection, asked: Asked, ids: Sequence[str], limit: int, now: int) -> list[Held]:
    numbers = {id_: number for number, id_ in writes.numbers_of(db, ids)}
    return search(db, asked, {numbers[id_]: id_ for id_ in ids if id_ in numbers}, limit, now)
