"""Writing the journal when so much waits for it, or for so long, that the settings say it is time."""

from __future__ import annotations

from sync.errors import JournalError
from sync.operations.journal import Journal
from sync.taskmaster.manager import MemoryManager


def flush_when_due(journal: Journal, manager: MemoryManager) -> tuple[str, ...]:
    """Write what waits to the journal, where the settings say that it is time.

    Args:
        journal: the journal.
        manager: its memory.

    Returns:
        Why it could not be written now, if so: what waits is durable, and is written by a later flush.
    """
    if journal.location.git_dir is None:
        return ()
    try:
        manager.flush_if_due()
    except JournalError as error:
        return (f"the journal is written later: {error.message}",)
    return ()
