"""One lock for a repository, so that two runs never write at once.

The lock is a file that names its holder: process, host, and a time after which other hosts need not respect it. A
holder that is dead, or on another host and out of time, is taken over; any other is waited for, and its lock is never
deleted. Looking at the lock and taking it happen under a kernel lock on a neighbouring file, so that two takers cannot
both see a dead holder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sync.errors import RetryError, UsageError
from sync.repository.files import write_atomic

EXPIRY_S = 900.0
WAIT_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock.

    Attributes:
        pid: process id, meaningful on `host` only.
        host: the machine's name.
        expires: seconds since the epoch, UTC; for other hosts, which cannot ask whether the process lives.
        started: when the process started, by the kernel's count; tells it from a later one with its number.
        token: unique to one taking of the lock.
    """

    pid: int
    host: str
    expires: float
    started: str
    token: str

    def is_stale(self, now: float) -> bool:
        """Whether the lock may be taken over. A process that sleeps for long, as a laptop does, still holds it."""
        if self.host == socket.gethostname():
            return not _is_alive(self.pid) or _start_of(self.pid) != self.started
        return now >= self.expires


@contextlib.contextmanager
def lock(folder: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the repository's lock.

    Args:
        folder: where the lock's files lie; made where it is missing.
        wait_s: how long to wait for another run, in seconds.

    Raises:
        RetryError: another run still holds it.
        UsageError: the folder cannot be written.
    """
    pid = os.getpid()
    mine = Holder(
        pid=pid,
        host=socket.gethostname(),
        expires=time.time() + EXPIRY_S,
        started=_start_of(pid),
        token=uuid.uuid4().hex,
    )
    deadline = time.monotonic() + wait_s
    while (other := _take(folder, mine)) is not None:
        if time.monotonic() >= deadline:
            hint = f"wait for it to end; if it is gone for good, delete {folder / 'lock'}"
            raise RetryError(f"process {other.pid} on {other.host} is at work in this repository", hint=hint)
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        _release(folder, mine)


def read_holder(folder: Path) -> Holder | None:
    """Who holds the lock now; None where nobody does. A lock that cannot be read is one that was never finished."""
    try:
        found = json.loads((folder / "lock").read_text(encoding="utf-8"))
        return Holder(
            pid=int(found["pid"]),
            host=str(found["host"]),
            expires=float(found["expires"]),
            started=str(found.get("started", "")),
            token=str(found["token"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _take(folder: Path, mine: Holder) -> Holder | None:
    """Take the lock and return None, or return its present holder."""
    with _guard(folder):
        other = read_holder(folder)
        if other is not None and not other.is_stale(time.time()):
            return other
        try:
            write_atomic(folder / "lock", [json.dumps(asdict(mine)).encode()])
        except BaseException:
            _drop(folder, mine)
            raise
        return None


def _release(folder: Path, mine: Holder) -> None:
    with _guard(folder):
        _drop(folder, mine)


def _drop(folder: Path, mine: Holder) -> None:
    """Delete the lock if it is ours."""
    if read_holder(folder) == mine:
        (folder / "lock").unlink(missing_ok=True)


@contextlib.contextmanager
def _guard(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock.guard", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _start_of(pid: int) -> str:
    """When a process started, in clock ticks since boot (proc(5), field 22); empty where the kernel does not say."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    return facts.rpartition(b")")[2].split()[19].decode()
