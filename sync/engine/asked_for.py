"""What commands printed for a program to read, kept until it is fingerprinted: `asked-for.jsonl` in the state folder.

Fingerprinting a passage takes longer than finding it, and only an import or a sync needs to know. So a command appends
what it printed as it is, and whoever needs the register settles this file into it first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

FILE = "asked-for.jsonl"
MOST_BYTES = 1 << 20
"""A file of more is settled by the command that made it grow."""

_TAKEN = ".taken"


def keep(folder: Path, rows: Sequence[dict[str, Any]]) -> int:
    """Append rows, in one write that begins a line of its own.

    Returns:
        The size of the file afterwards, in bytes.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = "".join(f"\n{json.dumps(row, ensure_ascii=True, separators=(',', ':'))}" for row in rows) + "\n"
    handle = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.write(handle, data.encode())
        return os.fstat(handle).st_size
    finally:
        os.close(handle)


def settle(folder: Path, register: Callable[[list[dict[str, Any]]], None]) -> None:
    """Hand over every row that is kept, and forget it.

    Args:
        folder: the state folder.
        register: is given the rows; given some of them twice where a process dies in between.

    Effects:
        Takes the file away before it is read, so that what is appended meanwhile is in the next one.
    """
    if (folder / FILE).exists():
        os.replace(folder / FILE, folder / f"{FILE}.{os.getpid()}{_TAKEN}")
    for taken in sorted(folder.glob(f"{FILE}.*{_TAKEN}")):
        rows = list(_rows(taken.read_bytes()))
        if rows:
            register(rows)
        taken.unlink(missing_ok=True)


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            row = json.loads(line)
        except ValueError:  # torn by a crash, or empty
            continue
        if isinstance(row, dict):
            yield row
