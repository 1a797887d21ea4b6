"""Group commit: who writes at the same time shares a step, and nobody pays for another's fault."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from sync.taskmaster.tiers.group import Group, Job
from sync.taskmaster.tiers.protocol import TierDownError


class Ledger:
    """A back end that counts its steps, and can be held up in the midst of one."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.threads: list[str] = []
        self.fault: BaseException | None = None
        self.free, self.begun = threading.Event(), threading.Event()
        self.free.set()
        self.group: Group[list[int]] = Group(self.carry_out)

    def carry_out(self, jobs: Sequence[Job[list[int]]]) -> None:
        self.begun.set()
        self.free.wait(30)
        self.threads.append(threading.current_thread().name)
        self.steps.append(len(jobs))
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        for job in jobs:
            try:
                job.succeed(job.work(self.steps))
            except ValueError as error:
                job.fail(error)

    def waiting(self) -> int:
        return len(self.group._waiting)


@contextmanager
def held_up(ledger: Ledger, count: int) -> Iterator[list[Future[int]]]:
    """One caller in the midst of a step, and some who wait; they go on afterwards."""
    ledger.free.clear()
    with ThreadPoolExecutor(count + 1) as pool:
        futures = [pool.submit(ledger.group.do, lambda _: -1)]
        assert ledger.begun.wait(30)
        futures += [pool.submit(ledger.group.do, _numbered(number)) for number in range(count)]
        while ledger.waiting() < count:
            threading.Event().wait(0.001)
        yield futures
        ledger.free.set()


class _numbered:  # noqa: N801 (a function that shows its number)
    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, _steps: list[int]) -> int:
        if self.number == 13:
            raise ValueError("thirteen")
        return self.number


def test_who_is_alone_does_its_work_itself() -> None:
    ledger = Ledger()

    assert [ledger.group.do(_numbered(number)) for number in range(3)] == [0, 1, 2]
    assert (ledger.steps, set(ledger.threads)) == ([1, 1, 1], {threading.current_thread().name})


def test_those_who_come_meanwhile_share_one_step() -> None:
    ledger = Ledger()
    with held_up(ledger, 10) as futures:
        pass

    assert [one.result() for one in futures] == [-1, *range(10)]
    assert ledger.steps == [1, 10]


def test_one_whose_work_fails_fails_alone() -> None:
    ledger = Ledger()
    with held_up(ledger, 20) as futures:
        pass

    assert [one.exception() is None for one in futures] == [True] + [number != 13 for number in range(20)]


def test_a_step_is_not_shared_by_any_number() -> None:
    ledger = Ledger()
    with held_up(ledger, 300) as futures:
        pass

    assert len(futures) == sum(ledger.steps) == 301
    assert max(ledger.steps) <= 256


def test_where_the_leader_is_interrupted_the_others_are_told_and_the_next_leads() -> None:
    ledger = Ledger()
    with held_up(ledger, 3) as futures:
        ledger.fault = KeyboardInterrupt()

    assert isinstance(futures[0].exception(), KeyboardInterrupt)
    assert [one.result() for one in futures[1:]] == [0, 1, 2]
    with held_up(ledger, 3) as futures:
        ledger.group._waiting[0].work = _interrupted
    errors = [type(one.exception()) for one in futures[1:]]

    assert sorted(error.__name__ for error in errors) == ["KeyboardInterrupt", "TierDownError", "TierDownError"]
    assert ledger.group.do(lambda _: 7) == 7


def test_who_is_interrupted_while_waiting_is_not_waited_for() -> None:
    ledger = Ledger()
    with held_up(ledger, 2) as futures:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            ledger.group.do(_numbered(7))

    assert [one.result() for one in futures] == [-1, 0, 1]
    assert ledger.group.do(_numbered(8)) == 8
    assert ledger.steps == [1, 2, 1]


def test_a_pause_begins_between_two_steps() -> None:
    ledger = Ledger()
    with ThreadPoolExecutor(5) as pool:
        ledger.group.pause()
        futures = [pool.submit(ledger.group.do, _numbered(number)) for number in range(4)]
        while ledger.waiting() < 4:
            threading.Event().wait(0.001)
        steps = list(ledger.steps)
        ledger.group.resume()

    assert (steps, [one.result() for one in futures]) == ([], [0, 1, 2, 3])


def test_after_a_fork_nobody_waits_for_threads_that_are_not_here() -> None:
    ledger = Ledger()
    ledger.group.pause()
    ledger.group.resume(alone=True)

    assert ledger.group.do(lambda _: 1) == 1


def _interrupted(_steps: list[int]) -> int:
    raise KeyboardInterrupt


def test_nothing_is_known_of_work_that_was_broken_off() -> None:
    with pytest.raises(TierDownError, match="broken off"):
        Group[None](lambda _jobs: None).do(lambda _: None)
