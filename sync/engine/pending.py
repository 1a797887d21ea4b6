"""Making several entries with their ledgers, so that a crash anywhere neither loses a memory nor imports it twice.

The plan is written down first. An entry is created before its ledger; if the process dies between the two, the next
import finds the plan, sees which memories stand in an entry already, and writes the ledgers that are missing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sync.errors import RetryError, UsageError
from sync.repository.files import create_new, read_or_none, refuse_outside, write_atomic
from sync.stores.ledger import Imported, render_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One entry to be made.

    Attributes:
        entry, ledger: their paths, relative to the repository.
        text: the entry's text.
        items: the memories as they stand in the text, in the order of `rows`.
        rows: the ledger's rows.
    """

    entry: str
    ledger: str
    text: str
    items: tuple[str, ...]
    rows: tuple[Imported, ...]


def make_entries(planned: Sequence[Planned], root: Path, folder: Path) -> None:
    """Make entries and their ledgers. The caller holds the lock.

    Args:
        planned: what is to be made; no entry exists yet.
        root: the work tree.
        folder: where the plan is kept until it is done.

    Raises:
        RefusedError: a path leads out of the repository; nothing is written then.
        RetryError: somebody else made an entry of that name meanwhile; it is left alone.
        UsageError: the disk refuses.
    """
    for one in planned:
        refuse_outside(root / one.entry, root)
        refuse_outside(root / one.ledger, root)
    plan = [
        {"entry": one.entry, "ledger": one.ledger, "items": one.items, "rows": [asdict(row) for row in one.rows]}
        for one in planned
    ]
    write_atomic(_plan_file(root, folder), [json.dumps(plan).encode()])
    for one in planned:
        if not create_new(root / one.entry, one.text.encode()):
            _plan_file(root, folder).unlink()  # what was made so far has its ledgers
            raise RetryError(f"{one.entry} has just been made by somebody else", hint="run the command again")
        write_atomic(root / one.ledger, [render_ledger(one.rows)])
    _plan_file(root, folder).unlink()


def is_pending(root: Path, folder: Path) -> bool:
    """Whether a run that died left a plan in this work tree."""
    return _plan_file(root, folder).exists()


def finish_pending(root: Path, folder: Path) -> None:
    """Complete what a run that died had begun in this work tree. The caller holds the lock.

    Raises:
        UsageError: the disk refuses.
    """
    file = _plan_file(root, folder)
    if (found := read_or_none(file)) is None:
        return
    try:
        steps = [(step["entry"], step["ledger"], _rows(step)) for step in json.loads(found)]
    except (ValueError, KeyError, TypeError) as error:
        hint = f"look whether entries were imported twice, then delete {file}"
        raise UsageError("the plan of an import that died cannot be read", hint=hint) from error
    for entry_path, ledger, planned in steps:
        entry = (read_or_none(root / entry_path) or b"").decode("utf-8", "replace")
        rows = [row for row, item in planned if f"\n{item}\n" in f"\n{entry}\n"]
        if rows and not (root / ledger).exists():
            refuse_outside(root / ledger, root)
            write_atomic(root / ledger, [render_ledger(rows)])
    file.unlink()


def _rows(step: dict[str, Any]) -> list[tuple[Imported, str]]:
    rows = [Imported(**row) for row in step["rows"]]
    return list(zip(rows, map(str, step["items"]), strict=True))


def _plan_file(root: Path, folder: Path) -> Path:
    """Work trees share the folder; each has a plan of its own."""
    return folder / f"importing-{sha256(str(root).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.json"
