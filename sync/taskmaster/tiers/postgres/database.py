"""Connections to one PostgreSQL database: few, of bounded patience, and made anew when the server has been away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from random import uniform
from threading import Lock
from time import monotonic, sleep
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, exc, text

from sync.errors import UsageError
from sync.taskmaster.tiers.postgres.addresses import address_of, arguments_of
from sync.taskmaster.tiers.postgres.driver import fetch_alone
from sync.taskmaster.tiers.postgres.migrate import NEEDED, is_current, upgrade
from sync.taskmaster.tiers.postgres.migrations import Part
from sync.taskmaster.tiers.postgres.patient import PatientConnection
from sync.taskmaster.tiers.protocol import TierDownError

POOL = 8
"""Connections to a server at most."""
TIMEOUT_S = 5.0
"""Seconds that a call may take before the server counts as down."""

# serialization_failure, deadlock_detected, invalid_sql_statement_name (the server has forgotten it): nothing was done
_AGAIN = {"40001", "40P01", "26000"}
_BEGIN = text("begin")
_ALLOW = text("select set_config('statement_timeout', :milliseconds, true)")
_UPGRADING_S = 60.0  # the server has answered: another thread is at it
_WAITING_SHARE = 0.4  # of the limit may go by before there is a connection
Result = TypeVar("Result")


class RacedError(Exception):
    """Another writer was first: what was read is not so any more, and is to be read again."""


class Database:
    """A pool of connections. Connects when it is first asked something; may be shared by tiers.

    Attributes:
        url: as given.
        where: the same without a password, to be shown.
        comings: how often the server came back: what was known of it before may not be so any more.

    Args:
        url: `postgresql://user@host:port/name`; what it does not say is libpq's business: PGPASSWORD, .pgpass, service.
        pool: connections at most.
        timeout_s: seconds that one call may take.

    Raises:
        SettingsError: the URL is none of PostgreSQL.
    """

    def __init__(self, url: str, *, pool: int = POOL, timeout_s: float = TIMEOUT_S) -> None:
        self.url, self._timeout_s = url, timeout_s
        self.where = address_of(url).render_as_string()
        self._engine = self._make_engine(pool, timeout_s)
        self._ready: set[Part] = set()
        self.comings = 0
        self._lock = Lock()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Ask something, outside of a transaction; once more where the connection turns out to be a dead one.

        Raises:
            TierDownError: there was no answer in time.
        """
        return self._repeated(lambda deadline: self._read_once(work, deadline))

    def ask(self, statement: bytes, *given: str) -> list[Any]:
        """As `read`, of one statement; see `driver.fetch`.

        Raises:
            TierDownError: there was no answer in time.
        """
        return self._repeated(lambda deadline: fetch_alone(self._engine, statement, given, deadline))

    def steady(self, work: Callable[[], Result]) -> Result:
        """What some asking by numbers gives; asked again where the server went away and came back meanwhile.

        A database that was made anew has other numbers for the same shelves and contexts.

        Raises:
            TierDownError: there was no answer in time.
        """
        while True:
            comings = self.comings
            found = work()
            if comings == self.comings:
                return found

    def write(self, work: Callable[[Connection], Result], *, timeout_s: float | None = None) -> Result:
        """Change something in one transaction, done again where others were in the way.

        Args:
            work: does nothing else: it may run more than once.
            timeout_s: where it may take longer than other calls.

        Raises:
            TierDownError: there was no answer in time.
        """
        return self._repeated(lambda deadline: self._write_once(work, deadline, timeout_s), timeout_s)

    def prepare(self, part: Part) -> None:
        """Bring the tables to the newest revision, once.

        Raises:
            RefusedError: see `migrate.upgrade`.
            TierDownError: the server does not answer.
        """
        if part in self._ready:
            return
        if self.read(lambda connection: all(is_current(connection, one) for one in NEEDED[part])):
            self._ready.add(part)
            return
        if not self._lock.acquire(timeout=_UPGRADING_S):
            raise self._down("its tables have been being made for long")
        try:
            if part not in self._ready:
                upgrade(self.url, part)
                self._ready.add(part)
        finally:
            self._lock.release()

    def check(self) -> None:
        """Ask for a sign of life.

        Raises:
            TierDownError: there is none.
        """
        self.read(lambda connection: connection.execute(text("select 1")))

    def alone(self, work: Callable[[Connection], Result], timeout_s: float) -> Result:
        """Do what takes long and is done outside of a transaction, on a connection of its own.

        Raises:
            TierDownError: the server went away.
        """
        engine = self._make_engine(1, timeout_s)
        try:
            with engine.connect() as connection:
                return work(connection)
        except exc.OperationalError as error:
            raise self._down(str(error.orig)) from error
        finally:
            engine.dispose()

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()

    def _make_engine(self, pool: int, timeout_s: float) -> Engine:
        address = address_of(self.url)
        named = dict(address.get_dialect()().create_connect_args(address)[1]) | arguments_of(self.url, timeout_s)

        def connect() -> PatientConnection:
            # What reads needs no transaction; to begin one for each checkout or to switch costs as much as a lookup.
            made = PatientConnection.connect(**named, autocommit=True)
            made.deadline = monotonic() + timeout_s
            return made

        return create_engine(
            address,
            creator=connect,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=timeout_s * _WAITING_SHARE,
            pool_use_lifo=True,
            pool_reset_on_return=None,  # outside of a transaction there is nothing to be undone
        )

    def _repeated(self, once: Callable[[float], Result], timeout_s: float | None = None) -> Result:
        deadline = monotonic() + (timeout_s or self._timeout_s)
        has_reconnected = False
        while True:
            try:
                return once(deadline)
            except RacedError:
                reason = "others write the same all the time"
            except exc.TimeoutError as error:
                raise self._down("all connections are in use") from error
            except exc.DBAPIError as error:
                reason = " ".join(str(error.orig).split())
                is_stale = error.connection_invalidated and not has_reconnected
                if not (is_stale or getattr(error.orig, "sqlstate", None) in _AGAIN):
                    raise self._translated(error, reason) from error
                has_reconnected |= is_stale
                self._forget(is_stale)
            if monotonic() > deadline:
                raise self._down(reason)
            sleep(uniform(0, 0.005))

    def _forget(self, is_stale: bool) -> None:
        """A server that went away may come back as it was before: restored, or with a database made anew."""
        if is_stale:
            self.comings += 1
            self._ready = set()

    def _read_once(self, work: Callable[[Connection], Result], deadline: float) -> Result:
        with self._engine.connect() as connection, _until(connection, deadline):
            return work(connection)

    def _write_once(self, work: Callable[[Connection], Result], deadline: float, timeout_s: float | None) -> Result:
        with self._engine.connect() as connection, _until(connection, deadline):
            connection.execute(_BEGIN)
            if timeout_s is not None:
                connection.execute(_ALLOW, {"milliseconds": str(int(timeout_s * 1000))})
            found = work(connection)
            try:
                connection.commit()
            except exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) in _AGAIN:
                    raise
                raise self._down(f"whether it was written is not known: {error.orig}") from error
            return found

    def _translated(self, error: exc.DBAPIError, reason: str) -> Exception:
        if isinstance(error, exc.OperationalError | exc.InternalError) or error.connection_invalidated:
            return self._down(reason)
        if isinstance(error, exc.DataError):
            return UsageError(f"{self.where} cannot hold it: {reason}")
        return error

    def _down(self, reason: str) -> TierDownError:
        said = " ".join(reason.split())
        return TierDownError(f"{self.where}: {said}", hint="see whether the server runs, and try again")


def _until(connection: Connection, deadline: float) -> AbstractContextManager[None]:
    driver = connection.connection.driver_connection
    if not isinstance(driver, PatientConnection):
        raise TypeError(f"{driver!r} is no connection of this pool")
    return driver.until(deadline)
