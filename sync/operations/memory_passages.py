"""Memories that leave for a program, kept in mind so that they are recognised when they come back as news."""

from __future__ import annotations

from collections.abc import Iterable

from sync.operations.handing_out import hand_out_later
from sync.operations.journal import Journal
from sync.operations.memory_shown import text_shown
from sync.search.hit import Hit
from sync.taskmaster.long_term.paths import path_of
from sync.taskmaster.memory import Kind, Memory

_LONGEST = 100_000  # characters of a value that are kept in mind: an assistant keeps no more of one passage


def hand_out_memories(journal: Journal, memories: Iterable[Memory]) -> None:
    """Keep memories that are given to a program; bytes are not kept: no assistant gives them back as text.

    Args:
        journal: the journal.
        memories: what is given.

    Effects:
        As `hand_out_later`.
    """
    hand_out_later(journal, [_passage(journal, one) for one in memories if one.kind is not Kind.BYTES])


def _passage(journal: Journal, memory: Memory) -> Hit:
    """A memory as a passage of its entry, which it has or will have."""
    entry = memory.metadata.get("_entry") or path_of(journal.settings.entries, memory.id)
    return Hit(
        entry=str(entry), id="", title=memory.key, date="", tags=(), headings=(), text=text_shown(memory)[:_LONGEST],
        before="", after="", first_line=1, last_line=1, commit="", score=0.0,
    )  # fmt: skip
