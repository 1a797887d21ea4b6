"""Memories by context and key, in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from itertools import islice, takewhile

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.sqlite.rows import HELD, held_of

_FROM = f"select {HELD} from items i join contexts c on c.number = i.context"  # noqa: S608 (constants)
_GET = f"{_FROM} where c.id = ? and i.key = ? and (expires is null or expires > ?)"
_PAGE = f"""
    {_FROM} where c.number = ? and i.key > ? and is_forgotten = 0 and (expires is null or expires > ?)
    order by i.key limit ?
"""
_FROM_ID = "select number, id from contexts where id >= ? order by id"
_HOLDS = "exists (select 1 from items i where i.context = c.number and is_forgotten = 0)"
_FROM_PREFIX = f"select id from contexts c where id >= ? and {_HOLDS} order by id"  # noqa: S608
_COUNT = "select count(*) from items where context = ?"


def get(db: sqlite3.Connection, ids: Collection[MemoryId], now: int) -> dict[MemoryId, Held]:
    """As `Items.get`; now in microseconds."""
    rows = (db.execute(_GET, (*id_, now)).fetchone() for id_ in ids)
    return {held.memory.id: held for held in (held_of(row) for row in rows if row)}


def page(
    db: sqlite3.Connection, context: str, now: int, *, below: bool, after: MemoryId | None, limit: int
) -> list[Held]:
    """As `Items.page`."""
    start = after or MemoryId("", "")
    rows = (
        row
        for number, id_ in _contexts_in(db, context, below=below, start=start.context)
        for row in db.execute(_PAGE, (number, start.key if id_ == start.context else "", now, limit))
    )
    return [held_of(row) for row in islice(rows, limit)]


def contexts(db: sqlite3.Connection, prefix: str) -> list[str]:
    """As `Items.contexts`."""
    rows = (row[0] for row in db.execute(_FROM_PREFIX, (prefix,)))
    return list(takewhile(lambda id_: id_.startswith(prefix), rows))


def count(db: sqlite3.Connection, context: str) -> int:
    """As `Items.count`."""
    if not context:
        return int(db.execute("select count(*) from items").fetchone()[0])
    numbers = [number for number, _ in _contexts_in(db, context, below=True, start="")]
    return sum(db.execute(_COUNT, (number,)).fetchone()[0] for number in numbers)


def _contexts_in(db: sqlite3.Connection, context: str, *, below: bool, start: str) -> Iterator[tuple[int, str]]:
    """Numbers and ids of a context, and of those below it, from some id on, in order."""
    if context and context >= start:
        yield from db.execute("select number, id from contexts where id = ?", (context,))
    if below:
        prefix = f"{context}:" if context else ""
        rows = db.execute(_FROM_ID, (max(prefix, start),))
        yield from takewhile(lambda row: row[1].startswith(prefix), rows)
