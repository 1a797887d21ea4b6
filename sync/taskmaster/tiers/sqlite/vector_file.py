"""The file of the embedded semantic tier, and its tables. What is in it can be made again from the memories."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sync.errors import RefusedError
from sync.taskmaster.tiers.sqlite.database import Database

_SCHEMA = 1
_APPLICATION = 0x4A524E56
_PAGE = 16_384  # twenty vectors and more
_TABLES = """
    create table contexts (
        number integer primary key, model text not null, name text not null, last integer not null default 0,
        count integer not null default 0, loose integer not null default 0, unique (model, name)
    );
    create table vectors (
        id integer primary key, context integer not null, key text not null, text blob not null, vector blob not null
    );
    create unique index vectors_by_key on vectors (context, key);
    create index vectors_by_text on vectors (text);
    create table packs (context integer primary key, ids blob not null, vectors blob not null);
"""


class VectorFile(Database):
    """The file; as `Database`, with tables of its own.

    Args:
        path: of the file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, is_durable=True, remedy=f"delete {path}: `journal consolidate` makes it again")

    def _migrate(self) -> None:
        self._writer = self._connect(writes=True)
        self._turnstile.enter()
        try:
            _prepare(self._writer, self._path)
        finally:
            self._turnstile.leave()


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    version, owner = (db.execute(f"pragma {name}").fetchone()[0] for name in ("user_version", "application_id"))
    if (version, owner) == (_SCHEMA, _APPLICATION):
        return
    if version or owner or db.execute("select 1 from sqlite_master").fetchone():
        hint = f"delete {path}: `journal consolidate` makes it again"
        raise RefusedError(f"{path}: another program, or a newer version of this one, has written it", hint=hint)
    db.execute(f"pragma page_size = {_PAGE}")
    db.execute("pragma journal_mode = wal")
    db.execute("begin immediate")
    try:
        for statement in filter(str.strip, _TABLES.split(";")):
            db.execute(statement)
        db.execute(f"pragma application_id = {_APPLICATION}")
        db.execute(f"pragma user_version = {_SCHEMA}")
        db.execute("commit")
    finally:
        if db.in_transaction:
            db.execute("rollback")
