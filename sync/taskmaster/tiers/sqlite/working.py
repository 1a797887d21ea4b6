"""The working tier in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import Path

from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.moments import moment_of
from sync.taskmaster.tiers.protocol import Held, Waiting
from sync.taskmaster.tiers.sqlite import writes
from sync.taskmaster.tiers.sqlite.database import WAIT_S
from sync.taskmaster.tiers.sqlite.items import SqliteTier
from sync.taskmaster.tiers.sqlite.rows import BITS, HELD, MEMORY, held_of, memory_of
from sync.taskmaster.tiers.sqlite.sweeping import NO_RIVALS, Limit, held_by_number
from sync.taskmaster.tiers.sqlite.writes import Writer, number_of

_WORKING = BITS[Tier.WORKING]
_OWING_CONTEXTS = """
    with recursive owing (context) as (
        select min(context) from items where owed != 0
        union all
        select (select min(context) from items where owed != 0 and context > owing.context)
        from owing where owing.context is not null
    )
    select number, id from contexts where number in (select context from owing) and id >= ? order by id
"""
_OWED = f"""
    select {HELD} from items i indexed by items_owed join contexts c on c.number = i.context
    where i.context = ? and i.key > ? and owed != 0 and owed & ? order by i.key limit ?
"""  # noqa: S608 (constants)
_RIVALS = f"""
    select {MEMORY} from rivals where context = (select number from contexts where id = ?) and key = ?
    order by updated desc, importance desc, digest desc
"""  # noqa: S608
_SETTLE_RIVAL = "delete from rivals where context = ? and key = ? and digest = ?"
_MAY_LEAVE = f"""
    select number from items
    where context = ? and key = ? and owed = 0 and homes & {_WORKING} = 0 and is_forgotten = 0 and {NO_RIVALS}
"""  # noqa: S608


class SqliteWorking(SqliteTier):
    """The working tier: `Working`.

    Args:
        path: of its file.
        per_tenant: memories that a tenant holds at most, see `overflow`.
        tenant_of: the id of a context's tenant, of the context's id.
        wait_s: how long to wait for other processes, in seconds.
    """

    def __init__(
        self, path: Path, *, tenant_of: Callable[[str], str], per_tenant: int = 10_000, wait_s: float = WAIT_S
    ) -> None:
        super().__init__(
            path, writer=Writer(tenant_of=tenant_of, keeps_rivals=True), wait_s=wait_s,
            limit=Limit(most=per_tenant, by_tenant=True, only_copies=True),
            remedy=f"put {path} away and restore it from a backup; what the journal holds is not lost",
        )  # fmt: skip

    def owed(self, tier: Tier, limit: int, *, after: MemoryId | None = None) -> list[Held]:
        """As `Working.owed`."""
        start = after or MemoryId("", "")
        return self._database.read(lambda db: list(islice(_owed(db, BITS[tier], start, limit), limit)))

    def waiting(self, tier: Tier, limit: int) -> Waiting:
        """As `Working.waiting`."""
        count, oldest = self._database.read(lambda db: db.execute(_waiting(BITS[tier]), (limit,)).fetchone())
        return Waiting(count=count, oldest=None if oldest is None else moment_of(oldest))

    def settle(self, tier: Tier, versions: Mapping[MemoryId, int], bases: Mapping[MemoryId, str] | None = None) -> int:
        """As `Working.settle`."""
        if not versions and not bases:
            return 0
        return self._write(lambda db: _settle(db, BITS[tier], versions, bases or {}))

    def overflow(self, limit: int) -> list[Held]:
        """As `Working.overflow`."""
        self._write_uses()
        return self._database.read(lambda db: self._overflow(db, limit))

    def rivals(self, id_: MemoryId) -> list[Memory]:
        """As `Working.rivals`."""
        rows = self._database.read(lambda db: db.execute(_RIVALS, id_).fetchall())
        return [memory_of(id_.context, row) for row in rows]

    def settle_rivals(self, id_: MemoryId, digests: Collection[str]) -> int:
        """As `Working.settle_rivals`."""
        return self._write(lambda db: _settle_rivals(db, id_, set(digests))) if digests else 0

    def _overflow(self, db: sqlite3.Connection, limit: int) -> list[Held]:
        over = [one for group in self._limit.crowded(db) for one in self._limit.surplus(db, group) if not one.is_copy]
        return held_by_number(db, [one.number for one in sorted(over)[:limit]])


def _owed(db: sqlite3.Connection, bit: int, start: MemoryId, limit: int) -> Iterator[Held]:
    for number, id_ in db.execute(_OWING_CONTEXTS, (start.context,)).fetchall():
        after = start.key if id_ == start.context else ""
        yield from map(held_of, db.execute(_OWED, (number, after, bit, limit)))


@cache
def _waiting(bit: int) -> str:
    """What asks how many memories a tier is owed, and when the oldest was written; each set of tiers by itself."""
    among = "from items indexed by items_waiting where owed != 0"
    owing = [bits for bits in range(2 ** len(BITS)) if bits & bit]
    oldest = " union all ".join(f"select min(updated) as one {among} and owed = {bits}" for bits in owing)
    counted = f"select 1 {among} and owed in ({', '.join(map(str, owing))}) limit ?"
    return f"select (select count(*) from ({counted})), (select min(one) from ({oldest}))"  # noqa: S608


def _settle(db: sqlite3.Connection, bit: int, versions: Mapping[MemoryId, int], bases: Mapping[MemoryId, str]) -> int:
    return sum(_settle_one(db, id_, bit, versions.get(id_), bases.get(id_)) for id_ in _all_of(versions, bases))


def _all_of(*some: Iterable[MemoryId]) -> list[MemoryId]:
    return list(dict.fromkeys(id_ for each in some for id_ in each))


def _settle_one(db: sqlite3.Connection, id_: MemoryId, bit: int, version: int | None, base: str | None) -> bool:
    context = number_of(db, id_.context)
    row = db.execute(
        "select number, version, owed, base from items where context = ? and key = ?",
        (context, id_.key),
    ).fetchone()
    if row is None or context is None:
        return False
    number, present, owed, old_base = row
    is_told = present == version and bool(owed & bit)
    changed = (owed & ~bit if is_told else owed, old_base if base is None else base, number)
    db.execute("update items set owed = ?, base = ? where number = ?", changed)
    if present == version:
        _leave(db, context, id_.key)
    return is_told


def _settle_rivals(db: sqlite3.Connection, id_: MemoryId, digests: Collection[str]) -> int:
    context = number_of(db, id_.context)
    if context is None:
        return 0
    count = db.executemany(_SETTLE_RIVAL, ((context, id_.key, one) for one in digests)).rowcount
    _leave(db, context, id_.key)
    return count


def _leave(db: sqlite3.Connection, context: int, key: str) -> None:
    """Remove a memory that is at home elsewhere, owed to nobody, and disputed by nobody."""
    row = db.execute(_MAY_LEAVE, (context, key)).fetchone()
    if row is not None:
        writes.remove(db, context, row[0])
