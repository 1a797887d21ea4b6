"""Writing what was decided: every guard first, then file by file, each whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sync.repository.files import Span, refuse_outside, write_atomic


class Outcome(Enum):
    """What became of one file."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    STALE = "stale"
    WOULD_WRITE = "would be written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One file to be replaced.

    Attributes:
        path: absolute.
        pieces: its new content.
    """

    path: Path
    pieces: Sequence[bytes | Span]


def apply_writes(writes: Sequence[Write], root: Path) -> None:
    """Write files, in order, each whole or not at all. The caller holds the lock.

    Raises:
        RefusedError: a file lies behind a link that leaves the repository; nothing is written then.
        UsageError: the disk refuses; the files before it are new, that one and those behind it are old.
    """
    for write in writes:
        refuse_outside(write.path, root)
    for write in writes:
        write_atomic(write.path, write.pieces)
