"""Callers who remember at the same time are served together, and nobody pays for another."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from memory_worlds import BUDGET, World, make_world, value_of

from sync.errors import UsageError
from sync.taskmaster.manager import MemoryManager
from sync.taskmaster.remembering import StaleError
from sync.taskmaster.results import Remembered
from sync.taskmaster.storing import Intent, Written
from sync.taskmaster.tiers.protocol import TierDownError


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "repo")


class Crowd:
    """Callers who all wait while one is being served; then they are served together.

    Attributes:
        sizes: of the groups that were served.
    """

    def __init__(self, memory: MemoryManager, monkeypatch: pytest.MonkeyPatch) -> None:
        self.memory, self.sizes = memory, list[int]()
        self.fault: Exception | None = None
        self.free, self.begun = threading.Event(), threading.Event()
        real = memory._writer._storer.store

        def store(intents: Sequence[Intent]) -> list[Written]:
            self.sizes.append(len(intents))
            self.begun.set()
            self.free.wait(30)
            if self.fault is not None:
                raise self.fault
            return real(intents)

        monkeypatch.setattr(memory._writer._storer, "store", store)

    @contextmanager
    def waiting(self, *asked: dict[str, object]) -> Iterator[list[Future[Remembered]]]:
        """One who is served, and some who wait for it; they go on at the end of the block."""
        with ThreadPoolExecutor(len(asked) + 1) as pool:
            pool.submit(self.memory.remember, BUDGET, "first", "v", importance=0.6)
            assert self.begun.wait(30)
            futures = []
            for number, one in enumerate(asked):
                given = {"context": BUDGET, "importance": 0.6, **one}
                futures.append(pool.submit(self.memory.remember, **given))  # type: ignore[arg-type]
                while len(self.memory._writer._group._waiting) <= number:
                    threading.Event().wait(0.001)
            yield futures
            self.free.set()


@pytest.fixture
def crowd(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    with world.open() as memory:
        yield Crowd(memory, monkeypatch)


def test_each_is_told_what_became_of_its_own(crowd: Crowd) -> None:
    bands = [0.3, 0.6, 0.75, 0.95]
    with crowd.waiting(*({"key": f"k{n}", "value": n, "importance": bands[n % 4]} for n in range(12))) as futures:
        pass

    assert [one.result().memory.value for one in futures] == list(range(12))
    assert [value_of(crowd.memory, f"k{n}") for n in range(12)] == list(range(12))
    assert crowd.sizes == [1, 12]


def test_one_that_cannot_be_remembered_fails_alone(crowd: Crowd) -> None:
    with crowd.waiting(
        {"key": "a", "value": 1},
        {"key": "b", "value": object()},
        {"key": "c", "value": 1, "importance": 7},
        {"key": "d", "value": 1, "expected": 5},
        {"key": "e", "value": 1, "context": None},
        {"key": "f", "value": 1},
    ) as futures:
        pass

    errors = [type(one.exception()) for one in futures]
    assert errors == [type(None), UsageError, UsageError, StaleError, UsageError, type(None)]
    assert [value_of(crowd.memory, key) for key in "abcdef"] == [1, None, None, None, None, 1]


def test_of_two_with_one_key_the_second_is_served_behind_the_first(crowd: Crowd) -> None:
    with crowd.waiting({"key": "k", "value": "a"}, {"key": "k", "value": "b", "expected": 0}) as futures:
        pass

    assert futures[0].result().is_winner
    assert isinstance(futures[1].exception(), StaleError)
    assert crowd.sizes == [1, 1, 1]


def test_a_group_that_fails_is_served_one_by_one(crowd: Crowd) -> None:
    with crowd.waiting({"key": "a", "value": 1}, {"key": "b", "value": 2}) as futures:
        crowd.fault = UsageError("it cannot be held")

    assert [type(one.exception()) for one in futures] == [UsageError, UsageError]
    assert crowd.sizes == [1, 2, 1, 1]


def test_who_waited_for_a_tier_that_does_not_answer_is_told_with_the_first(crowd: Crowd) -> None:
    with crowd.waiting({"key": "a", "value": 1}, {"key": "b", "value": 2}) as futures:
        crowd.fault = TierDownError("it does not answer")

    assert [type(one.exception()) for one in futures] == [TierDownError, TierDownError]
    assert crowd.sizes == [1]
    crowd.fault = None
    assert crowd.memory.remember(BUDGET, "a", 1, importance=0.6).is_winner


def test_what_is_told_of_a_memory_may_remember_another(world: World) -> None:
    with world.open() as memory:
        memory.events.subscribe(
            "memory:saved",
            lambda event: memory.remember(BUDGET, "log", event.key, importance=0.6) if event.key == "k" else None,
        )
        memory.remember(BUDGET, "k", "v", importance=0.6)

        assert value_of(memory, "log") == "k"


def test_what_is_told_in_the_midst_of_a_group_may_remember_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.open() as memory:
        real = memory._writer._storer.store
        nested: list[bool] = []

        def store(intents: Sequence[Intent]) -> list[Written]:
            if not nested:
                nested.append(True)
                memory.core.tell("tier:down")
            return real(intents)

        monkeypatch.setattr(memory._writer._storer, "store", store)
        memory.events.subscribe("tier:down", lambda _: memory.remember(BUDGET, "log", "down", importance=0.6))
        memory.remember(BUDGET, "k", "v", importance=0.6)

        assert [value_of(memory, key) for key in ("k", "log")] == ["v", "down"]


def test_many_threads_lose_nothing(world: World) -> None:
    with world.open() as memory, ThreadPoolExecutor(32) as pool:
        done = list(pool.map(lambda n: memory.remember(BUDGET, f"k{n % 50}", n, importance=0.6), range(400)))
        held = {value_of(memory, f"k{n}") for n in range(50)}
        told = {one.rival.value for one in done if one.rival is not None}
        kept = {one.value for n in range(50) for one in memory.rivals(BUDGET, f"k{n}")}

    assert len(held) == 50
    assert told <= kept | held


def test_a_process_that_is_forked_while_others_are_at_work_remembers(crowd: Crowd) -> None:
    with crowd.waiting({"key": "a", "value": 1}) as futures:
        group = crowd.memory._writer._group
        child = os.fork()
        if not child:
            try:
                took = group._takes_the_lead(type(group._waiting[0])(lambda _: None))
            finally:
                os._exit(0 if took else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert futures[0].result().is_winner
