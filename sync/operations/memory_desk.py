"""Memories that stay open between the calls of a server, one for each writer, opened anew when the settings change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from sync.document.settings import FILE_NAME
from sync.operations.journal import Journal, open_journal
from sync.operations.memory import open_memory
from sync.operations.memory_due import flush_when_due
from sync.repository.files import signature
from sync.taskmaster.background import Background
from sync.taskmaster.manager import MemoryManager

MOST = 16
"""Writers whose memories are open at the same time, unless more are at work."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Opened:
    """A memory that is open.

    Attributes:
        manager: it.
        mark: of the settings that it was set up from.
        users: how many calls use it now.
        is_retired: another has taken its place: who uses it last closes it.
    """

    manager: MemoryManager
    mark: list[int]
    users: int = 0
    is_retired: bool = False


@dataclass(slots=True)
class MemoryDesk:
    """The open memories of one journal. Any thread may use it.

    It opens with the first server that uses it and closes with the last; in between, memories stay open from call to
    call. Outside of that, as for a call that nobody waits for any more, each is closed behind its last user.

    Attributes:
        flush_every_s: after so many seconds, again and again, the journal is written where that is due; None for never.
    """

    flush_every_s: float | None = None
    _servers: int = 0
    _flusher: Background | None = None
    _opened: dict[str, _Opened] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def open(self) -> None:
        """A server begins to use it."""
        with self._lock:
            self._servers += 1

    def close(self) -> None:
        """A server has ended. Behind the last one, all are closed that nobody uses now."""
        with self._lock:
            self._servers -= 1
            if self._servers:
                return
            flusher, self._flusher = self._flusher, None
            opened, self._opened = list(self._opened.values()), {}
            for one in opened:
                self._retire(one)
        if flusher is not None:
            flusher.stop()

    @contextlib.contextmanager
    def borrow(self, journal: Journal, writer: str) -> Iterator[MemoryManager]:
        """The memory as one writer uses it.

        Args:
            journal: the journal as it is now.
            writer: the name that it is written under.

        Raises:
            JournalError: see `open_memory`.
        """
        opened = self._take(journal, writer)
        try:
            yield opened.manager
        finally:
            self._give_back(opened)

    def _take(self, journal: Journal, writer: str) -> _Opened:
        mark = _mark(journal)
        with self._lock:
            opened = self._opened.pop(writer, None)
            if opened is not None and opened.mark != mark:
                self._retire(opened)
                opened = None
            if opened is None:
                opened = _Opened(manager=open_memory(journal, writer=writer), mark=mark)
                self._make_room()
            opened.users += 1
            if not self._servers:
                opened.is_retired = True
                return opened
            self._opened[writer] = opened  # the one that was used last stands last
            if self._flusher is None and self.flush_every_s is not None:
                root = journal.root
                self._flusher = Background(lambda: self._flush(root), _leave_it, pause_s=self.flush_every_s)
            return opened

    def _flush(self, root: Path) -> None:
        with self._lock:
            writer = next(reversed(self._opened), None)
        if writer is not None:
            journal = open_journal(root)
            with self.borrow(journal, writer) as manager:
                flush_when_due(manager)

    def _give_back(self, opened: _Opened) -> None:
        with self._lock:
            opened.users -= 1
            if opened.is_retired and not opened.users:
                opened.manager.close()

    def _make_room(self) -> None:
        while len(self._opened) >= MOST:
            self._retire(self._opened.pop(next(iter(self._opened))))

    def _retire(self, opened: _Opened) -> None:
        opened.is_retired = True
        if not opened.users:
            opened.manager.close()


def _leave_it(_error: Exception) -> None:
    """What waits for the journal is durable: whoever writes it next says what is wrong."""


def _mark(journal: Journal) -> list[int]:
    """What tells whether the file that sets up the memory is still the same."""
    return signature(journal.absolute(FILE_NAME))
