"""What is known of entries that cannot be read as memories, kept beside the catalogue: losing it costs a message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sync.document.fault import Fault
from sync.repository.files import read_or_none, write_atomic
from sync.taskmaster.long_term.reading import Broken
from sync.taskmaster.memory import MemoryId

_NAME = "memory-faults.json"


def load_broken(state_folder: Path, commit: str) -> tuple[Broken, ...]:
    """The entries that could not be read at a commit; none where another commit was looked at last."""
    try:
        told = json.loads(read_or_none(state_folder / _NAME) or b"{}")
        if told.get("commit") != commit:
            return ()
        return tuple(
            Broken(fault=Fault(**one["fault"]), id=MemoryId(*one["id"]) if one["id"] else None, is_twin=one["is_twin"])
            for one in told["broken"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()  # a file that was cut short


def save_broken(state_folder: Path, commit: str, broken: Sequence[Broken]) -> None:
    """Keep the entries that cannot be read at a commit."""
    if not broken:
        (state_folder / _NAME).unlink(missing_ok=True)
        return
    told = [{"fault": one.fault.as_dict(), "id": one.id, "is_twin": one.is_twin} for one in broken]
    write_atomic(state_folder / _NAME, [json.dumps({"commit": commit, "broken": told}).encode()])
