"""What has been imported, in the repository itself: for each imported entry a file beside the entries folder.

`journal/imported/<stem of the entry>.jsonl`, one JSON object a line, ASCII, sorted by hash, never changed afterwards.
Two branches that import different things make different files, so Git merges them alone; a file outlives its entry, so
what a person deleted does not come back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sync.errors import UsageError

FOLDER = "imported"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Imported:
    """One memory that was imported.

    Attributes:
        hash: its content hash.
        store: name of the store it came from.
        file: the store's file.
        id: what the store called it; may be empty.
        entry: the entry it went into: file name.
    """

    hash: str
    store: str
    file: str
    id: str
    entry: str


def load_ledger(data: bytes, name: str) -> list[Imported]:
    """The memories of one ledger file.

    Args:
        data: the file's bytes.
        name: its path, for the message.

    Raises:
        UsageError: the ledger is damaged; importing on would bring its memories in again.
    """
    found = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found.append(Imported(**{key: str(row[key]) for key in Imported.__slots__}))
        except (ValueError, KeyError, TypeError) as error:
            hint = f"restore it from Git: git checkout -- {name}"
            raise UsageError(f"{name}:{number}:1: not a line of the import ledger", hint=hint) from error
    return found


def render_ledger(rows: Iterable[Imported]) -> bytes:
    """A ledger file's bytes."""
    return "".join(f"{json.dumps(asdict(row))}\n" for row in sorted(set(rows))).encode()
