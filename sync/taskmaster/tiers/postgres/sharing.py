"""One pool of connections for all tiers of a process that are in the same database."""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from sync.taskmaster.tiers.postgres.database import Database
from sync.taskmaster.tiers.postgres.lookups import Lookups
from sync.taskmaster.tiers.postgres.statements import GET, MARKS

_Key: TypeAlias = tuple[int, str, int, float]


@dataclass(slots=True)
class _Shared:
    """What is shared, and by how many."""

    database: Database
    held: Lookups
    marks: Lookups
    users: int = 0


_shared: dict[_Key, _Shared] = {}
_lock = Lock()


class Lease:
    """A tier's part in a database; the last that is closed closes the connections.

    Attributes:
        database: shared by all who gave the same URL, pool and time limit.
        held: looks up whole rows, see `statements.GET`.
        marks: looks up what tells of copies, see `statements.MARKS`.

    Args:
        url, pool, timeout_s: see `Database`.

    Raises:
        SettingsError: the URL is none of PostgreSQL.
    """

    def __init__(self, url: str, *, pool: int, timeout_s: float) -> None:
        self._key = os.getpid(), url, pool, timeout_s  # a process that was forked must not use its parent's
        with _lock:
            if self._key not in _shared:
                database = Database(url, pool=pool, timeout_s=timeout_s)
                _shared[self._key] = _Shared(database, Lookups(database, GET), Lookups(database, MARKS))
            found = _shared[self._key]
            found.users += 1
        self.database, self.held, self.marks = found.database, found.held, found.marks
        self._is_open = True

    def close(self) -> None:
        """Give it up; nothing the second time."""
        with _lock:
            if not self._is_open:
                return
            self._is_open = False
            _shared[self._key].users -= 1
            is_last = not _shared[self._key].users
            if is_last:
                del _shared[self._key]
        if is_last:
            self.database.close()
