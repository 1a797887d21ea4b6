"""What is asked of the tiers, what they found, and which of it counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from sync.errors import UsageError
from sync.taskmaster.memory import MemoryId, Tier
from sync.taskmaster.tiers.protocol import Held, Mark

MAX_LIMIT = 1_000
_SPARE = 2
_LARGER = (100, 1_000)
_State: TypeAlias = tuple[frozenset[Tier], int]
"""What a tier says of a memory: which tiers are owed it, and its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked; see `MemoryManager.recall`."""

    context: str
    query: str
    semantic: bool = True
    min_score: float = 0.25
    limit: int = 10
    archived: bool = False

    @property
    def pool(self) -> int:
        """How many memories a tier is asked for: some more than are wanted, as not all may be shown."""
        return self.limit + _SPARE

    @property
    def pools(self) -> tuple[int, ...]:
        """The same, and what it is asked for again where most of what it found may not be shown."""
        return self.pool, *(one for one in _LARGER if one > self.pool)


@dataclass(frozen=True, slots=True)
class Found:
    """A memory that a tier found, and how well it answers.

    Attributes:
        held, tier, score: see above.
        is_close: whether it was found by its meaning, and a tier closer than the journal holds it.
        is_alone: whether the short-term tier found it, and none above is known to hold it.
    """

    held: Held
    tier: Tier
    score: float
    is_close: bool = False
    is_alone: bool = False

    @property
    def id(self) -> MemoryId:
        """The memory's."""
        return self.held.memory.id


def knows_better(one: Held, other: Held) -> Held:
    """Which of two tiers' versions counts."""
    return one if _counts((one.owed, one.memory.version), (other.owed, other.memory.version)) else other


def current(found: Sequence[Held], marks: Mapping[MemoryId, Mark]) -> list[Held]:
    """What a tier found, as far as no tier that is to know better says otherwise; with the rivals that it tells of.

    What is newer there, or forgotten, that tier has found by itself, or rightly not.

    Args:
        found: what the tier found.
        marks: what the tiers say that are to know better.
    """
    known = [(one, marks.get(one.memory.id)) for one in found]
    return [
        one if mark is None else replace(one, rivals=mark.rivals, base=mark.base)
        for one, mark in known
        if mark is None or _counts((one.owed, one.memory.version), (mark.owed, mark.version))
    ]


def _counts(own: _State, other: _State) -> bool:
    """Whether a version counts, and not the other: one that is still owed to the journal, else the newer one."""
    for (owed, _), is_own in ((own, True), (other, False)):
        if Tier.LONG in owed:
            return is_own
    return own[1] >= other[1]


def add(found: dict[MemoryId, Found], more: Sequence[Found]) -> None:
    """Of each memory the version that counts; of the same one the better score, from the tier that had it first."""
    for one in more:
        known = found.get(one.id)
        if known is None or knows_better(known.held, one.held) is one.held:
            found[one.id] = one
        elif known.held.memory.version == one.held.memory.version and one.score > known.score:
            found[one.id] = replace(known, score=one.score)


def is_enough(found: Mapping[MemoryId, Found], wanted: Wanted, line: Mapping[str, float]) -> bool:
    """Whether no further tier need be asked: there is as much as is wanted, or the very key, where it is nearest.

    Args:
        found: what there is.
        wanted: what is asked.
        line: the contexts that are asked, the nearest first.
    """
    named = found.get(MemoryId(next(iter(line)), wanted.query.strip()))
    if named is not None and named.score >= wanted.min_score:
        return True
    return sum(one.score >= wanted.min_score for one in found.values()) >= wanted.limit


def best(found: Mapping[MemoryId, Found], wanted: Wanted) -> list[Found]:
    """What answers well enough, best first; of equals the newest."""
    hits = [one for one in found.values() if one.score >= wanted.min_score and not one.held.memory.is_forgotten]
    hits.sort(key=lambda one: (-one.score, -one.held.memory.updated.timestamp(), one.id))
    return hits[: wanted.limit]


def refuse_limit(limit: int) -> None:
    """Stop where nothing, or too much at once, is wanted.

    Raises:
        UsageError: the limit is none.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise UsageError(f"the limit {limit} is none", hint=f"give a number from 1 to {MAX_LIMIT}")


def refuse_odd(wanted: Wanted) -> None:
    """Stop where a question cannot be one.

    Raises:
        UsageError: it is none.
    """
    refuse_limit(wanted.limit)
    if not 0 <= wanted.min_score <= 1:
        raise UsageError(f"the least score {wanted.min_score} is none", hint="give a number from 0 to 1")
    try:
        wanted.query.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the question is not Unicode") from error
