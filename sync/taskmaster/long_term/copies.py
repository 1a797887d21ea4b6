"""Copies of what the journal says: in the catalogue, and in the tiers that are to take its value over. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sync.taskmaster.core import JOURNAL
from sync.taskmaster.long_term.reading import Found
from sync.taskmaster.long_term.record import memory_of
from sync.taskmaster.memory import ENTRY, Memory, Tier
from sync.taskmaster.scoring import tokens_of
from sync.taskmaster.tiers.protocol import Held
from sync.taskmaster.writing import COPY, Write

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""A moment before which nothing expires: what has expired is in the journal all the same."""
LONG = frozenset({Tier.LONG})
_MICROSECOND = timedelta(microseconds=1)


def copy_of(found: Found, held: Held | None, known: Memory | None = None) -> Write:
    """What the catalogue is to hold of an entry.

    A version that the catalogue does not know of is one of a person's: it counts as later than the present one.

    Args:
        found: the entry.
        held: what the catalogue holds.
        known: the memory that the entry was just written from; None where it was not.
    """
    memory = memory_of(found.record, path=found.path)
    present = held.memory if held else None
    if known is not None:
        version = max(known.version, present.version if present else 0)
        memory = replace(memory, version=version, writer=known.writer)
    elif present is not None and said(present) == said(memory):
        memory = replace(memory, version=present.version, writer=present.writer)
    else:
        version = max(present.version + 1 if present else 1, (memory.updated - ALWAYS) // _MICROSECOND)
        memory = replace(memory, version=version, writer=JOURNAL)
    return Write(memory=memory, seen=COPY, homes=LONG, tokens=tokens_of(memory), base=found.blob)


def said(memory: Memory) -> tuple[object, ...]:
    """What a memory says, whoever holds it: two that say the same are copies of each other."""
    own = {key: value for key, value in memory.metadata.items() if key != ENTRY}
    digest = replace(memory, metadata=own).digest
    return digest, memory.importance, memory.created, memory.expires, memory.retention
