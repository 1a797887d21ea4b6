"""SQLite's log of a file, as far as it is synced to the disk."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock

_sync_data = getattr(os, "fdatasync", os.fsync)


class Log:
    """The log of transactions that are not in the file yet; it is the same file as long as a connection is open.

    Args:
        path: of the database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-wal")
        self._handle: int | None = None
        self._lock = Lock()
        self._grown = self._synced = 0

    def grown(self) -> int:
        """A transaction was added; its number. Called by one thread at a time."""
        self._grown += 1
        return self._grown

    def sync(self, number: int) -> None:
        """Return when the disk holds a transaction, and all before it; those who wait meanwhile share the next sync.

        Raises:
            OSError: the disk refuses; nothing is known of the transaction then.
        """
        with self._lock:
            if self._synced >= number:
                return
            last = self._grown
            if self._handle is None:
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            _sync_data(self._handle)
            self._synced = last

    def close(self) -> None:
        """Let go of the file; nobody uses it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
