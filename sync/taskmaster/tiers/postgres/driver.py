"""The statements that are asked all the time: through the driver's own cursor, prepared, with results in binary.

SQLAlchemy's way of carrying out a statement takes longer than the server takes for one of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def fetch(connection: Connection, statement: bytes, rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Carry out a statement over a table of parameters, which it is given as JSON; what it gives, as named tuples.

    One text is sent sooner than an array a column: arrays are put together in Python.

    Args:
        connection: with or without a transaction.
        statement: with `%s` where it reads the rows, such as `json_to_recordset(%s)`.
        rows: text, numbers, moments, and bytes (a column of `bytea`).

    Raises:
        DBAPIError: as SQLAlchemy raises it; a connection that is dead is given up.
    """
    given = json.dumps(list(rows), default=_text_of)
    try:
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        with driver.cursor(binary=True, row_factory=namedtuple_row) as cursor:
            return cursor.execute(statement, [given], prepare=True).fetchall()
    except psycopg.Error as error:
        raise _translated(connection, error) from error


def _translated(connection: Connection, error: psycopg.Error) -> BaseException:
    raw = connection.connection.dbapi_connection
    is_dead = connection.dialect.is_disconnect(cast("Any", error), raw, None)
    if is_dead:
        connection.invalidate(error)
    return DBAPIError.instance(
        None, None, error, psycopg.Error, connection_invalidated=is_dead, dialect=connection.dialect
    )


def _text_of(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(type(value))
