"""The file of the embedded semantic tier: packed vectors, those of a context side by side. Knows no model."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.sqlite.vector_file import VectorFile

BITS = 32
"""Of a vector's number, those below its context's: a number stands for one text for ever."""
_AT_ONCE = 500
_PACKED_SHARE, _PACKED_FREE, _MOST_PACKED = 0.25, 64, 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a context holds.

    Attributes:
        name: the context's id.
        number: its number in the file.
        last: the highest number of a vector that it ever had.
        count: how many vectors it has.
    """

    name: str
    number: int
    last: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A vector to be kept.

    Attributes:
        id: the memory's.
        text: digest of what was embedded, and of the model.
        vector: packed.
    """

    id: MemoryId
    text: bytes
    vector: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Vectors one after the other, by number, ascending.

    Attributes:
        ids: their numbers, of eight bytes each, in the machine's order.
        vectors: the packed vectors.
    """

    ids: bytes
    vectors: bytes


class SemanticTables:
    """The tables in one file; used by any number of threads and processes.

    Args:
        file: where they are; made where it is missing, with its folder.
        model: id of the model whose vectors are seen.

    Raises:
        JournalError: see `Database`.
    """

    def __init__(self, file: Path, model: str) -> None:
        self._model = model
        self._file = VectorFile(file)

    def extents(self, contexts: Iterable[str]) -> list[Extent]:
        """What some contexts hold; those that never held anything are left out."""
        names = list(contexts)
        return self._file.read(lambda db: _extents(db, self._model, names))

    def after(self, context: int, last: int) -> Packed:
        """The vectors of a context with higher numbers than one."""
        return self._file.read_once(lambda db: _packed(db, context, last))

    def pack(self, context: int) -> Packed:
        """Most of the vectors of a context, from one place; some of them may be gone, some be missing at the end."""
        sql = "select ids, vectors from packs where context = ?"
        row = self._file.read_once(lambda db: db.execute(sql, (context,)).fetchone())
        return Packed(ids=row[0], vectors=row[1]) if row else Packed(ids=b"", vectors=b"")

    def ids(self, context: int) -> list[int]:
        """Numbers of all vectors of a context, ascending."""
        sql = "select id from vectors indexed by vectors_by_key where context = ?"
        return sorted(id_ for (id_,) in self._file.read_once(lambda db: db.execute(sql, (context,)).fetchall()))

    def vectors(self, ids: Sequence[int]) -> dict[int, bytes]:
        """The packed vectors of some numbers, of those that are still there."""
        return dict(self._file.read(lambda db: _select(db, "select id, vector from vectors where id in ({})", ids)))

    def keys(self, ids: Sequence[int]) -> dict[int, str]:
        """The keys of the memories of some numbers, of those that are still there."""
        return dict(self._file.read(lambda db: _select(db, "select id, key from vectors where id in ({})", ids)))

    def texts(self, ids: Collection[MemoryId]) -> dict[MemoryId, bytes]:
        """What some memories' vectors were made of, of those that have any."""
        return self._file.read(lambda db: _texts(db, self._model, ids))

    def known(self, texts: Collection[bytes]) -> dict[bytes, bytes]:
        """The packed vectors of texts, of those that any memory has."""
        sql = "select text, vector from vectors where text = ? limit 1"
        return self._file.read(lambda db: dict(row for text in texts for row in db.execute(sql, (text,))))

    def put(self, rows: Sequence[Row]) -> None:
        """Keep vectors, in place of those that their memories have; in one durable step."""
        self._file.write(lambda db: _put(db, self._model, rows))

    def remove(self, ids: Collection[MemoryId]) -> int:
        """Forget the vectors of some memories, in one durable step; how many there were."""
        return self._file.write(lambda db: _remove(db, self._model, ids)) if ids else 0

    def count(self, context: str) -> int:
        """How many vectors a context and those below it hold; of all for the empty id."""
        sql = """
            select coalesce(sum(count), 0) from contexts
            where model = ? and (name = ? or (name >= ? and name < ?) or ? = '')
        """  # in code points ';' follows ':'
        names = (context, f"{context}:", f"{context};", context)
        return int(self._file.read_once(lambda db: db.execute(sql, (self._model, *names)).fetchone())[0])

    def close(self) -> None:
        """Close what is open. May be called twice."""
        self._file.close()


def _extents(db: sqlite3.Connection, model: str, contexts: Iterable[str]) -> list[Extent]:
    sql = "select name, number, last, count from contexts where model = ? and name in ({})"
    rows = _select(db, sql, sorted(set(contexts)), model)
    return [Extent(name=name, number=number, last=last, count=count) for name, number, last, count in rows]


def _numbers(db: sqlite3.Connection, model: str, ids: Iterable[MemoryId]) -> dict[str, int]:
    return {extent.name: extent.number for extent in _extents(db, model, {one.context for one in ids})}


def _texts(db: sqlite3.Connection, model: str, ids: Collection[MemoryId]) -> dict[MemoryId, bytes]:
    numbers = _numbers(db, model, ids)
    sql = "select text from vectors where context = ? and key = ?"
    rows = {one: db.execute(sql, (numbers.get(one.context, -1), one.key)).fetchone() for one in ids}
    return {one: row[0] for one, row in rows.items() if row}


def _put(db: sqlite3.Connection, model: str, rows: Sequence[Row]) -> None:
    by_context: dict[str, list[Row]] = {}
    for row in rows:
        by_context.setdefault(row.id.context, []).append(row)
    insert = "insert into contexts (model, name) values (?, ?) on conflict do nothing"
    db.executemany(insert, [(model, name) for name in by_context])
    for extent in _extents(db, model, by_context):
        _put_in(db, extent, by_context[extent.name])


def _put_in(db: sqlite3.Connection, extent: Extent, rows: Sequence[Row]) -> None:
    number, last = extent.number, max(extent.last, extent.number << BITS)
    delete = "delete from vectors where context = ? and key = ?"
    removed = db.executemany(delete, [(number, row.id.key) for row in rows]).rowcount
    db.executemany(
        "insert into vectors values (?, ?, ?, ?, ?)",
        [(last + at, number, row.id.key, row.text, row.vector) for at, row in enumerate(rows, 1)],
    )
    sql = "update contexts set last = ?, count = count + ?, loose = loose + ? where number = ?"
    db.execute(sql, (last + len(rows), len(rows) - removed, len(rows) + removed, number))
    _pack(db, number)


def _remove(db: sqlite3.Connection, model: str, ids: Collection[MemoryId]) -> int:
    removed = 0
    for name, number in _numbers(db, model, ids).items():
        keys = [(number, one.key) for one in ids if one.context == name]
        count = db.executemany("delete from vectors where context = ? and key = ?", keys).rowcount
        db.execute("update contexts set count = count - ?, loose = loose + ? where number = ?", (count, count, number))
        _pack(db, number)
        removed += count
    return removed


def _packed(db: sqlite3.Connection, context: int, last: int) -> Packed:
    sql = "select id, vector from vectors where id > ? and id < ? order by id"
    found = db.execute(sql, (max(last, context << BITS), (context + 1) << BITS)).fetchall()
    return Packed(ids=array("q", [id_ for id_, _ in found]).tobytes(), vectors=b"".join([one for _, one in found]))


def _pack(db: sqlite3.Connection, number: int) -> None:
    """Put the vectors of a context in one place, which is read three times as fast, once enough have come or gone."""
    count, loose = db.execute("select count, loose from contexts where number = ?", (number,)).fetchone()
    if loose <= max(_PACKED_FREE, _PACKED_SHARE * count) or count > _MOST_PACKED:
        return
    pack = _packed(db, number, 0)
    db.execute("insert or replace into packs values (?, ?, ?)", (number, pack.ids, pack.vectors))
    db.execute("update contexts set loose = 0 where number = ?", (number,))


def _select(
    db: sqlite3.Connection, sql: str, items: Sequence[int] | Sequence[str], *others: str
) -> list[tuple[Any, ...]]:
    """The rows for some items, so many at a time as one statement takes."""
    parts = [items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE)]
    return [row for part in parts for row in db.execute(sql.format(",".join("?" * len(part))), (*others, *part))]
