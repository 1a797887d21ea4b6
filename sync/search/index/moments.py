"""Which versions of entries made up a journal at which moments; the last ones are kept, and those of work trees."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable

MOMENT_TABLES = """
create table if not exists snapshots (digest blob primary key, ids blob not null, used integer not null) without rowid;
create table if not exists marks (mark blob primary key, digest blob not null, used integer not null) without rowid;
"""

_KEPT = 32


class Moments:
    """The tables of snapshots and of the marks that tell a work tree's.

    Args:
        db: where `MOMENT_TABLES` are.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def snapshot(self, digest: bytes) -> array[int] | None:
        """The numbers of the entries that made up a journal, ascending; None where it is not known."""
        row = self._db.execute("select ids from snapshots where digest = ?", (digest,)).fetchone()
        if row is None:
            return None
        ids = array("q")
        ids.frombytes(row[0])
        return ids

    def marked(self, mark: bytes) -> bytes | None:
        """The digest of the journal that a mark was given to."""
        row = self._db.execute("select digest from marks where mark = ?", (mark,)).fetchone()
        return bytes(row[0]) if row else None

    def mark(self, mark: bytes, digest: bytes) -> None:
        """Give a mark to a journal; those that were given longest ago are forgotten."""
        newest = int(self._db.execute("select coalesce(max(used), 0) + 1 from marks").fetchone()[0])
        self._db.execute("insert or replace into marks values (?, ?, ?)", (mark, digest, newest))
        self._db.execute("delete from marks where used <= ?", (newest - _KEPT,))

    def add_snapshot(self, digest: bytes, ids: Iterable[int]) -> None:
        """Remember a journal; those that were remembered longest ago are forgotten, but for those with a mark."""
        newest = int(self._db.execute("select coalesce(max(used), 0) + 1 from snapshots").fetchone()[0])
        packed = array("q", sorted(ids)).tobytes()
        self._db.execute("insert or replace into snapshots values (?, ?, ?)", (digest, packed, newest))
        # Looking at many old commits must not cost the work tree its place.
        old = "delete from snapshots where used <= ? and digest not in (select digest from marks)"
        self._db.execute(old, (newest - _KEPT,))

    def unused(self) -> list[int]:
        """Numbers of the entries that no journal remembered is made of."""
        used: set[int] = set()
        for (packed,) in self._db.execute("select ids from snapshots"):
            ids = array("q")
            ids.frombytes(packed)
            used.update(ids)
        return [id_ for (id_,) in self._db.execute("select id from entries") if id_ not in used]
