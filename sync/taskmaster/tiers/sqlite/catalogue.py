"""The catalogue of the long-term tier in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.sqlite.database import WAIT_S
from sync.taskmaster.tiers.sqlite.items import SqliteTier
from sync.taskmaster.tiers.sqlite.sweeping import Limit
from sync.taskmaster.tiers.sqlite.writes import Writer, number_of, remove
from sync.taskmaster.writing import Write

_NAME = "journal"


class SqliteCatalogue(SqliteTier):
    """The catalogue: `Catalogue`. A power cut may set it back to an earlier commit, which it then follows from.

    Args:
        path: of its file.
        tenant_of: the id of a context's tenant, of the context's id.
        wait_s: how long to wait for other processes, in seconds.
    """

    def __init__(self, path: Path, *, tenant_of: Callable[[str], str], wait_s: float = WAIT_S) -> None:
        super().__init__(
            path, writer=Writer(tenant_of=tenant_of), limit=Limit(), is_durable=False, wait_s=wait_s,
            remedy=f"delete {path}: it is made again from the journal",
        )  # fmt: skip

    def commit(self) -> str:
        """As `Catalogue.commit`."""
        return self._database.read(_commit)

    def follow(self, commit: str, before: str, writes: Sequence[Write], gone: Collection[MemoryId]) -> bool:
        """As `Catalogue.follow`; what is gone goes before the writes are carried out."""
        return self._write(lambda db: self._follow(db, commit, before, writes, gone))

    def clear(self) -> None:
        """As `Catalogue.clear`."""
        self._write(_clear)

    def _follow(
        self, db: sqlite3.Connection, commit: str, before: str, writes: Sequence[Write], gone: Collection[MemoryId]
    ) -> bool:
        if _commit(db) != before:
            return False
        for id_ in gone:
            _remove(db, id_)
        self._writer.put(db, writes)
        db.execute("insert or replace into shown values (?, ?)", (_NAME, commit))
        return True


def _commit(db: sqlite3.Connection) -> str:
    row = db.execute("select commit_id from shown where name = ?", (_NAME,)).fetchone()
    return str(row[0]) if row else ""


def _remove(db: sqlite3.Connection, id_: MemoryId) -> None:
    context = number_of(db, id_.context)
    row = db.execute("select number from items where context = ? and key = ?", (context, id_.key)).fetchone()
    if row and context is not None:
        remove(db, context, row[0])


def _clear(db: sqlite3.Connection) -> None:
    for table in ("items", "fresh", "postings", "rivals", "shown"):
        db.execute(f"delete from {table}")  # noqa: S608 (a constant)
    db.execute("update contexts set posted = 0")
