"""Uses that were counted and are not written yet: reading a memory costs no write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Lock, Thread
from typing import TypeAlias

from sync.errors import JournalError
from sync.taskmaster.memory import MemoryId
from sync.taskmaster.moments import micros, moment_of
from sync.taskmaster.tiers.protocol import Held, Use

Uses: TypeAlias = Mapping[MemoryId, tuple[int, int, int]]
"""For each memory how often it was used, when last, and how long that took in all, both in microseconds."""

_MANY = 1_000
_LONG = 60_000_000
"""Others, who sweep by the order of uses, are told of one after so many microseconds at most, while there are more."""


class UseBuffer:
    """What this process has counted since it last wrote.

    Args:
        keeps_times: whether it is of interest how long the uses took.
    """

    def __init__(self, *, keeps_times: bool = True) -> None:
        self._lock, self._unit = Lock(), 1e6 if keeps_times else 0.0
        self._uses: dict[MemoryId, tuple[int, int, int]] = {}
        self._since = 0

    def add(self, uses: Iterable[Use]) -> bool:
        """Count some uses; whether there are so many by now, or some so old, that they should be written."""
        with self._lock:
            last = 0
            for use in uses:
                last = micros(use.at)
                self._since = self._since or last
                count, before, took = self._uses.get(use.id, (0, last, 0))
                self._uses[use.id] = count + 1, max(before, last), took + round(use.took_s * self._unit)
            return len(self._uses) >= _MANY or last > self._since + _LONG

    def take(self) -> Uses:
        """All that was counted; whoever takes it writes it."""
        if not self._uses:
            return {}
        with self._lock:
            taken, self._uses = self._uses, {}
            self._since = 0
            return taken

    def with_uses(self, held: Held) -> Held:
        """What is held, with the uses that are not written yet."""
        found = self._uses.get(held.memory.id) if self._uses else None
        if found is None:
            return held
        count, last, took = found
        used = moment_of(last) if held.used is None else max(held.used, moment_of(last))
        return replace(held, uses=held.uses + count, used=used, took_s=held.took_s + took / 1e6)


class Aside:
    """Writes uses in a thread of its own, where a thousand at once would keep a caller waiting; once at a time.

    Args:
        write: writes what was counted; what it cannot write is lost, as uses need not be durable.
    """

    def __init__(self, write: Callable[[], None]) -> None:
        self._write, self._lock = write, Lock()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Let them be written, unless somebody is at it."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="journal-uses", daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Write what is left; returns when all that was counted before is written, or lost.

        Raises:
            TierDownError: see `write`.
        """
        with self._lock:
            if self._thread is not None:
                self._thread.join()
        self._write()

    def _work(self) -> None:
        with suppress(JournalError):
            self._write()
