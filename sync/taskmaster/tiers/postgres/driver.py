"""The statements that are asked all the time: through the driver itself, prepared, with results in binary.

SQLAlchemy's way of carrying out a statement takes longer than the server takes for one of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError

from sync.taskmaster.tiers.postgres.patient import PatientConnection


def fetch(connection: Connection, statement: bytes, *given: str) -> list[Any]:
    """Carry out a statement; what it gives, as named tuples.

    Args:
        connection: with or without a transaction.
        statement: its parameters are `$1`, `$2` and so on, cast to their types.
        given: the parameters as PostgreSQL writes them, such as `as_json` and `as_texts` give.

    Raises:
        DBAPIError: as SQLAlchemy raises it; a connection that is dead is given up.
    """
    try:
        return cast("PatientConnection", connection.connection.driver_connection).ask(statement, given)
    except psycopg.Error as error:
        is_dead = connection.dialect.is_disconnect(cast("Any", error), connection.connection.dbapi_connection, None)
        if is_dead:
            connection.invalidate(error)
        raise _translated(error, connection.dialect, is_dead=is_dead) from error


def fetch_alone(engine: Engine, statement: bytes, given: Sequence[str], deadline: float) -> list[Any]:
    """As `fetch`, on a connection of the pool, outside of a transaction, until a moment of the monotonic clock.

    Raises:
        DBAPIError: as SQLAlchemy raises it.
        TimeoutError: SQLAlchemy's: all connections are in use.
    """
    try:
        lent = engine.raw_connection()
    except psycopg.Error as error:
        raise _translated(error, engine.dialect, is_dead=False) from error
    driver = cast("PatientConnection", lent.driver_connection)
    try:
        with driver.until(deadline):
            return driver.ask(statement, given)
    except psycopg.Error as error:
        is_dead = engine.dialect.is_disconnect(cast("Any", error), lent.dbapi_connection, None)
        if is_dead:
            lent.invalidate(error)
        raise _translated(error, engine.dialect, is_dead=is_dead) from error
    finally:
        lent.close()


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as the text of one parameter, for `json_to_recordset`.

    Args:
        rows: text, numbers, moments, and bytes (a column of `bytea`).
    """
    return json.dumps(list(rows), default=_text_of)


def as_numbers(values: Iterable[int | None]) -> str:
    """Numbers as the text of one parameter, an array."""
    return "{" + ",".join(["null" if one is None else str(one) for one in values]) + "}"


def as_texts(values: Iterable[str | None]) -> str:
    """Texts as the text of one parameter, an array; there is no NUL in them."""
    return "{" + ",".join(["null" if one is None else f'"{_escaped(one)}"' for one in values]) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _translated(error: psycopg.Error, dialect: Dialect, *, is_dead: bool) -> BaseException:
    return DBAPIError.instance(None, None, error, psycopg.Error, connection_invalidated=is_dead, dialect=dialect)


def _text_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(type(value))
