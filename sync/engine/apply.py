"""Writing what was decided. Nothing else in the program changes a file of the user."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path

from sync.repository.files import Span, read_or_none, refuse_outside, write_atomic

PENDING = "pending.json"


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


def apply_together(writes: Sequence[tuple[Path, bytes]], root: Path, folder: Path) -> None:
    """Write several files so that after a crash the next `finish_pending` completes what was begun.

    The whole plan is written down first, in one file. The caller holds the lock.

    Args:
        writes: absolute paths and their new content.
        root: the repository; no file may lie outside of it.
        folder: where the plan is kept until it is done.

    Raises:
        RefusedError, UsageError: as `apply_writes`.
    """
    for path, _content in writes:
        refuse_outside(path, root)
    plan = [
        {
            "path": os.path.relpath(path, root),
            "before": _digest(read_or_none(path)),
            "content": base64.b64encode(content).decode(),
        }
        for path, content in writes
    ]
    write_atomic(folder / PENDING, [json.dumps(plan).encode()])
    finish_pending(root, folder)


def finish_pending(root: Path, folder: Path) -> int:
    """Complete a plan that was begun; a file that somebody has changed since is left as it is.

    Returns:
        How many files were written.
    """
    pending = folder / PENDING
    if (found := read_or_none(pending)) is None:
        return 0
    written = 0
    for step in json.loads(found):
        path, content = root / step["path"], base64.b64decode(step["content"])
        refuse_outside(path, root)
        if _digest(read_or_none(path)) == step["before"]:
            write_atomic(path, [content])
            written += 1
    pending.unlink()
    return written


def _digest(data: bytes | None) -> str:
    return "" if data is None else sha256(data).hexdigest()
