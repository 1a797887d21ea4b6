"""One memory by its key."""

from __future__ import annotations

from sync.errors import UsageError
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.memory import checked_key
from sync.taskmaster.results import Recalled


def look_up(manager: MemoryManager, context: str, key: str, *, at: str = "") -> Recalled | None:
    """The memory that a key names in a context, or in the nearest that it inherits from; None for nothing.

    Args:
        manager: the journal's memory.
        context, key: see `MemoryManager.get`.
        at: a commit whose journal is asked instead; empty for now.

    Raises:
        UsageError: context or key is none, or there is no such commit.
    """
    if not at:
        return manager.get(context, key)
    hits = manager.recall(context, checked_key(key), at=at, min_score=0.0, archived=True).hits
    return next((one for one in hits if one.memory.key == key), None)


def find_exact(manager: MemoryManager, context: str, key: str, *, at: str = "") -> Recalled:
    """As `look_up`, where something is to be there.

    Raises:
        UsageError: as `look_up`, or there is nothing.
    """
    found = look_up(manager, context, key, at=at)
    if found is None:
        when = f" at {at}" if at else ""
        hint = f"what it holds: journal recall {context}"
        raise UsageError(f"{context} holds nothing under {key!r}{when}", hint=hint)
    return found
