"""When the journal is due to be written: by how many memories wait for it, and for how long. Pure.

What a flush left, since it holds a secret or a person has to decide, does not count as waiting, and is tried again once
in `flush_age`: else it would be tried by every call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sync.document.memory_settings import MemorySettings, duration
from sync.taskmaster.tiers.protocol import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFlush:
    """The last time that the journal was written.

    Attributes:
        at: when, aware; None where it is not known.
        left: how many memories the journal was still owed then.
    """

    at: datetime | None = None
    left: int = 0

    def is_within(self, age: timedelta, now: datetime) -> bool:
        """Whether it was less than `age` ago; a time to come is that of a clock that was wrong."""
        return self.at is not None and self.at <= now < self.at + age


class FlushRecord(Protocol):
    """Where the last flush is written down, for all processes that write the journal."""

    def load(self) -> LastFlush:
        """The last one; nothing known where that cannot be read."""
        ...

    def save(self, last: LastFlush) -> None:
        """Write it down; where that cannot be done, the journal is written sooner than it need be."""
        ...


class Unshared:
    """A record that no other process sees."""

    def __init__(self) -> None:
        self._last = LastFlush()

    def load(self) -> LastFlush:
        """As `FlushRecord.load`."""
        return self._last

    def save(self, last: LastFlush) -> None:
        """As `FlushRecord.save`."""
        self._last = last


def most_counted(settings: MemorySettings, last: LastFlush) -> int:
    """How many waiting memories are worth counting: whether there are more changes nothing."""
    return settings.flush_count + last.left


def is_due(settings: MemorySettings, last: LastFlush, waiting: Waiting, now: datetime) -> bool:
    """Whether enough memories wait that the last flush has not left, or one has waited long enough.

    Args:
        settings: `flush_count` and `flush_age`.
        last: the last flush.
        waiting: what the journal is owed, counted up to `most_counted`.
        now: the time, aware.
    """
    if waiting.count >= most_counted(settings, last):
        return True
    age = duration(settings.flush_age)
    return waiting.oldest is not None and waiting.oldest <= now - age and not last.is_within(age, now)
