"""Writing a batch of memories in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from sync.taskmaster.memory import Memory, MemoryId
from sync.taskmaster.tiers.postgres import statements
from sync.taskmaster.tiers.postgres.database import RacedError
from sync.taskmaster.tiers.postgres.deciding import Changes, State, decide_all
from sync.taskmaster.tiers.postgres.driver import as_json, fetch
from sync.taskmaster.tiers.postgres.rows import (
    TIERS,
    array_text,
    arrays,
    mask,
    memory_of,
    mixed,
    pairs,
    values_of,
)
from sync.taskmaster.writing import Stored, Write

_ROWS_A_STATEMENT = 1_000


def put_new(connection: Connection, shelf: int, numbers: Mapping[str, int], writes: Sequence[Write]) -> list[Stored]:
    """Carry out writes of keys that are new to everybody, in one statement, which needs no transaction of its own.

    Done twice, because it was not known whether it had been done, it leaves the same values.

    Args:
        connection: with or without a transaction; the others as for `put_all`.

    Returns:
        What became of the writes; empty where they are to be carried out by `put_all`: nothing was written.

    Raises:
        IntegrityError: another writer made one of the keys meanwhile; nothing was written.
    """
    is_likely = all(write.seen == 0 for write in writes) and len(writes) <= _ROWS_A_STATEMENT
    if not is_likely or len({write.memory.id for write in writes}) < len(writes):
        return []
    changes = decide_all({}, writes)
    rows = _rows_of(changes, shelf, numbers)
    return changes.stored if fetch(connection, statements.INSERT_NEW, as_json(rows)) else []


def put_all(connection: Connection, shelf: int, numbers: Mapping[str, int], writes: Sequence[Write]) -> list[Stored]:
    """Carry out writes: lock what is there, decide, write. Two who write one new key at once are decided as well.

    Args:
        connection: in a transaction.
        shelf: what tokens are mixed with.
        numbers: those of all contexts that are written to.
        writes: in order; their keys are text that PostgreSQL can hold.

    Raises:
        RacedError: another writer made a key meanwhile; nothing may be committed, everything is to be done again.
    """
    changes = decide_all(_locked(connection, numbers, writes), writes)
    apply_changes(connection, shelf, numbers, changes)
    return changes.stored


def apply_changes(connection: Connection, shelf: int, numbers: Mapping[str, int], changes: Changes) -> None:
    """Write what was decided, in the order in which everybody locks."""
    rows = _rows_of(changes, shelf, numbers)
    for part in _parts([row for row in rows if row["id"] is not None]):
        connection.execute(statements.UPDATE, arrays(part))
    for part in _parts([row for row in rows if row["id"] is None]):
        if len(connection.execute(statements.INSERT, arrays(part)).all()) < len(part):
            raise RacedError
    for part in _parts([_rival_of(one, numbers) for one in changes.rivals.values()]):
        connection.execute(statements.ADD_RIVALS, arrays(part))


def _locked(connection: Connection, numbers: Mapping[str, int], writes: Sequence[Write]) -> dict[MemoryId, State]:
    names = {number: name for name, number in numbers.items()}
    rows = connection.execute(statements.LOCK, pairs({one.memory.id for one in writes}, numbers))
    memories = [(memory_of(row, names[row.context]), row) for row in rows]
    return {
        memory.id: State(memory=memory, homes=TIERS[row.homes], owed=TIERS[row.owed], base=row.base, row=row.id)
        for memory, row in memories
    }


def _rows_of(changes: Changes, shelf: int, numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    states = sorted(changes.states.values(), key=lambda one: (numbers[one.memory.context], one.memory.key))
    return [_row_of(one, shelf, numbers) for one in states]


def _row_of(state: State, shelf: int, numbers: Mapping[str, int]) -> dict[str, Any]:
    tokens = None if state.tokens is None else array_text(mixed(state.tokens, shelf))
    own = {"homes": mask(state.homes), "owed": mask(state.owed), "base": state.base, "tokens": tokens}
    return {"id": state.row, **_rival_of(state.memory, numbers), **own}


def _rival_of(memory: Memory, numbers: Mapping[str, int]) -> dict[str, Any]:
    digest = bytes.fromhex(memory.digest)
    return {"context": numbers[memory.context], "key": memory.key, "digest": digest, **values_of(memory)}


def _parts(rows: Sequence[dict[str, Any]]) -> list[Sequence[dict[str, Any]]]:
    return [rows[at : at + _ROWS_A_STATEMENT] for at in range(0, len(rows), _ROWS_A_STATEMENT)]
