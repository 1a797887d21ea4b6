"""What a batch of writes makes of the rows that are there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.taskmaster.memory import Memory, MemoryId, Tier
from sync.taskmaster.writing import Stored, Write, decide_write


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A key's row.

    Attributes:
        memory: what it holds.
        homes, owed, base: see `Held`.
        tokens: what it is found by; None for those that it has.
        row: the row's number; None where there is none yet.
    """

    memory: Memory
    homes: frozenset[Tier]
    owed: frozenset[Tier]
    base: str
    tokens: tuple[int, ...] | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be written.

    Attributes:
        stored: what became of each write, in order.
        states: rows that are new or have changed.
        rivals: values that lost, by id and digest.
    """

    stored: list[Stored] = field(default_factory=list)
    states: dict[MemoryId, State] = field(default_factory=dict)
    rivals: dict[tuple[MemoryId, str], Memory] = field(default_factory=dict)


def decide_all(present: Mapping[MemoryId, State], writes: Sequence[Write]) -> Changes:
    """What becomes of writes, in order; a later one of a key sees what an earlier one did."""
    changes = Changes()
    for write in writes:
        id_ = write.memory.id
        before = changes.states.get(id_) or present.get(id_)
        stored = decide_write(before.memory if before else None, write)
        changes.stored.append(stored)
        after = _after(before, write, stored)
        if after is not None and after != before:
            changes.states[id_] = after
        if stored.rival is not None:
            _keep(changes.rivals, stored.rival)
        if stored.memory is not None and changes.rivals:
            changes.rivals.pop((id_, stored.memory.digest), None)
    return changes


def _after(before: State | None, write: Write, stored: Stored) -> State | None:
    if stored.memory is None:
        return before
    if stored.is_winner:
        owed = write.owed | (before.owed if before else frozenset())
        row = before.row if before else None
        return State(memory=stored.memory, homes=write.homes, owed=owed, base=write.base, tokens=write.tokens, row=row)
    if before is None or write.is_strict:
        return before
    return replace(before, memory=stored.memory, owed=before.owed | write.owed)


def _keep(rivals: dict[tuple[MemoryId, str], Memory], rival: Memory) -> None:
    """Of equal values, the later."""
    at = rival.id, rival.digest
    kept = rivals.get(at)
    if kept is None or (rival.updated, rival.importance) >= (kept.updated, kept.importance):
        rivals[at] = rival
