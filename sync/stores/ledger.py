"""What has been imported, in the repository itself: one JSON object a line, sorted by hash, lines never changed.

Sorted lines of random hashes seldom touch when two branches import different memories, so Git merges the file alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sync.errors import UsageError

FILE_NAME = "imported.jsonl"


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


def load_ledger(data: bytes | None, name: str) -> list[Imported]:
    """The memories that were imported so far.

    Raises:
        UsageError: the ledger is damaged; importing on would bring everything in again.
    """
    found = []
    for number, line in enumerate((data or b"").decode("utf-8", "replace").splitlines(), 1):
        try:
            row = json.loads(line)
            found.append(Imported(**{key: str(row[key]) for key in Imported.__slots__}))
        except (ValueError, KeyError, TypeError) as error:
            hint = "restore it from Git; a conflict in it is resolved by keeping the lines of both sides"
            raise UsageError(f"{name}:{number}:1: not a line of the import ledger", hint=hint) from error
    return found


def render_ledger(rows: Iterable[Imported]) -> bytes:
    """The ledger's bytes: sorted, without duplicates."""
    lines = (json.dumps(asdict(row), ensure_ascii=False) for row in sorted(set(rows)))
    return "".join(f"{line}\n" for line in lines).encode("utf-8")
