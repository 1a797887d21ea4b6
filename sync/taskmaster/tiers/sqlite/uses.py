"""Uses that were counted and are not written yet: reading a memory costs no write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from threading import Lock

from sync.taskmaster.memory import MemoryId
from sync.taskmaster.tiers.protocol import Held, Use
from sync.taskmaster.tiers.sqlite.rows import micros, moment_of
from sync.taskmaster.tiers.sqlite.writes import Uses

_MANY = 1_000


class UseBuffer:
    """What this process has counted since it last wrote."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._uses: dict[MemoryId, tuple[int, int, int]] = {}

    def add(self, uses: Iterable[Use]) -> bool:
        """Count some uses; whether there are so many by now that they should be written."""
        with self._lock:
            for use in uses:
                last = micros(use.at)
                count, before, took = self._uses.get(use.id, (0, last, 0))
                self._uses[use.id] = count + 1, max(before, last), took + round(use.took_s * 1e6)
            return len(self._uses) >= _MANY

    def take(self) -> Uses:
        """All that was counted; whoever takes it writes it."""
        if not self._uses:
            return {}
        with self._lock:
            taken, self._uses = self._uses, {}
            return taken

    def with_uses(self, held: Held) -> Held:
        """What is held, with the uses that are not written yet."""
        found = self._uses.get(held.memory.id)
        if found is None:
            return held
        count, last, took = found
        used = moment_of(last) if held.used is None else max(held.used, moment_of(last))
        return replace(held, uses=held.uses + count, used=used, took_s=held.took_s + took / 1e6)
