"""The register of what was handed out to assistants: `handed-out.jsonl` in the clone's state folder.

One line a passage: where it stands and its fingerprints, never its text. Any number of processes append at once, each
with one write that begins a line of its own, so that a line which a crash tore costs itself and no other. When the
file has grown it is written anew without what stands in it twice, the oldest left out. Losing it costs recognition of
passages that the journal does not hold any more, nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sync.errors import JournalError
from sync.repository.files import read_or_none, write_atomic
from sync.search.recall import Origin

FILE = "handed-out.jsonl"
MOST_FINGERPRINTS = 50_000
MOST_BYTES = 3 << 20
_GROWN_BYTES = 2 * MOST_BYTES
_LOCK = "handed-out.lock"


def register(folder: Path, passages: Iterable[tuple[Origin, Sequence[str]]]) -> str:
    """Add passages to the register.

    Args:
        folder: the state folder; made where it is missing.
        passages: where each stands, and its fingerprints.

    Returns:
        Why they could not be added; empty where they were. An answer must not fail for it.

    Effects:
        Appends to one file; nothing is waited for but another process that is writing the file anew.
    """
    rows = [{"e": origin.entry, "n": origin.line, "f": list(found)} for origin, found in passages]
    text = "".join(f"\n{json.dumps(row, separators=(',', ':'))}" for row in rows) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder, fcntl.LOCK_SH):
            grown = _append(folder / FILE, text.encode())
        if grown > _GROWN_BYTES:
            _compact(folder)
    except (OSError, JournalError) as error:
        why = error.strerror or error if isinstance(error, OSError) else error.message
        return f"what was handed out is not remembered: {folder / FILE}: {why}"
    return ""


def find(folder: Path, wanted: frozenset[str]) -> dict[str, list[Origin]]:
    """Which of some fingerprints were handed out, and where each stood; the latest first.

    Raises:
        UsageError: the register cannot be read.
    """
    found: dict[str, list[Origin]] = {}
    for origin, fingerprints in _rows(read_or_none(folder / FILE) or b""):
        for one in wanted.intersection(fingerprints):
            found.setdefault(one, []).insert(0, origin)
    return found


def _append(file: Path, data: bytes) -> int:
    """Append in one write; the size afterwards."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        if os.write(handle, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.fstat(handle).st_size
    finally:
        os.close(handle)


def _compact(folder: Path) -> None:
    """Write the register anew, bounded; left to whoever does it already."""
    with contextlib.suppress(BlockingIOError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        data = read_or_none(folder / FILE) or b""
        if len(data) > _GROWN_BYTES:
            write_atomic(folder / FILE, _latest(data))


def _latest(data: bytes) -> list[bytes]:
    """The lines that are kept: each once, the latest ones, in their order."""
    kept: dict[bytes, None] = {}
    count = size = 0
    for line in reversed(data.split(b"\n")):
        if line in kept or (row := _row(line)) is None:
            continue
        count, size = count + len(row[1]), size + len(line) + 1
        if count > MOST_FINGERPRINTS or size > MOST_BYTES:
            break
        kept[line] = None
    return [line + b"\n" for line in reversed(kept)]


def _rows(data: bytes) -> Iterator[tuple[Origin, list[str]]]:
    rows = (_row(line) for line in dict.fromkeys(data.split(b"\n")))
    return (row for row in rows if row is not None)


def _row(line: bytes) -> tuple[Origin, list[str]] | None:
    """What a line tells; None where it is torn or empty."""
    if not line:
        return None
    try:
        told = json.loads(line)
        origin = Origin(entry=str(told["e"]), line=int(told["n"]))
        return origin, [one for one in told["f"] if isinstance(one, str)]
    except (ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
