"""How many memories a tier must still be told, and since when: counted, not read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from backends import params
from contract_memories import FIRST, GUESTS, OTHER_TENANT, at, memory, of, put, write
from stores import Port, WorkingStore, empty_store

from sync.taskmaster.memory import Tier
from sync.taskmaster.tiers.protocol import Waiting, Working

LONG, SHORT, SEMANTIC = Tier.LONG, Tier.SHORT, Tier.SEMANTIC
NOTHING = Waiting(count=0, oldest=None)


@pytest.fixture(params=params(Port.WORKING))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkingStore]:
    with empty_store(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def working(store: WorkingStore) -> Working:
    return store.open()


def test_where_nothing_is_owed_nothing_waits(working: Working) -> None:
    assert working.waiting(LONG, 10) == NOTHING
    put(working, memory())
    assert working.waiting(LONG, 10) == NOTHING


def test_every_set_of_tiers_counts_for_each_of_its_tiers(working: Working) -> None:
    sets = [some for size in range(4) for some in combinations((SHORT, LONG, SEMANTIC), size)]
    for number, owed in enumerate(sets):
        put(working, memory(f"k{number}", minute=number), owed=owed)
    for tier in (SHORT, LONG, SEMANTIC):
        first = min(number for number, owed in enumerate(sets) if tier in owed)
        assert working.waiting(tier, 100) == Waiting(count=4, oldest=at(first))


def test_no_more_are_counted_than_asked_for_and_the_oldest_is_that_of_all(working: Working) -> None:
    for number in range(9):
        put(working, memory(f"k{number}", minute=10 - number), owed=[LONG, SEMANTIC][: number % 2 + 1])
    assert working.waiting(LONG, 4) == Waiting(count=4, oldest=at(2))
    assert working.waiting(LONG, 0) == Waiting(count=0, oldest=at(2))


def test_all_contexts_count(working: Working) -> None:
    for minute, context in enumerate((GUESTS, OTHER_TENANT, "taskmaster:global")):
        put(working, memory(context=context, minute=minute), owed=[LONG])
    assert working.waiting(LONG, 10) == Waiting(count=3, oldest=at(0))


def test_what_is_forgotten_or_has_expired_still_waits(working: Working) -> None:
    kept = of(put(working, memory(), owed=[LONG]))
    put(working, kept.forgotten(at(1), "eve"), FIRST, owed=[LONG])
    put(working, memory("b", minute=2, expires=3), owed=[LONG])
    assert working.waiting(LONG, 10) == Waiting(count=2, oldest=at(1))
    assert working.waiting(LONG, 10).count == len(working.owed(LONG, 10))


def test_what_was_told_waits_no_longer(working: Working) -> None:
    working.put([write(memory(key, minute=minute), owed=[LONG, SHORT]) for minute, key in enumerate("ab")])
    working.settle(LONG, {memory("a").id: FIRST})
    assert working.waiting(LONG, 10) == Waiting(count=1, oldest=at(1))
    assert working.waiting(SHORT, 10) == Waiting(count=2, oldest=at(0))


def test_what_was_written_again_waits_since_then(working: Working) -> None:
    put(working, memory(), owed=[LONG])
    put(working, memory(value="the castle", minute=7), FIRST, owed=[LONG])
    assert working.waiting(LONG, 10) == Waiting(count=1, oldest=at(7))


def test_another_space_does_not_count(store: WorkingStore, tmp_path: Path) -> None:
    with empty_store(store.backend, tmp_path / "other") as other:
        put(other.open(), memory(), owed=[LONG])
        assert store.open().waiting(LONG, 10) == NOTHING
