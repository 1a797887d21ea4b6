"""What is to be done now and then behind other calls: writing the journal, telling tiers, keeping their limits.

A sync of a journal without memories imports this too, so the tiers are imported where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import randrange
from typing import TYPE_CHECKING

from sync.document.memory_settings import EMBEDDED
from sync.errors import JournalError
from sync.operations.journal import Journal

if TYPE_CHECKING:
    from sync.taskmaster.long_term.port import Flushed
    from sync.taskmaster.manager import MemoryManager

TIDIED_EVERY = 32
"""In one of so many calls the tiers are swept, whether or not they are owed anything."""
_MOST_NOTES = 5
_LOOKED_AT = 4  # of what is owed; a call itself writes one or two memories that are told and not settled yet


def flush_when_due(manager: MemoryManager, *, draw: Callable[[int], int] = randrange) -> tuple[str, ...]:
    """Write what waits to the journal, where the settings say that it is time; tell tiers what they are owed.

    Args:
        manager: a journal's memory.
        draw: a number below another one; where it is 0, all tiers are kept within their limits.

    Returns:
        Notes for people: what the flush has left and why, or why nothing could be written: it is durable, and a later
        flush writes it.
    """
    try:
        if (done := manager.flush_if_due()) is not None:
            return notes_of(done)
    except JournalError as error:
        return (f"the journal is written later: {error.message}",)
    try:
        return manager.catch_up().notes if not draw(TIDIED_EVERY) or _is_owing(manager) else ()
    except JournalError as error:
        return (f"other tiers are told later: {error.message}",)


def flush_waiting(journal: Journal) -> Flushed | JournalError | None:
    """Write to the journal all memories that wait for it, before the journal is synced with its stores.

    Args:
        journal: the journal, in a repository.

    Returns:
        What was written; None where nothing was ever remembered here; why it could not be, which keeps nobody from
        syncing.
    """
    from sync.operations.memory_site import folder_of

    if journal.settings.memory.working == EMBEDDED and not (folder_of(journal) / "working.sqlite").exists():
        return None
    from sync.operations.memory import open_memory  # a journal without memories need not wait for the imports

    try:
        with open_memory(journal) as manager:
            return manager.flush()
    except JournalError as error:
        return error


def notes_of(done: Flushed) -> tuple[str, ...]:
    """What a flush has left, a line each, at most six; nothing where it left nothing."""
    left = [f"{one.id.context} {one.id.key}: {one.why}" for one in done.left if one.why]
    more = [f"and {len(left) - _MOST_NOTES} more: journal flush"] if len(left) > _MOST_NOTES else []
    kept = [f"{done.refusal.message}; {done.refusal.hint}"] if done.refusal else []
    return (*kept, *left[:_MOST_NOTES], *more)


def _is_owing(manager: MemoryManager) -> bool:
    """Whether a tier that answers is owed something."""
    from sync.taskmaster.memory import Tier

    core = manager.core
    has_model = core.tiers.semantic is not None and core.health.why_not(Tier.SEMANTIC) is None
    return (has_model and core.tiers.working.waiting(Tier.SEMANTIC, 1).count > 0) or any(_untold(manager))


def _untold(manager: MemoryManager) -> Iterator[bool]:
    """Of memories that the short-term tier is owed, whether it has not been told them: that is settled later."""
    from sync.taskmaster.core import Down
    from sync.taskmaster.memory import Tier

    core = manager.core
    owed = core.tiers.working.owed(Tier.SHORT, _LOOKED_AT)
    ids = [one.memory.id for one in owed]
    held = core.health.ask(Tier.SHORT, lambda: core.tiers.short.get(ids, core.clock())) if owed else {}
    if isinstance(held, Down):
        return
    for one in owed:
        known = held.get(one.memory.id)
        yield known is not None if one.rivals else known is None or known.memory.version != one.memory.version
