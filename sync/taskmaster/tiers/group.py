"""Group commit: callers who write at the same time share one transaction.

The caller who finds nobody at work leads: it carries out its own work and all that is queued, and commits once. Who
comes meanwhile waits, and is then told what became of its work, or leads the next group. A caller who is alone hands
nothing to another thread. What need not be done alone, such as waiting for the disk, the next group does not wait for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import Condition, Lock
from typing import Any, Generic, TypeAlias, TypeVar, cast

from sync.taskmaster.tiers.protocol import TierDownError

Context = TypeVar("Context")
Result = TypeVar("Result")
Finish: TypeAlias = Callable[[], None] | None
"""What a leader still does when the next one may begin; None for nothing."""

_MOST = 256
"""Calls that share a transaction at most, so that none waits long."""


class Job(Generic[Context]):
    """One caller's work, and what became of it.

    Args:
        work: given what the back end writes with, such as a connection.
    """

    __slots__ = ("_error", "_result", "is_done", "signal", "work")

    def __init__(self, work: Callable[[Context], Any]) -> None:
        self.work = work
        self.signal = Lock()
        self.signal.acquire()
        self.is_done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def succeed(self, result: Any) -> None:
        """The work is durable, and this is what it gave."""
        self._result, self.is_done = result, True

    def fail(self, error: BaseException) -> None:
        """Nothing of the work was done."""
        self._error, self.is_done = error, True

    def outcome(self) -> Any:
        """What the work gave, or the error it ended with."""
        if self._error is not None:
            raise self._error
        return self._result


class Group(Generic[Context]):
    """A queue of work in which one caller at a time leads.

    Args:
        carry_out: does some jobs in one durable step and tells each what became of it, `succeed` or `fail`; of others
            whose work fails, none may fail. What it returns is called while the next group is carried out, and may do
            the telling.
    """

    def __init__(self, carry_out: Callable[[Sequence[Job[Context]]], Finish]) -> None:
        self._carry_out = carry_out
        self._forget_all()

    def do(self, work: Callable[[Context], Result]) -> Result:
        """Do some work, alone or with that of others.

        Raises:
            TierDownError: who led was interrupted; nothing is known of what became of the work.
        """
        job = Job(work)
        try:
            if not self._takes_the_lead(job):
                job.signal.acquire()
            if not job.is_done:
                self._lead()
        except BaseException:
            self._give_up(job)
            raise
        return cast("Result", job.outcome())

    def pause(self) -> None:
        """Let nobody lead from now on, until `resume`; returns when nobody is at work."""
        job: Job[Context] = Job(_nothing)
        while not self._takes_the_lead(job):
            job.signal.acquire()
            if not job.is_done:
                break
            job = Job(_nothing)
        with self._mutex:
            if job in self._waiting:
                self._waiting.remove(job)
            while self._finishing:
                self._finished.wait()

    def resume(self, *, alone: bool = False) -> None:
        """End a pause.

        Args:
            alone: this is another process by now; the threads of those who wait are not here.
        """
        if alone:
            self._forget_all()
        else:
            self._hand_on()

    def _forget_all(self) -> None:
        self._process = os.getpid()
        self._mutex = Lock()
        self._finished = Condition(self._mutex)
        self._finishing = 0
        self._waiting: list[Job[Context]] = []
        self._leader: Job[Context] | None = None

    def _takes_the_lead(self, job: Job[Context]) -> bool:
        if self._process != os.getpid():  # it was forked while others were at work, whose threads are not here
            self._forget_all()
        with self._mutex:
            self._waiting.append(job)
            if self._leader is not None:
                return False
            self._leader = job
            return True

    def _lead(self) -> None:
        with self._mutex:
            jobs, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            self._carry_on(jobs)
        finally:
            for job in jobs:
                if not job.is_done:
                    job.fail(TierDownError("the write was broken off", hint="look whether it was done, and try again"))
                job.signal.release()

    def _carry_on(self, jobs: Sequence[Job[Context]]) -> None:
        finish: Finish = None
        try:
            finish = self._carry_out(jobs)
        finally:
            self._hand_on(finishing=finish is not None)
        if finish is not None:
            try:
                finish()
            finally:
                self._end_finishing()

    def _hand_on(self, *, finishing: bool = False) -> None:
        with self._mutex:
            self._finishing += finishing
            self._leader = self._waiting[0] if self._waiting else None
            if self._leader is not None:
                self._leader.signal.release()

    def _end_finishing(self) -> None:
        with self._mutex:
            self._finishing -= 1
            if not self._finishing:
                self._finished.notify_all()

    def _give_up(self, job: Job[Context]) -> None:
        """A caller was interrupted while it waited: what nobody has begun is not done."""
        with self._mutex:
            if job in self._waiting:
                self._waiting.remove(job)
        if self._leader is job:
            self._hand_on()


def tell_all(jobs: Sequence[Job[Any]], work: Callable[[], Any]) -> None:
    """Do what many ask for once; all jobs are told what it gave, or the error that it ended with."""
    try:
        found = work()
    except Exception as error:  # noqa: BLE001 - it is raised again by all who wait
        for job in jobs:
            job.fail(error)
        return
    for job in jobs:
        job.succeed(found)


def _nothing(_context: object) -> None:
    """No work."""
