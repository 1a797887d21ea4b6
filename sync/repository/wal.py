"""SQLite's write-ahead log, switched on where several processes may open a new file at the same moment."""

from __future__ import annotations

import sqlite3
import time

_PAUSE_S = 0.01


def log_ahead(database: sqlite3.Connection, wait_s: float) -> None:
    """Let a database log ahead of its file; it stays so.

    SQLite does not wait for others who switch, or read, at this moment, whatever its timeout is: so it is asked again.

    Args:
        database: not in a transaction.
        wait_s: how long to wait for others, in seconds.

    Raises:
        sqlite3.DatabaseError: others are at it for too long, or the file is none.
    """
    ends_at = time.monotonic() + wait_s
    while True:
        try:
            database.execute("pragma journal_mode = wal").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends_at:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
