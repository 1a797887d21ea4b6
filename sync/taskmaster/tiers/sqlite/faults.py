"""What SQLite says, as errors of this program."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.errors import JournalError, UsageError
from sync.taskmaster.tiers.protocol import TierDownError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_WRITING = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_TOOBIG,
}  # fmt: skip
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DamagedTierError(JournalError):
    """A tier's file is no longer what was written."""

    code = "damaged-tier"


@contextmanager
def explained(path: Path, remedy: str) -> Iterator[None]:
    """Errors of SQLite as ours.

    Args:
        path: the file that is read or written.
        remedy: what to do where it is damaged, one line.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path, remedy) from error


def explain(error: sqlite3.Error, path: Path, remedy: str) -> Exception:
    """What SQLite's error means for a file; the error itself where it is a bug of this program."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _BUSY:
        return TierDownError(f"{path}: another process has been writing for too long", hint="try again")
    if code in _NO_WRITING:
        hint = "see that the disk has room and that the file and its folder may be written; then try again"
        return UsageError(f"{path}: {error}", hint=hint)
    if code in _DAMAGED:
        return DamagedTierError(f"{path}: it is damaged: {error}", hint=remedy)
    return error
