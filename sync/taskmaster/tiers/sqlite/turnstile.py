"""Whose turn it is to write, among processes.

SQLite lets processes wait by asking again and again, so one that writes all the time starves the others. Here two
kernel locks make a queue: who wants to write waits for the place at its head, and from there for the turn. Who has
just written finds that place taken, and so lets the other go first. A process that dies leaves its locks.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from sync.errors import UsageError
from sync.taskmaster.tiers.protocol import TierDownError

_POLL_S = 0.000_02
_LONGEST_POLL_S = 0.001


class Turnstile:
    """The queue of one file; used by one thread at a time.

    Args:
        path: the file that is written; the locks lie beside it.
        wait_s: how long to wait for a turn, in seconds.
    """

    def __init__(self, path: Path, *, wait_s: float) -> None:
        self._path, self._wait_s = path, wait_s
        self._handles: tuple[int, int] | None = None

    def enter(self) -> None:
        """Wait for a turn.

        Raises:
            TierDownError: it does not come in time.
            UsageError: the locks cannot be made.
        """
        try:
            head, turn = self._handles or self._open()
            deadline = time.monotonic() + self._wait_s
            self._wait(head, deadline, _LONGEST_POLL_S)
            try:
                self._wait(turn, deadline, _POLL_S)
            finally:
                fcntl.flock(head, fcntl.LOCK_UN)
        except OSError as error:  # as on a file system that has no locks
            raise UsageError(f"{self._path}: cannot be locked: {error.strerror or error}") from error

    def leave(self) -> None:
        """End the turn."""
        if self._handles:
            fcntl.flock(self._handles[1], fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the locks' files."""
        for handle in self._handles or ():
            os.close(handle)
        self._handles = None

    def _open(self) -> tuple[int, int]:
        handles: list[int] = []
        try:
            for name in ("queue", "turn"):
                path = self._path.with_name(f"{self._path.name}.{name}")
                handles.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError:
            for handle in handles:
                os.close(handle)
            raise
        self._handles = handles[0], handles[1]
        return self._handles

    def _wait(self, handle: int, deadline: float, longest_s: float) -> None:
        pause_s = _POLL_S
        while not _is_taken(handle):
            if time.monotonic() >= deadline:
                raise TierDownError(f"{self._path}: other processes have been writing for too long", hint="try again")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, longest_s)


def _is_taken(handle: int) -> bool:
    """Whether this process holds a lock by now."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
