"""The tables of a tier's file, and how a file is opened.

A memory is one row; contexts are numbers in it. What it is found by is in `fresh` and `postings`, see there; of a
context it lies together, so that a search reads nothing of the others. `ends` is when a row may be swept.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sync.errors import RefusedError, UsageError
from sync.repository.files import sync_folder

SCHEMA = 2
_APPLICATION = 0x4A524E4C
_WAIT_S = 5.0
_READER_KB, _WRITER_KB = 2_000, 16_000
_MIGRATIONS = (
    """
    create table contexts (
        number integer primary key, id text not null unique, tenant text not null, posted integer not null default 0
    );
    create table items (
        number integer primary key, context integer not null, key text not null, version integer not null,
        updated integer not null, created integer not null, expires integer, ends integer,
        is_forgotten integer not null, homes integer not null, owed integer not null, used integer,
        uses integer not null default 0, took integer not null default 0,
        importance real not null, kind integer not null, type text not null, writer text not null,
        retention text not null, base text not null, metadata text, tokens blob not null, data blob not null
    );
    create index items_by_key on items (context, key, updated);
    create index items_by_end on items (ends) where ends is not null;
    create index items_owed on items (context, key) where owed != 0;
    create table fresh (
        context integer not null, item integer not null, tokens blob not null, primary key (context, item)
    ) without rowid;
    create table postings (
        context integer not null, token integer not null, items blob not null, primary key (context, token)
    ) without rowid;
    create table rivals (
        number integer primary key, context integer not null, key text not null, digest text not null,
        version integer not null, updated integer not null, created integer not null, expires integer,
        importance real not null, kind integer not null, type text not null, writer text not null,
        retention text not null, metadata text, data blob not null, unique (context, key, digest)
    );
    create table shown (name text primary key, commit_id text not null) without rowid;
    """,
    "create index items_waiting on items (owed, updated) where owed != 0",
)


def connect(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """A connection to a file that is there; a commit is not synced, see `database`.

    What is written next to each other in time lies in all of a file, so who `writes` keeps more of it in memory.
    """
    uri = f"file:{_quoted(path)}?mode=rw"
    db = sqlite3.connect(
        uri, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        for pragma in (
            "synchronous = normal", "wal_autocheckpoint = 4000", "secure_delete = fast", "temp_store = memory",
            "journal_size_limit = 67108864", f"cache_size = -{_WRITER_KB if writes else _READER_KB}",
        ):  # fmt: skip
            db.execute(f"pragma {pragma}").fetchall()
    except BaseException:
        db.close()
        raise
    return db


def make_file(path: Path) -> None:
    """Make the file, where it is missing, for its owner only; SQLite gives its log the same permissions.

    Raises:
        UsageError: the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_new = not path.exists()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if is_new:
            sync_folder(path.parent)
            sync_folder(path.parent.parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the file's tables to the present version; the caller holds the turn to write.

    Raises:
        RefusedError: a newer version of this program wrote it, or another program did.
    """
    version = _checked_version(db, path)
    if version == SCHEMA:
        return
    db.execute("pragma journal_mode = wal")
    db.execute("begin immediate")
    try:
        for script in _MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
        db.execute(f"pragma application_id = {_APPLICATION}")
        db.execute(f"pragma user_version = {SCHEMA}")
        db.execute("commit")
    finally:
        if db.in_transaction:
            db.execute("rollback")


def _checked_version(db: sqlite3.Connection, path: Path) -> int:
    (version,) = db.execute("pragma user_version").fetchone()
    (application,) = db.execute("pragma application_id").fetchone()
    is_empty = not db.execute("select count(*) from sqlite_master").fetchone()[0]
    if application != _APPLICATION and not is_empty:
        raise RefusedError(f"{path}: another program wrote it", hint="put it elsewhere; the tier then begins anew")
    if version > SCHEMA:
        hint = "use that version: pip install --upgrade journal-sync"
        raise RefusedError(f"{path}: a newer version of this program wrote it ({version}, not {SCHEMA})", hint=hint)
    return int(version)


def _quoted(path: Path) -> str:
    """A path in a URI; bytes that are no UTF-8 stay as they are."""
    from urllib.parse import quote

    return quote(os.fsencode(path.absolute()))
