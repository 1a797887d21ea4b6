"""A database in memory that is filled from the journal, and then only read.

SQLite, and not an engine that is faster on columns: it comes with Python, so the command needs nothing installed; it
asks an authorizer before it reads or does anything, so that refusing is the engine's work and not a pattern's; and it
says through the same authorizer which columns a statement reads, so that only those are filled. DuckDB has no such
callback and weighs 60 MB.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from sync.document.themes import fold
from sync.errors import JournalError, RefusedError, UsageError
from sync.search.structured.failing import ERRORS, checked, explained, late, too_much
from sync.search.structured.guard import MEBIBYTE, Guard
from sync.search.structured.schema import FOLD, TABLES, VIEWS, Cell, Reads, table

Result = TypeVar("Result")

MAX_ANSWER = 64 * MEBIBYTE
_GRACE_S = 0.5  # one call of a function cannot be interrupted: the clock is looked at between two
_EXPLAIN = "EXPLAIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a statement selects.

    Attributes:
        columns: their names, as SQLite calls them; one may come twice.
        rows: the first ones, as many as were asked for.
        has_more: whether there are others.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """The rows of one table: which columns are given, and their values."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What SQLite says of a statement before there is anything to read.

    Attributes:
        reads: what it reads.
        answer: what it selects, where it asks only for SQLite's plan and no rows have to be there.
    """

    reads: Reads = field(default_factory=dict)
    answer: Answer | None = None


def compile_statement(statement: str, *, seconds: float) -> Compiled:
    """What a statement reads; it is not run.

    Args:
        statement: SQL, one statement.
        seconds: how long SQLite may take.

    Raises:
        UsageError: it is no statement, or a faulty one.
        RefusedError: it would do something else than read.
        TimeLimitError: compiling takes too long.
    """
    checked(statement)
    guard = Guard(seconds=seconds)

    def work(connection: sqlite3.Connection) -> Compiled:
        try:
            connection.execute(_EXPLAIN + statement)
        except ERRORS:
            guard.reads.clear()
            # EXPLAIN is the one statement that cannot be explained; any other fails again, with its own message.
            return Compiled(answer=_fetch(connection.execute(statement), 10_000))
        return Compiled(reads={name: frozenset(columns) for name, columns in guard.reads.items()})

    return _watched(_open({}), statement, guard, work)


def run_statement(statement: str, filling: Mapping[str, Filling], *, limit: int, seconds: float) -> Answer:
    """What a statement selects from some rows.

    Args:
        statement: SQL, one statement.
        filling: table -> rows; tables that are not named are empty.
        limit: how many rows to give back at most.
        seconds: how long the statement may take; filling the tables does not count.

    Raises:
        UsageError: the statement is faulty, or fails on some row.
        RefusedError: it would do something else than read, or needs too much memory.
        TimeLimitError: it takes too long.
    """
    checked(statement)
    guard = Guard(seconds=seconds)
    return _watched(_open(filling), statement, guard, lambda one: _fetch(one.execute(statement), limit))


def _open(filling: Mapping[str, Filling]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=0)
    try:
        connection.text_factory = _text
        connection.create_function(FOLD, 1, _fold, deterministic=True)
        connection.execute("BEGIN")
        for one in (*TABLES, *VIEWS):
            connection.execute(one.statement)
        for name, given in filling.items():
            _fill(connection, name, given)
        connection.execute("COMMIT")
    except BaseException as error:
        connection.close()
        if isinstance(error, MemoryError | sqlite3.DataError | OverflowError):
            raise too_much() from error
        raise
    return connection


def _fill(connection: sqlite3.Connection, name: str, given: Filling) -> None:
    """Fill one table; joins and correlated subqueries find its rows by its first column."""
    marks = ", ".join("?" * len(given.columns))
    rows = (tuple(map(_storable, row)) for row in given.rows)
    statement = f"INSERT INTO {name} ({', '.join(given.columns)}) VALUES ({marks})"  # noqa: S608 (names of ours)
    connection.executemany(statement, rows)
    if table(name).names[0] in given.columns:
        connection.execute(f"CREATE INDEX {name}_by_{given.columns[0]} ON {name} ({given.columns[0]})")


def _watched(
    connection: sqlite3.Connection, statement: str, guard: Guard, work: Callable[[sqlite3.Connection], Result]
) -> Result:
    """Do some work on a connection and close it, in a thread of its own.

    SQLite looks at its limits between two steps. A step that takes minutes (`instr` of two long texts) is left behind:
    the thread ends with it, and keeps no process from ending.
    """
    outcome: SimpleQueue[Result | Exception] = SimpleQueue()

    def run() -> None:
        with closing(connection):
            found = _tried(connection, statement, guard, work)
        outcome.put(found)

    Thread(target=run, name="journal-sql", daemon=True).start()
    try:
        found = outcome.get(timeout=guard.seconds + _GRACE_S)
    except Empty as error:
        guard.is_late = True
        raise late(guard.seconds) from error
    except BaseException:
        guard.is_late = True
        raise
    if isinstance(found, Exception):
        raise found
    return found


def _tried(
    connection: sqlite3.Connection, statement: str, guard: Guard, work: Callable[[sqlite3.Connection], Result]
) -> Result | Exception:
    def tell(other: str) -> str:
        try:
            connection.execute(_EXPLAIN + other)
        except ERRORS as error:
            return str(error)
        return ""

    try:
        guard.close_to_writing(connection)
        return work(connection)
    except JournalError as error:
        return error
    except ERRORS as error:
        return explained(error, statement, guard, tell)
    except Exception as error:  # noqa: BLE001 (a bug: raised again where it is reported)
        return error


def _fetch(cursor: sqlite3.Cursor, limit: int) -> Answer:
    with closing(cursor):
        if cursor.description is None:
            raise UsageError("the statement selects nothing", hint='try: journal sql "select * from recent limit 5"')
        names = tuple(str(column[0]) for column in cursor.description)
        rows: list[tuple[Cell, ...]] = []
        room = MAX_ANSWER
        for row in cursor:
            if len(rows) == limit:
                return Answer(columns=names, rows=tuple(rows), has_more=True)
            room -= sum(len(cell) if isinstance(cell, str | bytes) else 8 for cell in row)
            if room < 0:
                hint = "select fewer columns, or lower --limit"
                raise RefusedError(f"the answer has more than {MAX_ANSWER // MEBIBYTE} MiB", hint=hint)
            rows.append(row)
        return Answer(columns=names, rows=tuple(rows))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _storable(value: Cell) -> Cell:
    """The value, with half a surrogate pair spelled: YAML and JSON can hold one, UTF-8 cannot."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def _fold(value: Cell) -> Cell:
    return fold(value) if isinstance(value, str) else value
