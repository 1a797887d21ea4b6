"""Whose turn it is to write, among processes.

SQLite lets processes wait by asking again and again, so one that writes all the time starves the others. Here two
kernel locks make a queue: who wants to write waits for the place at its head, and from there for the turn. A process
that has had its turn may take the next at once while nobody else has it, but only for a millisecond: to wake
another for every write would leave the disk idle. A process that dies leaves its locks.

Each lock has a bell, a named pipe: who leaves the lock rings, which wakes one of those who wait for it. The bell says
only that it is time to ask again; the lock decides. So bells may be shared, missed, or missing. They hang in a folder
of the user's, not beside the file, where whoever copies the folder would stumble over pipes.
"""

from __future__ import annotations

import fcntl
import os
import select
import stat
import time
from contextlib import suppress
from pathlib import Path

from sync.errors import UsageError
from sync.taskmaster.tiers.protocol import TierDownError

_QUANTUM_S = 0.001
"""How long a process may write again without queueing."""
_ASK_AGAIN_S = 0.02
"""Who died has not rung, nor has who rings another bell, as in a container with a folder of its own."""
_PAUSE_S = 0.001
"""Between two questions where there is no bell."""
_BELLS = 256
_MANY = 65_536


class Turnstile:
    """The queue of one file; used by one thread at a time.

    Args:
        path: the file that is written; the locks lie beside it.
        wait_s: how long to wait for a turn, in seconds.
        bells: the folder where the bells hang, of this user's alone; None for the usual one.
    """

    def __init__(self, path: Path, *, wait_s: float, bells: Path | None = None) -> None:
        self._path, self._wait_s = path, wait_s
        self._bells = bells or Path(f"/tmp/journal-{os.getuid()}")  # noqa: S108 (checked when it is opened)
        self._gates: tuple[_Gate, _Gate] | None = None
        self._queued = -_QUANTUM_S

    def enter(self) -> None:
        """Wait for a turn.

        Raises:
            TierDownError: it does not come in time.
            UsageError: the locks cannot be made.
        """
        try:
            head, turn = self._gates or self._open()
            now = time.monotonic()
            if now - self._queued < _QUANTUM_S and turn.is_taken():
                return
            self._queue(head, turn, now + self._wait_s)
        except OSError as error:  # as on a file system that has no locks
            raise UsageError(f"{self._path}: cannot be locked: {error.strerror or error}") from error

    def leave(self) -> None:
        """End the turn."""
        if self._gates:
            self._gates[1].leave()

    def close(self) -> None:
        """Let go of the locks' files."""
        for gate in self._gates or ():
            gate.close()
        self._gates = None

    def _queue(self, head: _Gate, turn: _Gate, deadline: float) -> None:
        self._wait(head, deadline)
        try:
            self._wait(turn, deadline)
        finally:
            head.leave()
        self._queued = time.monotonic()

    def _wait(self, gate: _Gate, deadline: float) -> None:
        if gate.is_taken():
            return
        gate.hush()
        while not gate.is_taken():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TierDownError(f"{self._path}: other processes have been writing for too long", hint="try again")
            gate.listen(min(left_s, _ASK_AGAIN_S))
            gate.hush()

    def _open(self) -> tuple[_Gate, _Gate]:
        head = _Gate(self._path.with_name(f"{self._path.name}.queue"), self._bells)
        try:
            turn = _Gate(self._path.with_name(f"{self._path.name}.turn"), self._bells)
        except OSError:
            head.close()
            raise
        self._gates = head, turn
        return self._gates


class _Gate:
    """A lock that one process has at a time, and its bell.

    Args:
        path: of the lock's file.
        bells: the folder where its bell hangs, by the number of that file.

    Raises:
        OSError: the lock's file cannot be made.
    """

    def __init__(self, path: Path, bells: Path) -> None:
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._bell = _opened_bell(self._lock, bells)
        self._ear = None if self._bell is None else _Ear(self._bell)

    def is_taken(self) -> bool:
        """Whether this process has the lock by now."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def leave(self) -> None:
        """Let go of the lock, and ring."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        if self._bell is not None:
            with suppress(BlockingIOError):  # it has been ringing for long
                os.write(self._bell, b"\0")

    def hush(self) -> None:
        """Forget that it rang. Whoever hushes it asks for the lock afterwards."""
        if self._bell is not None:
            with suppress(BlockingIOError):
                os.read(self._bell, _MANY)

    def listen(self, most_s: float) -> None:
        """Sleep until it rings, or for so many seconds."""
        if self._ear is None:
            time.sleep(min(most_s, _PAUSE_S))
        else:
            self._ear.listen(most_s)

    def close(self) -> None:
        """Close both files."""
        if self._ear is not None:
            self._ear.close()
        for handle in (self._lock, self._bell):
            if handle is not None:
                os.close(handle)
        self._bell = self._ear = None


class _Ear:
    """Hears a bell. Of all who listen, one is woken where the system can do so (EPOLLEXCLUSIVE, epoll_ctl(2))."""

    def __init__(self, bell: int) -> None:
        self._one = select.epoll() if hasattr(select, "EPOLLEXCLUSIVE") else None
        self._all = select.poll()
        if self._one is not None:
            self._one.register(bell, select.EPOLLIN | select.EPOLLEXCLUSIVE)
        self._all.register(bell, select.POLLIN)

    def listen(self, most_s: float) -> None:
        """Sleep until it rings, or for so many seconds."""
        if self._one is None:
            self._all.poll(1000 * most_s)
        else:
            self._one.poll(most_s)

    def close(self) -> None:
        """Hear nothing any more."""
        if self._one is not None:
            self._one.close()


def _opened_bell(lock: int, folder: Path) -> int | None:
    """The named pipe that is a lock's bell, see `_Gate`; None where there can be none."""
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if os.lstat(folder).st_uid != os.getuid():
            return None
        path = folder / f"bell-{os.fstat(lock).st_ino % _BELLS}"
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    return None
