"""What becomes of a write: which of two values a key holds, and which one is kept beside it. Pure.

Nothing that was acknowledged is lost: of two writers who did not know of each other, the later wins, and what the
other wrote is kept as a rival until somebody settles it. Both orders of arrival come to the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sync.taskmaster.memory import Memory, Tier
from sync.taskmaster.moments import micros

COPY = -1
"""The `seen` of a write that only brings a tier what another one has decided: the higher version stays."""
COPY_NEW = -2
"""As COPY, for a tier that decides itself: what it holds already stays, whatever its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write that is asked of a tier.

    Attributes:
        memory: what is to be held. Its version counts for a `COPY` only.
        seen: the version of the key that the writer knew; 0 where it knew of none; or COPY, or COPY_NEW.
        homes: the tiers that are to hold the memory in the end.
        owed: those of them, and of others that hold an older version, that must still be told.
        tokens: what it is found by, see `scoring.tokens_of`.
        base: Git's id of the entry that the writer knew, hexadecimal; empty where the journal had none.
        is_strict: nothing is written where the key is at another version than `seen` (compare-and-set).
    """

    memory: Memory
    seen: int
    homes: frozenset[Tier] = frozenset()
    owed: frozenset[Tier] = frozenset()
    tokens: tuple[int, ...] = ()
    base: str = ""
    is_strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a write.

    Attributes:
        memory: what the key holds now; None where a strict write found nothing.
        rival: the value that lost against it, and is kept; None where none did.
        is_winner: whether the key holds what was written.
    """

    memory: Memory | None
    rival: Memory | None = None
    is_winner: bool = True


def decide_write(present: Memory | None, write: Write) -> Stored:
    """What a key holds after a write.

    What is forgotten, or expired when the new value was written, is nobody's rival, and nothing to those who expect
    nothing.

    Args:
        present: what it holds now; a forgotten one counts.
        write: the write.
    """
    new = write.memory
    is_gone = present is None or present.is_forgotten or present.is_expired(new.updated)
    if write.seen in (COPY, COPY_NEW):
        is_newer = present is None or (write.seen == COPY and new.version >= present.version)
        return Stored(memory=new if is_newer or present is None else present, is_winner=is_newer)
    if write.is_strict and write.seen != (present.version if present else 0) and (write.seen or not is_gone):
        return Stored(memory=present, is_winner=False)
    if present is None or (is_gone and not new.is_forgotten):
        return Stored(memory=replace(new, version=_next(present.version if present else write.seen, new)))
    if present.version == write.seen or present.digest == new.digest:
        return Stored(memory=_following(present, new))
    if _rank(new) > _rank(present):
        return Stored(memory=_following(present, new), rival=present)
    if new.is_forgotten:  # the edit survives
        return Stored(memory=present, is_winner=False)
    return Stored(memory=replace(present, version=_next(present.version, new)), rival=new, is_winner=False)


def older(memories: Collection[Memory], newest: Memory) -> list[Memory]:
    """Rivals that still say something else than what their key holds, the newest first."""
    others = {one.digest: one for one in sorted(memories, key=_rank) if one.digest != newest.digest}
    return sorted(others.values(), key=_rank, reverse=True)


def _following(present: Memory, new: Memory) -> Memory:
    return replace(new, version=_next(present.version, new), created=min(present.created, new.created))


def _next(version: int, new: Memory) -> int:
    """The version that follows: at least the write's microseconds since 1970.

    So a tier that was thrown away and built again, or that lost a key, never gives out a version below one that a
    copy elsewhere has (a hybrid logical clock, Kulkarni et al. 2014).
    """
    return max(version + 1, micros(new.updated))


def _rank(memory: Memory) -> tuple[bool, object, float, str]:
    """An edit before a deletion, then the later, then the more important one; then any fixed order."""
    return not memory.is_forgotten, memory.updated, memory.importance, memory.digest
