"""When the journal was last written, and how many memories that left: so that those are not tried again and again."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sync.errors import JournalError
from sync.repository.files import read_or_none, write_atomic

_NAME = "last-flush.json"


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


def load_last(folder: Path) -> LastFlush:
    """What was written down in a memory's folder; nothing known where that cannot be read."""
    try:
        told = json.loads(read_or_none(folder / _NAME) or b"{}")
        at = datetime.fromisoformat(told["at"])
        return LastFlush(at=at, left=max(0, int(told["left"]))) if at.tzinfo else LastFlush()
    except (JournalError, ValueError, KeyError, TypeError):
        return LastFlush()


def save_last(folder: Path, last: LastFlush) -> None:
    """Write it down; where that cannot be done, the journal is written sooner than it need be."""
    told = {"at": last.at.isoformat() if last.at else "", "left": last.left}
    with contextlib.suppress(JournalError):
        write_atomic(folder / _NAME, [json.dumps(told).encode()])
