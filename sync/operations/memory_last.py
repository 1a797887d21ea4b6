"""When the journal was last written, and how many memories that left, in a file beside the embedded tiers."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sync.errors import JournalError
from sync.repository.files import read_or_none, write_atomic
from sync.taskmaster.flush_due import LastFlush

_NAME = "last-flush.json"


@dataclass(frozen=True, slots=True)
class LastFlushFile:
    """As `FlushRecord`.

    Attributes:
        folder: a memory's; it may not be there yet.
    """

    folder: Path

    def load(self) -> LastFlush:
        """As `FlushRecord.load`."""
        try:
            told = json.loads(read_or_none(self.folder / _NAME) or b"{}")
            at = datetime.fromisoformat(told["at"])
            return LastFlush(at=at, left=max(0, int(told["left"]))) if at.tzinfo else LastFlush()
        except (JournalError, ValueError, KeyError, TypeError):
            return LastFlush()

    def save(self, last: LastFlush) -> None:
        """As `FlushRecord.save`."""
        told = {"at": last.at.isoformat() if last.at else "", "left": last.left}
        with contextlib.suppress(JournalError):
            write_atomic(self.folder / _NAME, [json.dumps(told).encode()])
