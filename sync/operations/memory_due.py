"""Writing the journal when so much waits for it, or for so long, that the settings say it is time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.document.memory_settings import EMBEDDED
from sync.errors import JournalError
from sync.operations.journal import Journal

if TYPE_CHECKING:
    from sync.taskmaster.long_term.port import Flushed
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


def flush_waiting(journal: Journal) -> Flushed | JournalError | None:
    """Write to the journal all memories that wait for it, before the journal is synced with its stores.

    Args:
        journal: the journal, in a repository.

    Returns:
        What was written; None where nothing was ever remembered here; why it could not be, which keeps nobody from
        syncing.
    """
    from sync.operations.memory_site import folder_of  # a journal without memories need not wait for the imports

    if journal.settings.memory.working == EMBEDDED and not (folder_of(journal) / "working.sqlite").exists():
        return None
    from sync.operations.memory import open_memory

    try:
        with open_memory(journal) as manager:
            return manager.flush()
    except JournalError as error:
        return error
