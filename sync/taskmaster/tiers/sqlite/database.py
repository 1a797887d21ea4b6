"""One file of SQLite: any number of threads read it, and those that write share transactions.

What is committed is synced by this program, not by SQLite: whoever writes next need not wait for the disk, and several
transactions share a sync. SQLite's log holds them in order, each with a checksum, so a power cut takes none but the
last ones, of which nobody was told (`synchronous = normal`, https://www.sqlite.org/wal.html).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar
from weakref import WeakSet

from sync.errors import JournalError, UsageError
from sync.taskmaster.tiers.group import Finish, Group, Job
from sync.taskmaster.tiers.protocol import TierDownError
from sync.taskmaster.tiers.sqlite.faults import explain, explained
from sync.taskmaster.tiers.sqlite.log import Log
from sync.taskmaster.tiers.sqlite.tables import connect, make_file, migrate
from sync.taskmaster.tiers.sqlite.turnstile import Turnstile

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]
Jobs = Sequence[Job[sqlite3.Connection]]
Outcome = tuple[object, Exception | None]

WAIT_S = 10.0
_READERS = 16
_open: WeakSet[Database] = WeakSet()


class Database:
    """The file.

    A process may be forked while it is open: what is open is closed before, for SQLite's locks do not go over to a
    child (https://www.sqlite.org/howtocorrupt.html, 2.6), and opened again afterwards.

    Args:
        path: of the file; made where it is missing, with its folder.
        is_durable: whether what was written survives a power cut; otherwise only the end of the process.
        remedy: what to do where the file is damaged, one line.
        wait_s: how long to wait for other processes, in seconds.

    Raises:
        UsageError: the file cannot be written.
        RefusedError: it is not this program's, or a newer version's.
        DamagedTierError: it is no database.
        TierDownError: other processes write all the time.
    """

    def __init__(self, path: Path, *, is_durable: bool, remedy: str, wait_s: float = WAIT_S) -> None:
        self._path, self._is_durable, self._remedy, self._wait_s = path, is_durable, remedy, wait_s
        self._turnstile = Turnstile(path, wait_s=wait_s)
        self._group: Group[sqlite3.Connection] = Group(self._carry_out)
        self._places = _places()
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._log = Log(path)
        self._is_closed = False
        make_file(path)
        try:
            with explained(path, remedy):
                self._migrate()
        except BaseException:
            self._let_go()
            raise
        _open.add(self)

    def read(self, work: Work[Result]) -> Result:
        """The result of some reading, all of it of one moment.

        Raises:
            UsageError, DamagedTierError, TierDownError: see there.
        """
        return self.read_once(lambda db: _at_one_moment(db, work))

    def read_once(self, work: Work[Result]) -> Result:
        """As `read`, for one statement."""
        try:
            self._places.get(timeout=self._wait_s)
        except Empty:
            raise TierDownError(f"{self._path}: too many threads read at once", hint="try again") from None
        try:
            return self._read(work)
        finally:
            self._places.put(None)

    def write(self, work: Work[Result]) -> Result:
        """The result of some writing, once it is durable; where the work raises, nothing of it is done.

        Raises:
            UsageError, DamagedTierError, TierDownError: see there.
        """
        return self._group.do(work)

    def write_lightly(self, work: Work[Result]) -> Result:
        """As `write`, of what is held elsewhere too, or need not last: a power cut may take it, a dead process not."""
        return self._group.do(_Light(work))

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        self._pause()
        try:
            self._is_closed = True
            _open.discard(self)
            self._let_go()
        finally:
            self._resume()

    # Reading

    def _read(self, work: Work[Result]) -> Result:
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            return work(db)
        except sqlite3.Error as error:
            raise explain(error, self._path, self._remedy) from error
        finally:
            self._idle.append(db)

    def _connect(self, *, writes: bool = False) -> sqlite3.Connection:
        if self._is_closed:
            raise UsageError(f"{self._path}: it was closed")
        with explained(self._path, self._remedy):
            return connect(self._path, writes=writes)

    # Writing

    def _migrate(self) -> None:
        self._writer = self._connect(writes=True)
        self._turnstile.enter()
        try:
            migrate(self._writer, self._path)
        finally:
            self._turnstile.leave()

    def _carry_out(self, jobs: Jobs) -> Finish:
        """Do some jobs in one transaction; what became of each is told when it is durable."""
        try:
            if self._writer is None:
                self._writer = self._connect(writes=True)
            self._turnstile.enter()
        except JournalError as error:
            _fail_all(jobs, error)
            return None
        try:
            outcomes = self._in_one_transaction(self._writer, jobs)
        except sqlite3.Error as error:
            _fail_all(jobs, explain(error, self._path, self._remedy))
            return None
        finally:
            self._turnstile.leave()
        if not self._is_durable or all(isinstance(job.work, _Light) for job in jobs):
            _tell(jobs, outcomes)
            return None
        number = self._log.grown()
        return lambda: self._make_durable(number, jobs, outcomes)

    def _in_one_transaction(self, db: sqlite3.Connection, jobs: Jobs) -> list[Outcome]:
        try:
            db.execute("begin immediate")
            outcomes = [self._try(db, job, is_alone=len(jobs) == 1) for job in jobs]
            if db.in_transaction:
                db.execute("commit")
        finally:
            if db.in_transaction:
                db.execute("rollback")
        return outcomes

    def _make_durable(self, number: int, jobs: Jobs, outcomes: Sequence[Outcome]) -> None:
        try:
            self._log.sync(number)
        except OSError as error:
            _fail_all(jobs, TierDownError(f"{self._path}: the disk did not take it: {error.strerror or error}"))
            return
        _tell(jobs, outcomes)

    def _try(self, db: sqlite3.Connection, job: Job[sqlite3.Connection], *, is_alone: bool) -> Outcome:
        """What a job gives, or why nothing of it was done; the others' work stays."""
        if not is_alone:
            db.execute("savepoint job")
        try:
            result = job.work(db)
        except Exception as error:
            if not db.in_transaction:  # SQLite gave all of it up, as when the disk is full
                raise
            db.execute("rollback" if is_alone else "rollback to job")
            problem = explain(error, self._path, self._remedy) if isinstance(error, sqlite3.Error) else error
            return None, problem
        finally:
            if not is_alone and db.in_transaction:
                db.execute("release job")
        return result, None

    # Closing and forking

    def _pause(self) -> None:
        self._group.pause()
        for _ in range(_READERS):
            self._places.get()

    def _resume(self, *, is_child: bool = False) -> None:
        for _ in range(_READERS):
            self._places.put(None)
        self._group.resume(alone=is_child)

    def _let_go(self) -> None:
        """Close whatever is open; nobody uses it."""
        writer, self._writer = self._writer, None
        idle, self._idle = self._idle, []
        for db in [*idle, *([writer] if writer else [])]:
            db.close()
        self._log.close()
        self._turnstile.close()

    def before_fork(self) -> None:
        """Wait for those who read or write, and close everything."""
        self._pause()
        self._let_go()

    def after_fork(self, *, is_child: bool) -> None:
        """Go on."""
        if is_child:
            self._places = _places()
            self._group.resume(alone=True)
        else:
            self._resume()


class _Light(Generic[Result]):
    """Work whose result need not survive a power cut."""

    __slots__ = ("_work",)

    def __init__(self, work: Work[Result]) -> None:
        self._work = work

    def __call__(self, db: sqlite3.Connection) -> Result:
        return self._work(db)


def _places() -> SimpleQueue[None]:
    """One entry for each thread that may read; a semaphore that costs next to nothing."""
    places: SimpleQueue[None] = SimpleQueue()
    for _ in range(_READERS):
        places.put(None)
    return places


def _at_one_moment(db: sqlite3.Connection, work: Work[Result]) -> Result:
    db.execute("begin")
    try:
        return work(db)
    finally:
        if db.in_transaction:
            db.execute("rollback")


def _tell(jobs: Jobs, outcomes: Sequence[Outcome]) -> None:
    for job, (result, problem) in zip(jobs, outcomes, strict=True):
        job.succeed(result) if problem is None else job.fail(problem)


def _fail_all(jobs: Jobs, problem: Exception) -> None:
    for job in jobs:
        job.fail(problem)


_forking: list[Database] = []


def _before_fork() -> None:
    _forking.extend(_open)
    for database in _forking:
        database.before_fork()


def _after_fork(*, is_child: bool) -> None:
    while _forking:
        _forking.pop().after_fork(is_child=is_child)


os.register_at_fork(
    before=_before_fork,
    after_in_parent=lambda: _after_fork(is_child=False),
    after_in_child=lambda: _after_fork(is_child=True),
)
