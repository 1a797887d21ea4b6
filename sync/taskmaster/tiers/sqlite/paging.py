"""Memories by context and key, in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from itertools import chain, islice, takewhile

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.tiers.sqlite.rows import HELD, held_of

_FROM = f"select {HELD} from items i join contexts c on c.number = i.context"  # noqa: S608 (constants)
_UNEXPIRED = "(expires is null or expires > ?)"
_GET = f"{_FROM} where c.id = ? and i.key = ? and {_UNEXPIRED}"
_GET_ALL = f"""
    with asked (id, key) as (values {{}})
    select {HELD} from asked a cross join contexts c on c.id = a.id
    cross join items i on i.context = c.number and i.key = a.key where {_UNEXPIRED}
"""  # noqa: S608
_AT_ONCE = 256
_PAGE = f"""
    {_FROM} where c.number = ? and i.key > ? and is_forgotten = 0 and (expires is null or expires > ?)
    order by i.key limit ?
"""
_FROM_ID = "select number, id from contexts where id >= ? order by id"
_HOLDS = "exists (select 1 from items i where i.context = c.number and is_forgotten = 0)"
_FROM_PREFIX = f"select id from contexts c where id >= ? and {_HOLDS} order by id"  # noqa: S608
_COUNT = "select count(*) from items where context = ?"


def get(db: sqlite3.Connection, ids: Collection[MemoryId], now: int) -> dict[MemoryId, Held]:
    """As `Items.get`; now in microseconds. All of one moment, up to _AT_ONCE."""
    if len(ids) == 1:
        (id_,) = ids
        row = db.execute(_GET, (*id_, now)).fetchone()
        return {id_: held_of(row)} if row else {}
    found: dict[MemoryId, Held] = {}
    left = iter(ids)
    while some := list(islice(left, _AT_ONCE)):
        given = ",".join(["(?,?)"] * len(some))
        rows = db.execute(_GET_ALL.format(given), (*chain.from_iterable(some), now))
        found |= {held.memory.id: held for held in map(held_of, rows)}
    return found


def is_of_one_moment(ids: Collection[MemoryId]) -> bool:
    """Whether `get` is a single statement."""
    return len(ids) <= _AT_ONCE


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
