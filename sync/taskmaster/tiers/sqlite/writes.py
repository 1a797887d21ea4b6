"""What a write changes in the tables of a tier. Everything here happens within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.tiers.sqlite import postings
from sync.taskmaster.tiers.sqlite.rows import MEMORY, Row, bits_of, end_of, memory_of, memory_row, tokens_blob
from sync.taskmaster.tiers.uses import Uses
from sync.taskmaster.writing import Stored, Write, decide_write

_COLUMNS = f"{MEMORY}, is_forgotten, homes, owed, base, tokens, ends"
_NAMES = [name.strip() for name in _COLUMNS.split(",")]
_PRESENT = f"""
    select c.number, (select count(*) from rivals r where r.context = c.number and r.key = ?),
        i.number, is_forgotten, homes, owed, base, tokens, {MEMORY}
    from contexts c left join items i on i.context = c.number and i.key = ? where c.id = ?
"""  # noqa: S608 (constants)
_INSERT = f"insert into items ({_COLUMNS}, context) values ({', '.join('?' * len(_NAMES))}, ?)"  # noqa: S608
_UPDATE = f"update items set {', '.join(f'{name} = ?' for name in _NAMES)} where number = ?"  # noqa: S608
_USE = """
    update items set uses = uses + ?, used = max(coalesce(used, ?), ?), took = took + ?
    where context = (select number from contexts where id = ?) and key = ?
"""
_RIVAL = f"""
    insert into rivals (context, digest, {MEMORY}) values ({", ".join("?" * 14)})
    on conflict (context, key, digest) do update set
        version = excluded.version, updated = excluded.updated, created = excluded.created,
        expires = excluded.expires, importance = excluded.importance, writer = excluded.writer,
        retention = excluded.retention
    where excluded.updated >= updated
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How a tier writes.

    Attributes:
        tenant_of: the id of a context's tenant, of the context's id.
        keeps_rivals: whether values that lost are kept.
    """

    tenant_of: Callable[[str], str]
    keeps_rivals: bool = False

    def put(self, db: sqlite3.Connection, writes: Iterable[Write]) -> list[Stored]:
        """As `Items.put`."""
        return [self._put(db, write) for write in writes]

    def _put(self, db: sqlite3.Connection, write: Write) -> Stored:
        id_ = write.memory.id
        found = db.execute(_PRESENT, (id_.key, id_.key, id_.context)).fetchone()
        row: Row | None = found[2:] if found and found[2] is not None else None
        present = memory_of(id_.context, row[6:], is_forgotten=bool(row[1])) if row else None
        stored = decide_write(present, write)
        if stored.memory is None or _was_refused(write, present, stored):
            return stored
        context = found[0] if found else self._add_context(db, id_.context)
        _hold(db, context, stored.memory, write, row, is_winner=stored.is_winner)
        if self.keeps_rivals:
            _keep_rival(db, context, stored, has_rivals=bool(found and found[1]))
        return stored

    def _add_context(self, db: sqlite3.Connection, id_: str) -> int:
        found = db.execute("insert into contexts (id, tenant) values (?, ?)", (id_, self.tenant_of(id_))).lastrowid
        assert found is not None  # noqa: S101 (sqlite3 gives one for every insert)
        return found


def number_of(db: sqlite3.Connection, context: str) -> int | None:
    """The number of a context; None where nothing was ever held in it."""
    row = db.execute("select number from contexts where id = ?", (context,)).fetchone()
    return row[0] if row else None


def numbers_of(db: sqlite3.Connection, contexts: Sequence[str]) -> list[tuple[int, str]]:
    """The numbers of those contexts in which something was ever held, with their ids."""
    given = ",".join("?" * len(contexts))
    return db.execute(f"select number, id from contexts where id in ({given})", contexts).fetchall()  # noqa: S608


def count_uses(db: sqlite3.Connection, uses: Uses) -> None:
    """Add uses to what is held."""
    db.executemany(_USE, ((count, last, last, took, *id_) for id_, (count, last, took) in uses.items()))


def drop(db: sqlite3.Connection, versions: Mapping[MemoryId, int]) -> int:
    """As `Items.drop`."""
    return sum(_drop_version(db, id_, version) for id_, version in versions.items())


def remove(db: sqlite3.Connection, context: int, number: int) -> None:
    """A memory is held no longer; its rivals stay."""
    db.execute("delete from items where number = ?", (number,))
    postings.remove(db, context, number)


def _drop_version(db: sqlite3.Connection, id_: MemoryId, version: int) -> bool:
    context = number_of(db, id_.context)
    found = db.execute(
        "select number from items where context = ? and key = ? and version = ?", (context, id_.key, version)
    ).fetchone()
    if found and context is not None:
        remove(db, context, found[0])
    return bool(found)


def _was_refused(write: Write, present: Memory | None, stored: Stored) -> bool:
    """Whether a strict write found another version than it knew."""
    return write.is_strict and stored.memory is present


def _hold(
    db: sqlite3.Connection, context: int, memory: Memory, write: Write, row: Row | None, *, is_winner: bool
) -> None:
    """Let a memory's row say what the key holds now."""
    owed = bits_of(write.owed) | (row[3] if row else 0)
    if is_winner or row is None:
        tokens = b"" if memory.is_forgotten else tokens_blob(write.tokens)
        rest: tuple[Any, ...] = (bits_of(write.homes), owed, write.base, tokens)
    else:
        tokens = row[5]
        rest = (row[2], owed, row[4], tokens)
    columns = (*memory_row(memory), memory.is_forgotten, *rest, end_of(memory))
    if row is None:
        number = db.execute(_INSERT, (*columns, context)).lastrowid
    else:
        number = row[0]
        db.execute(_UPDATE, (*columns, number))
    assert number is not None  # noqa: S101 (as above)
    if tokens != (row[5] if row else b""):
        postings.add(db, context, number, tokens)


def _keep_rival(db: sqlite3.Connection, context: int, stored: Stored, *, has_rivals: bool) -> None:
    """Keep the value that lost; the present one is no rival of itself."""
    memory = stored.memory
    if stored.rival is not None:
        db.execute(_RIVAL, (context, stored.rival.digest, *memory_row(stored.rival)))
    if memory is not None and stored.is_winner and has_rivals:
        db.execute(
            "delete from rivals where context = ? and key = ? and digest = ?",
            (context, memory.key, memory.digest),
        )
