"""A connection to PostgreSQL that waits for nothing beyond a moment, and asks often-asked things at little cost.

To carry out a statement through a cursor takes several times as long as through the protocol itself, and longer than
the server takes for one of those of `statements`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from time import monotonic
from typing import Any, TypeAlias, cast

import psycopg
from psycopg import generators
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult
from psycopg.rows import namedtuple_row

_GOOD = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}
_Maker: TypeAlias = Callable[[Sequence[Any]], Any]


class PatientConnection(psycopg.Connection[Any]):
    """A connection on which nothing is waited for beyond a moment.

    The server's own limits do not help against a server that is stopped, or a network that swallows.

    Attributes:
        deadline: the moment, by the monotonic clock.
    """

    deadline = float("inf")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._prepared_here: dict[bytes, bytes] = {}
        self._names = count()
        self._makers: dict[bytes, _Maker] = {}

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Wait no longer than until a moment, for all that is done meanwhile."""
        self.deadline = deadline
        try:
            yield
        finally:
            self.deadline = monotonic() + 1  # for what the pool does with it afterwards

    def wait(self, gen: Generator[Any, Any, Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """As the driver's; closes the connection when the time is up, for nothing is known of it any more."""
        left = self.deadline - monotonic()
        patience = None if left == float("inf") else max(left, 0.0)
        try:
            return super().wait(gen, interval, patience if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if monotonic() < self.deadline:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer within the time limit") from error

    def ask(self, statement: bytes, given: Iterable[str]) -> list[Any]:
        """What a statement gives, as named tuples; prepared the first time.

        Args:
            statement: its parameters are `$1`, `$2` and so on, cast to their types.
            given: the parameters as PostgreSQL writes them.

        Raises:
            psycopg.Error: it fails; InvalidSqlStatementName where the server has forgotten it: ask again.
        """
        name = self._prepared_here.get(statement) or self._named(statement)
        self.pgconn.send_query_prepared(name, [one.encode() for one in given], result_format=Format.BINARY)
        try:
            result = self._result()
        except psycopg.errors.InvalidSqlStatementName:
            self._prepared_here.clear()
            raise
        values = Transformer(self)
        values.set_pgresult(cast("Any", result), format=Format.BINARY)
        return values.load_rows(0, result.ntuples, self._maker(statement, result))

    def _named(self, statement: bytes) -> bytes:
        name = b"journal_%d" % next(self._names)
        self.pgconn.send_prepare(name, statement)
        self._result()
        self._prepared_here[statement] = name
        return name

    def _result(self) -> PGresult:
        result: PGresult = self.wait(generators.execute(self.pgconn))[-1]
        if result.status not in _GOOD:
            raise error_from_result(cast("Any", result))
        return result

    def _maker(self, statement: bytes, result: PGresult) -> _Maker:
        found = self._makers.get(statement)
        if found is None:
            cursor = self.cursor()
            cursor.pgresult = cast("Any", result)
            found = self._makers[statement] = namedtuple_row(cursor)
        return found
